"""What may be done with batches now: the pages offer nothing that would be refused."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from batches.models import BatchOperation, Status
from batches.operations.base import CONFLICT
from batches.operations.undo import UNDO
from batches.services.orders.lineage import has_more_to_undo, tried_already
from batches.services.pages.graph import follow_ups_of, graph_of, originals_of
from batches.services.results.results import Totals
from content.models import User


@dataclass(frozen=True)
class Choices:
    """Of a batch, or of all that was started together; `conflicts` can be previewed again."""

    can_plan: bool = False
    can_start: bool = False
    can_hold: bool = False
    can_go_on: bool = False
    can_cancel: bool = False
    can_retry: bool = False
    can_undo: bool = False
    can_keep: bool = False
    conflicts: int = 0

    def __bool__(self) -> bool:
        return self != Choices()

    @property
    def has_end(self) -> bool:
        return self.can_retry or self.can_undo or self.can_keep or bool(self.conflicts)


def choices_of(
    batches: Sequence[BatchOperation],
    *,
    totals: Totals,
    follow_ups: Sequence[BatchOperation],
) -> Choices:
    """For whoever may direct all of it."""
    pending = [batch for batch in batches if batch.status == Status.PENDING]
    ended = [batch for batch in batches if batch.is_finished]
    is_undo = any(UNDO in batch.payload for batch in batches)
    left = sum(b.total_items - b.done_count for b in ended if b.status == Status.FAILED)
    tried = (
        tried_already(ended) if any(other.retry_of_id for other in follow_ups) else Counter[str]()
    )
    conflicts = totals.codes.get(CONFLICT, 0) - tried[CONFLICT]
    # An undo keeps to what it was to put back: what was changed since stays as it is.
    failed = totals.failed + left - tried.total() - (conflicts if is_undo else 0)
    all_ended = len(ended) == len(batches)
    return Choices(
        can_plan=bool(pending),
        can_start=any(batch.is_blocked and not batch.waits_for for batch in pending),
        can_hold=any(not batch.is_paused for batch in pending),
        can_go_on=any(batch.is_paused for batch in pending),
        can_cancel=not all_ended,
        can_retry=all_ended and failed > 0,
        can_undo=all_ended and has_more_to_undo(ended, follow_ups),
        can_keep=not is_undo and not any(batch.item_payloads for batch in batches),
        conflicts=conflicts if all_ended and not is_undo else 0,
    )


@dataclass(frozen=True)
class Delay:
    """Why batches have not begun; of a run the earliest time stands for all."""

    pending: int
    paused: int
    linked: int
    start_at: datetime | None
    until: datetime | None

    @property
    def is_blocked(self) -> bool:
        return bool(self.paused or self.linked or self.start_at)


def delay_of(batches: Sequence[BatchOperation]) -> Delay | None:
    """None when all of them have begun."""
    now = timezone.now()
    pending = [batch for batch in batches if batch.status == Status.PENDING]
    if not pending:
        return None
    times = [b.scheduled_for for b in pending if b.scheduled_for and b.scheduled_for > now]
    return Delay(
        pending=len(pending),
        paused=sum(batch.is_paused for batch in pending),
        linked=sum(bool(batch.waits_for) for batch in pending),
        start_at=min(times, default=None),
        until=pending[0].until,
    )


def surroundings_of(
    batches: Sequence[BatchOperation], user: User, *, totals: Totals, may_direct: bool
) -> dict[str, Any]:
    """What a page tells beside the results: why it waits, its chain, its kin, what can be done.

    That is nothing where the person may not direct all of it.
    """
    follow_ups = follow_ups_of(batches, user)
    choices = choices_of(batches, totals=totals, follow_ups=follow_ups) if may_direct else Choices()
    return {
        "delay": delay_of(batches),
        "chain": graph_of(batches, user),
        "originals": originals_of(batches, user),
        "follow_ups": follow_ups,
        "is_undo": any(UNDO in batch.payload for batch in batches),
        "choices": choices,
    }
