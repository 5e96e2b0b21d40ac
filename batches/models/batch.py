"""A batch: its life, who may see it, what came of it."""

from datetime import UTC, date, datetime
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from batches.models.access import sees_all
from batches.models.source import Source, kind_label
from batches.models.submission import Submission
from config.indexes import PresentIndex
from content.models import User, Wallet
from content.rules import day_bounds


class Status(models.TextChoices):
    PENDING = "pending", "Waiting"
    PROCESSING = "processing", "Running"
    COMPLETED = "completed", "Done"
    FAILED = "failed", "Broken off"
    CANCELLED = "cancelled", "Cancelled"


# Stands in `queued_at` while there was nothing to tell the broker yet.
NEVER_TOLD = datetime(1970, 1, 1, tzinfo=UTC)
UNFINISHED = frozenset({Status.PENDING, Status.PROCESSING})
FINISHED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
MOVES: dict[str, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PROCESSING, Status.CANCELLED, Status.FAILED}),
    Status.PROCESSING: FINISHED,
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}


# Held by no person and no other batch.
FREE = {"status": Status.PENDING, "is_paused": False, "waits_for": 0}
# Nor by a time: to be run at once, as most of what is claimable.
FRESH = {**FREE, "scheduled_for": None}


class BatchQuerySet(models.QuerySet["BatchOperation"]):
    def visible_to(self, user: User) -> Self:
        """Everything for staff who may view batches, else what concerns the own wallets."""
        if sees_all(user):
            return self
        return self.owned_by(user)

    def by_creator(self, *addresses: str) -> Self:
        return self.filter(creator_id__in=addresses)

    def owned_by(self, user: User) -> Self:
        """What concerns the own wallets, for staff too."""
        return self.by_creator(*Wallet.objects.owned_by(user).values_list("address", flat=True))

    def one_visible_to(self, user: User, key: UUID) -> "BatchOperation | None":
        """`visible_to` for a single batch with its creator, in one read by key."""
        batch = self.select_related("creator").filter(pk=key).first()
        if batch is None or batch.creator.owner_id == user.pk or sees_all(user):
            return batch
        return None

    def without_items(self) -> Self:
        """For lists: what a batch says of each of its hundred items is most of its row."""
        return self.defer("content_ids", "item_payloads", "expected_versions")

    def following(self, batch: "BatchOperation", *, newest_first: bool = True) -> Self:
        """What comes after that one in a list by time."""
        side = "lt" if newest_first else "gt"
        beyond = models.Q(**{f"created_at__{side}": batch.created_at})
        beside = models.Q(**{f"id__{side}": batch.pk})
        # The first condition alone says where in the index to begin; of the rest none would.
        return self.filter(**{f"created_at__{side}e": batch.created_at}).filter(beyond | beside)

    def unfinished(self) -> Self:
        return self.filter(status__in=sorted(UNFINISHED))

    def finished(self) -> Self:
        return self.filter(status__in=sorted(FINISHED))

    def claimable(self) -> Self:
        """Due with nothing to wait for, or running with a worker that let its lease end."""
        now = timezone.now()
        return self.filter(
            models.Q(**FRESH)
            | models.Q(**FREE, scheduled_for__lte=now)
            | models.Q(status=Status.PROCESSING, lease_until__lt=now)
        )

    def coming(self) -> Self:
        """Accepted and not begun because of a time, a pause or another batch; soonest first."""
        later = models.Q(scheduled_for__gt=timezone.now())
        held = models.Q(is_paused=True) | models.Q(waits_for__gt=0)
        return self.filter(later | held, status=Status.PENDING).order_by("scheduled_for", "id")

    def ended_between(self, since: datetime, until: datetime) -> Self:
        """From the one moment on, before the other."""
        return self.filter(completed_at__gte=since, completed_at__lt=until)

    def ended_on(self, day: date) -> Self:
        """On that day in the viewer's time zone."""
        return self.ended_between(*day_bounds(day, timezone.get_current_timezone()))

    def with_failures(self) -> Self:
        """Batches of which at least one item failed, whatever became of the others."""
        return self.filter(failure_count__gt=0)

    def failed_since(self, since: datetime) -> Self:
        """Ended since then with failed items, or broken off."""
        failed = models.Q(failure_count__gt=0) | models.Q(status=Status.FAILED)
        return self.filter(failed, completed_at__gte=since)

    def of_outcome(self, outcome: str) -> Self:
        """Batches that ended with one of the `OUTCOME_CHOICES`."""
        if outcome == WITH_FAILURES:
            return self.with_failures().filter(status__in=sorted(FINISHED))
        return self.filter(OUTCOMES[outcome], status__in=sorted(FINISHED))


