"""A batch: its status, visibility and outcome."""

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
    FAILED = "failed", "Aborted"
    CANCELLED = "cancelled", "Cancelled"


# The value of `queued_at` before the first message to the broker.
NEVER_QUEUED = datetime(1970, 1, 1, tzinfo=UTC)
UNFINISHED = frozenset({Status.PENDING, Status.PROCESSING})
FINISHED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
MOVES: dict[str, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PROCESSING, Status.CANCELLED, Status.FAILED}),
    Status.PROCESSING: FINISHED,
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}


# Neither paused nor waiting for another batch.
UNBLOCKED = {"status": Status.PENDING, "is_paused": False, "waits_for": 0}
# Nor scheduled: to be run immediately, like most claimable batches.
READY = {**UNBLOCKED, "scheduled_for": None}


class BatchQuerySet(models.QuerySet["BatchOperation"]):
    def visible_to(self, user: User) -> Self:
        """Return all batches for staff who may view them, else those of the user's wallets."""
        if sees_all(user):
            return self
        return self.owned_by(user)

    def by_creator(self, *addresses: str) -> Self:
        return self.filter(creator_id__in=addresses)

    def owned_by(self, user: User) -> Self:
        """Batches of the user's wallets, for staff too."""
        return self.by_creator(*Wallet.objects.owned_by(user).values_list("address", flat=True))

    def one_visible_to(self, user: User, key: UUID) -> "BatchOperation | None":
        """`visible_to` for a single batch with its creator, read by key."""
        batch = self.select_related("creator").filter(pk=key).first()
        if batch is None or batch.creator.owner_id == user.pk or sees_all(user):
            return batch
        return None

    def without_items(self) -> Self:
        """For lists: defer the fields with one entry per item, which make up most of a row."""
        return self.defer("content_ids", "item_payloads", "expected_versions")

    def following(self, batch: "BatchOperation", *, newest_first: bool = True) -> Self:
        """Return the batches after that one in a list ordered by time."""
        side = "lt" if newest_first else "gt"
        beyond = models.Q(**{f"created_at__{side}": batch.created_at})
        beside = models.Q(**{f"id__{side}": batch.pk})
        # Only the first condition gives the index a starting point.
        return self.filter(**{f"created_at__{side}e": batch.created_at}).filter(beyond | beside)

    def unfinished(self) -> Self:
        return self.filter(status__in=sorted(UNFINISHED))

    def finished(self) -> Self:
        return self.filter(status__in=sorted(FINISHED))

    def claimable(self) -> Self:
        """Due without blockers, or running with an expired lease."""
        now = timezone.now()
        return self.filter(
            models.Q(**READY)
            | models.Q(**UNBLOCKED, scheduled_for__lte=now)
            | models.Q(status=Status.PROCESSING, lease_until__lt=now)
        )

    def upcoming(self) -> Self:
        """Accepted but blocked by a time, a pause or another batch; soonest first."""
        later = models.Q(scheduled_for__gt=timezone.now())
        blocked = models.Q(is_paused=True) | models.Q(waits_for__gt=0)
        return self.filter(later | blocked, status=Status.PENDING).order_by("scheduled_for", "id")

    def ended_between(self, since: datetime, until: datetime) -> Self:
        """Batches with `start` <= value < `end`."""
        return self.filter(completed_at__gte=since, completed_at__lt=until)

    def ended_on(self, day: date) -> Self:
        """Batches of that day in the viewer's time zone."""
        return self.ended_between(*day_bounds(day, timezone.get_current_timezone()))

    def with_failures(self) -> Self:
        """Batches with at least one failed item."""
        return self.filter(failure_count__gt=0)

    def failed_since(self, since: datetime) -> Self:
        """Ended since then with failed items, or aborted."""
        failed = models.Q(failure_count__gt=0) | models.Q(status=Status.FAILED)
        return self.filter(failed, completed_at__gte=since)

    def of_outcome(self, outcome: str) -> Self:
        """Batches that ended with one of the `OUTCOME_CHOICES`."""
        if outcome == WITH_FAILURES:
            return self.with_failures().filter(status__in=sorted(FINISHED))
        return self.filter(OUTCOMES[outcome], status__in=sorted(FINISHED))


