"""The figures of the two home pages. Days are in the viewer's time zone.

Every figure covers unfinished batches or the last days only, and is counted by the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.db.models import Case, Count, Min, Q, Sum, Value, When
from django.utils import timezone

from batches.models import (
    OUTCOMES,
    UNFINISHED,
    UNTOUCHED,
    BatchOperation,
    Notification,
    Source,
    Status,
    Submission,
    Template,
)
from batches.models.batch import BatchQuerySet
from batches.models.outbox import OVERDUE_AFTER
from batches.services.heartbeat import is_silent, worker_seen_at
from batches.services.pages.agenda import AgendaEntry, next_of
from batches.services.quota import Quota, quota_of
from content.models import Content, ContractCall, User, Wallet
from content.rules import day_bounds

DAYS = 14
# The outcomes of a batch, in the order of display.
ENDS: dict[str, str] = {
    **{outcome.value: str(outcome.label) for outcome in BatchOperation.Outcome},
    UNTOUCHED: "Cancelled",
}
ROWS_SHOWN = 5


@dataclass(frozen=True)
class Unfinished:
    """Running and waiting batches; `waiting_since` of the longest wait for a worker.

    `upcoming` of the waiting ones are blocked by a time, a person or another batch.
    """

    running: int
    waiting: int
    waiting_since: datetime | None
    upcoming: int


@dataclass(frozen=True)
class Failures:
    """Failures of one day: batches with failed items, failed items, aborted batches."""

    day: date
    batches: int
    items: int
    aborted: int


@dataclass(frozen=True)
class Day:
    """How many batches ended on a day, in each of the `ENDS`."""

    day: date
    counts: Mapping[str, int]

    @cached_property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Health:
    """The worker's state and queues; `calls_failed` counts today's failures."""

    worker_seen_at: datetime | None
    mails_waiting: int
    mails_overdue: int
    calls_open: int
    calls_failed: int

    @property
    def worker_is_silent(self) -> bool:
        return is_silent(self.worker_seen_at)


@dataclass(frozen=True)
class StaffOverview:
    unfinished: Unfinished
    failures: Failures
    health: Health
    days: Sequence[Day]
    upcoming: Sequence[AgendaEntry]


@dataclass(frozen=True)
class CreatorOverview:
    """The user's wallets: newest running and failed batches, next scheduled ones."""

    wallets: Sequence[Wallet]
    quotas: Sequence[tuple[Wallet, Quota]]
    unfinished: Unfinished
    moving: Sequence[BatchOperation]
    failed: Sequence[BatchOperation]
    days: Sequence[Day]
    on_sale: int
    removed: int
    upcoming: Sequence[AgendaEntry] = ()

    @property
    def sells(self) -> bool:
        return bool(self.quotas)

    @property
    def has_content(self) -> bool:
        return bool(self.on_sale or self.removed)

    @property
    def has_batches(self) -> bool:
        """True if a batch is unfinished or ended within these days."""
        return bool(self.moving or self.upcoming) or any(day.total for day in self.days)


def staff_overview(user: User) -> StaffOverview:
    """The figures of all batches the user may see; eight queries."""
    batches = BatchOperation.objects.visible_to(user)
    return StaffOverview(
        upcoming=next_of(batches, Template.objects.visible_to(user), ROWS_SHOWN),
        unfinished=unfinished_of(batches),
        failures=failures_of(batches, timezone.localdate()),
        health=health(),
        days=days_of(batches),
    )


def creator_overview(user: User) -> CreatorOverview:
    """The figures of the user's wallets only, for staff too; eight queries."""
    wallets = list(Wallet.objects.owned_by(user))
    addresses = [wallet.pk for wallet in wallets]
    batches = BatchOperation.objects.by_creator(*addresses)
    first_day = timezone.localdate() - timedelta(days=DAYS - 1)
    since, _ = day_bounds(first_day, timezone.get_current_timezone())
    failed = batches.failed_since(since).order_by("-completed_at")
    contents = Content.objects.by_creator(*addresses).aggregate(
        on_sale=Count("pk", filter=Q(is_removed=False)),
        removed=Count("pk", filter=Q(is_removed=True)),
    )
    return CreatorOverview(
        wallets=wallets,
        quotas=[(wallet, quota_of(wallet)) for wallet in wallets if wallet.is_creator],
        unfinished=unfinished_of(batches),
        # Running before waiting; scheduled batches are shown under "Coming up".
        moving=list(
            batches.unfinished().filter(_is_due()).order_by("-status", "-created_at")[:ROWS_SHOWN]
        ),
        failed=list(failed[:ROWS_SHOWN]),
        days=days_of(batches),
        on_sale=contents["on_sale"],
        removed=contents["removed"],
        upcoming=next_of(batches, Template.objects.by_creator(*addresses), ROWS_SHOWN),
    )