class BatchOperation(models.Model):
    """One operation on up to 100 items of one creator. Nothing about it is edited by hand."""

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", "All saved"
        PARTIAL = "partial", "Partly saved"
        FAILED = "failed", "Nothing saved"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    creator = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="batches", db_index=False
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    source = models.CharField(max_length=16, choices=Source)
    # A key of batches.operations.OPERATIONS. No choices and, below, no permissions: a new kind is
    # to need no migration.
    kind = models.CharField("operation", max_length=32)
    payload = models.JSONField(default=dict)
    content_ids = models.JSONField(default=list)
    # As long as content_ids where each item is to get something of its own, else empty: what it
    # adds to the payload.
    item_payloads = models.JSONField(default=list)
    # As long as content_ids, or empty; null where any version will do.
    expected_versions = models.JSONField(default=list)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)

    total_items = models.PositiveIntegerField(default=0)
    success_count = models.PositiveIntegerField(default=0)
    unchanged_count = models.PositiveIntegerField(default=0)
    failure_count = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    # Why it was broken off, for programs; DEPENDENCY or INTERNAL of batches.operations.base.
    error_code = models.CharField(max_length=32, blank=True)

    # Whoever holds the token may write results until the lease ends.
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    # Claims since a chunk was last committed, and how many of them raised.
    attempts = models.PositiveIntegerField(default=0, editable=False)
    raised = models.PositiveIntegerField(default=0, editable=False)

    # It begins when this time has come, nobody holds it, and all that it depends on has ended.
    scheduled_for = models.DateTimeField(null=True, blank=True)
    is_paused = models.BooleanField("held", default=False)
    waits_for = models.PositiveIntegerField(default=0, editable=False)
    # Others depend on this one, and are to be told of its end.
    is_awaited = models.BooleanField(default=False, editable=False)
    # When what it changes is to be put back: the end of a sale.
    until = models.DateTimeField(null=True, blank=True)
    # When the broker was last told; NEVER_TOLD of what had to wait for something else so far.
    queued_at = models.DateTimeField(default=timezone.now, editable=False)
    submission = models.ForeignKey(
        Submission, null=True, on_delete=models.SET_NULL, related_name="batches", db_index=False
    )
    retry_of = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    undo_of = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = "batch"
        verbose_name_plural = "batches"
        ordering = ["-created_at", "-id"]
        indexes = [
            # A creator's history, newest first, by page or by key.
            models.Index(fields=["creator", "-created_at", "-id"], name="batches_batch_of_creator"),
            # Everybody's, for staff.
            models.Index(fields=["-created_at", "-id"], name="batches_batch_newest"),
            # The calendar of what is to come.
            models.Index(fields=["status", "scheduled_for"], name="batches_batch_coming"),
            # What the sweeper asks for: waiting ones by when the broker was told, dead leases.
            models.Index(fields=["status", "queued_at"], name="batches_batch_waiting"),
            # The overviews: what ended on a day, everybody's and a creator's.
            models.Index(fields=["completed_at"], name="batches_batch_ended"),
            models.Index(fields=["creator", "completed_at"], name="batches_batch_creator_ended"),
            # What names another row, as few do. Deleting that one asks for it.
            PresentIndex(fields=["submission"], name="batches_batch_of_submission"),
            PresentIndex(fields=["retry_of"], name="batches_batch_retries"),
            PresentIndex(fields=["undo_of"], name="batches_batch_undoes"),
        ]

    def __str__(self) -> str:
        items = "1 item" if self.total_items == 1 else f"{self.total_items} items"
        return f"{kind_label(self.kind)}, {items}"

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def is_blocked(self) -> bool:
        """Waiting for something else than a worker: a time, a person, another batch."""
        is_later = self.scheduled_for is not None and self.scheduled_for > timezone.now()
        return self.status == Status.PENDING and bool(is_later or self.is_paused or self.waits_for)

    @property
    def can_start_now(self) -> bool:
        """Only its time keeps it from starting, or a person besides: no other batch."""
        is_later = self.scheduled_for is not None and self.scheduled_for > timezone.now()
        return self.status == Status.PENDING and is_later and not self.waits_for

    @property
    def etag(self) -> str:
        """Differs whenever the batch, its results or their state on the chain do."""
        moment = int(self.updated_at.timestamp() * 1_000_000)
        return f'"{self.pk.hex}-{moment:x}-{self.status[:2]}{self.done_count}"'

    @property
    def done_count(self) -> int:
        return self.success_count + self.failure_count

    @property
    def progress(self) -> int:
        """Percent of the items that have a result, rounded down."""
        return 100 * self.done_count // self.total_items if self.total_items else 100

    @property
    def success_rate(self) -> float:
        """Percent of all items that succeeded, two places."""
        return round(100 * self.success_count / self.total_items, 2) if self.total_items else 0.0

    @property
    def outcome(self) -> "BatchOperation.Outcome | None":
        """What came of it; None before the end, and when cancelled before anything was done."""
        if not self.is_finished:
            return None
        if self.status == Status.COMPLETED and not self.failure_count:
            return self.Outcome.SUCCEEDED
        if self.success_count:
            return self.Outcome.PARTIAL
        if self.status == Status.CANCELLED and not self.failure_count:
            return None
        return self.Outcome.FAILED


# Cancelled before anything was done: the one end that has no outcome.
UNTOUCHED = "untouched"
_IS_WHOLE = models.Q(status=Status.COMPLETED, failure_count=0)
_IS_UNTOUCHED = models.Q(status=Status.CANCELLED, success_count=0, failure_count=0)
# `BatchOperation.outcome` as filters, for what has ended; exactly one holds of each batch.
OUTCOMES = {
    BatchOperation.Outcome.SUCCEEDED.value: _IS_WHOLE,
    BatchOperation.Outcome.PARTIAL.value: models.Q(success_count__gt=0) & ~_IS_WHOLE,
    BatchOperation.Outcome.FAILED.value: models.Q(success_count=0) & ~_IS_UNTOUCHED & ~_IS_WHOLE,
    UNTOUCHED: _IS_UNTOUCHED,
}
# What batches can be filtered by; the one with failures holds besides another.
WITH_FAILURES = "with-failures"
OUTCOME_CHOICES = [
    *BatchOperation.Outcome.choices,
    (WITH_FAILURES, "With failed items"),
    (UNTOUCHED, "Cancelled, nothing done"),
]