class BatchOperation(models.Model):
    """One operation on up to 100 items of one creator. Never edited directly."""

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
    # A key of batches.operations.OPERATIONS. No choices and, below, no permissions: a new kind
    # needs no migration.
    kind = models.CharField("operation", max_length=32)
    payload = models.JSONField(default=dict)
    content_ids = models.JSONField(default=list)
    # One entry per item if each item gets its own values, else empty: the item's part of the
    # payload.
    item_payloads = models.JSONField(default=list)
    # One entry per item, or empty; null if any version is accepted.
    expected_versions = models.JSONField(default=list)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)

    total_items = models.PositiveIntegerField(default=0)
    success_count = models.PositiveIntegerField(default=0)
    unchanged_count = models.PositiveIntegerField(default=0)
    failure_count = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    # Why it was aborted, for programs: DEPENDENCY or INTERNAL of batches.operations.base.
    error_code = models.CharField(max_length=32, blank=True)

    # The worker with this token may write results until the lease ends.
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    # Claims since the last committed chunk, and how many of them raised.
    attempts = models.PositiveIntegerField(default=0, editable=False)
    raised = models.PositiveIntegerField(default=0, editable=False)

    # It starts when this time has come, it is not paused, and all its dependencies have ended.
    scheduled_for = models.DateTimeField(null=True, blank=True)
    is_paused = models.BooleanField("paused", default=False)
    waits_for = models.PositiveIntegerField(default=0, editable=False)
    # Other batches depend on this one and must be updated when it ends.
    is_awaited = models.BooleanField(default=False, editable=False)
    # When its changes are undone: the end of a sale.
    until = models.DateTimeField(null=True, blank=True)
    # When a message was last sent to the broker; NEVER_QUEUED if none was.
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
            # All creators, for staff.
            models.Index(fields=["-created_at", "-id"], name="batches_batch_newest"),
            # The calendar.
            models.Index(fields=["status", "scheduled_for"], name="batches_batch_coming"),
            # The sweeper: pending batches by the time of their last message, expired leases.
            models.Index(fields=["status", "queued_at"], name="batches_batch_waiting"),
            # The overviews: batches by the day on which they ended, all and by creator.
            models.Index(fields=["completed_at"], name="batches_batch_ended"),
            models.Index(fields=["creator", "completed_at"], name="batches_batch_creator_ended"),
            # References to other rows, which are rare; used when those are deleted.
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
        """True while a time, a pause or another batch blocks it; not while it is only queued."""
        is_later = self.scheduled_for is not None and self.scheduled_for > timezone.now()
        return self.status == Status.PENDING and bool(is_later or self.is_paused or self.waits_for)

    @property
    def can_start_now(self) -> bool:
        """True if a time, and perhaps a pause, blocks it, but no other batch."""
        is_later = self.scheduled_for is not None and self.scheduled_for > timezone.now()
        return self.status == Status.PENDING and is_later and not self.waits_for

    @property
    def etag(self) -> str:
        """Changes whenever the batch, its results or their chain state change."""
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
        """The outcome; None before the end, and if cancelled before any item was processed."""
        if not self.is_finished:
            return None
        if self.status == Status.COMPLETED and not self.failure_count:
            return self.Outcome.SUCCEEDED
        if self.success_count:
            return self.Outcome.PARTIAL
        if self.status == Status.CANCELLED and not self.failure_count:
            return None
        return self.Outcome.FAILED


# Cancelled before any item was processed: the only end without an outcome.
UNTOUCHED = "untouched"
_IS_WHOLE = models.Q(status=Status.COMPLETED, failure_count=0)
_IS_UNTOUCHED = models.Q(status=Status.CANCELLED, success_count=0, failure_count=0)
# `BatchOperation.outcome` as filters, for ended batches; exactly one matches each batch.
OUTCOMES = {
    BatchOperation.Outcome.SUCCEEDED.value: _IS_WHOLE,
    BatchOperation.Outcome.PARTIAL.value: models.Q(success_count__gt=0) & ~_IS_WHOLE,
    BatchOperation.Outcome.FAILED.value: models.Q(success_count=0) & ~_IS_UNTOUCHED & ~_IS_WHOLE,
    UNTOUCHED: _IS_UNTOUCHED,
}
# The choices to filter by; "with failed items" overlaps with others.
WITH_FAILURES = "with-failures"
OUTCOME_CHOICES = [
    *BatchOperation.Outcome.choices,
    (WITH_FAILURES, "With failed items"),
    (UNTOUCHED, "Cancelled, nothing done"),
]