def unfinished_of(batches: BatchQuerySet) -> Unfinished:
    """One query over unfinished batches."""
    now = timezone.now()
    waits = Q(status=Status.PENDING)
    free = waits & Q(is_paused=False, waits_for=0)
    later = Q(scheduled_for__gt=now) | Q(is_paused=True) | Q(waits_for__gt=0)
    facts = batches.filter(status__in=sorted(UNFINISHED)).aggregate(
        running=Count("pk", filter=Q(status=Status.PROCESSING)),
        waiting=Count("pk", filter=waits),
        upcoming=Count("pk", filter=waits & later),
        free_since=Min("created_at", filter=free & Q(scheduled_for__isnull=True)),
        due_since=Min("scheduled_for", filter=free & Q(scheduled_for__lte=now)),
    )
    since = [facts.pop("free_since"), facts.pop("due_since")]
    return Unfinished(**facts, waiting_since=min(filter(None, since), default=None))


def _is_due() -> Q:
    return Q(scheduled_for__isnull=True) | Q(scheduled_for__lte=timezone.now())


def failures_of(batches: BatchQuerySet, day: date) -> Failures:
    """One query over batches that ended on that day."""
    facts = batches.ended_on(day).aggregate(
        batches=Count("pk", filter=Q(failure_count__gt=0)),
        items=Sum("failure_count", default=0),
        aborted=Count("pk", filter=Q(status=Status.FAILED)),
    )
    return Failures(day=day, **facts)


def days_of(batches: BatchQuerySet, days: int = DAYS) -> list[Day]:
    """Today and the previous days, oldest first; one query over batches that ended in them.

    Grouped by comparison with each midnight: databases truncate times in a zone differently.
    """
    today = timezone.localdate()
    zone = timezone.get_current_timezone()
    dates = [today - timedelta(days=days - 1 - number) for number in range(days)]
    begins = [day_bounds(day, zone)[0] for day in dates]
    numbers = [
        When(completed_at__gte=begin, then=Value(number))
        for number, begin in reversed(list(enumerate(begins)))
    ]
    outcomes = [When(rule, then=Value(name)) for name, rule in OUTCOMES.items()]
    rows = (
        batches.ended_between(begins[0], day_bounds(today, zone)[1])
        .order_by()
        .annotate(number=Case(*numbers), came_to=Case(*outcomes))
        .values("number", "came_to")
        .annotate(count=Count("pk"))
    )
    return _days(dates, rows.values_list("number", "came_to", "count"))


def health() -> Health:
    """Three queries over open rows, and one over failed calls."""
    late = timezone.now() - OVERDUE_AFTER
    mails = Notification.objects.open().aggregate(
        waiting=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=late))
    )
    calls = ContractCall.objects.filter(Q(state__in=sorted(ContractCall.OPEN)) | _failed_today())
    counts = calls.aggregate(
        open=Count("pk", filter=Q(state__in=sorted(ContractCall.OPEN))),
        failed=Count("pk", filter=Q(state=ContractCall.State.FAILED)),
    )
    return Health(
        worker_seen_at=worker_seen_at(),
        mails_waiting=mails["waiting"],
        mails_overdue=mails["overdue"],
        calls_open=counts["open"],
        calls_failed=counts["failed"],
    )


def _failed_today() -> Q:
    since, until = day_bounds(timezone.localdate(), timezone.get_current_timezone())
    failed = Q(state=ContractCall.State.FAILED)
    return failed & Q(updated_at__gte=since, updated_at__lt=until)


def _days(dates: Sequence[date], rows: Iterable[tuple[int, str, int]]) -> list[Day]:
    counts: list[dict[str, int]] = [dict.fromkeys(ENDS, 0) for _ in dates]
    for number, outcome, count in rows:
        counts[number][outcome] = count
    return [Day(day, count) for day, count in zip(dates, counts, strict=True)]


def prepared_by(user: User) -> list[Submission]:
    """The user's prepared changes that can still be started, newest first; the first few."""
    drafts = Submission.objects.filter(by_id=user.pk, source=Source.PAGE).confirmable()
    return list(drafts.order_by("-created_at")[:ROWS_SHOWN])
