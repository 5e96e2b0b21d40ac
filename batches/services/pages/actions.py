"""Which actions a run offers now: one answer for pages, calendar and admin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from batches.models import BatchOperation, Status
from batches.operations.base import CONFLICT
from batches.operations.undo import UNDO
from batches.services.orders.lineage import count_retried, has_more_to_undo
from batches.services.results.results import Totals
from batches.services.results.run import Run
from content.models import User


@dataclass(frozen=True)
class Actions:
    """What would not be refused now. The numbers count items."""

    start: bool = False
    resume: bool = False
    pause: bool = False
    reschedule: bool = False
    cancel: bool = False
    # Failed items, and those among them that were changed since: a review shows them as they are.
    retry: int = 0
    conflicts: int = 0
    undo: bool = False
    keep_as_template: bool = False

    def __bool__(self) -> bool:
        return self != Actions()


def allowed_actions(
    run: Run, user: User, *, totals: Totals, follow_ups: Sequence[BatchOperation]
) -> Actions:
    """What the person may do with all of a run now; nothing without the right to direct it.

    `follow_ups` are all retries and undos of its batches.
    """
    if not run.may_be_controlled_by(user):
        return Actions()
    is_undo = any(UNDO in batch.payload for batch in run.batches)
    retry, conflicts = _failures(run, totals)
    # A retry can't help where nothing but conflicts failed: a review of them can, except of an
    # undo, which never restores what was changed since.
    retry = 0 if retry == conflicts else retry
    return replace(
        unfinished_actions(run),
        retry=retry,
        conflicts=0 if is_undo else conflicts,
        undo=run.is_finished and has_more_to_undo(run.batches, follow_ups),
        keep_as_template=not is_undo and not any(batch.item_payloads for batch in run.batches),
    )


def unfinished_actions(run: Run) -> Actions:
    """What may be done with what has not finished; no query, and no check of the right."""
    return Actions(
        start=any(batch.can_start_now for batch in run.batches),
        resume=run.is_paused,
        pause=any(not batch.is_paused for batch in run.pending),
        reschedule=bool(run.pending),
        cancel=not run.is_finished,
    )


def _failures(run: Run, totals: Totals) -> tuple[int, int]:
    """How many items failed or were not processed, and how many by a conflict, without retried."""
    if not run.is_finished:
        return 0, 0
    aborted = [batch for batch in run.batches if batch.status == Status.FAILED]
    failed = totals.failed + sum(batch.total_items - batch.done_count for batch in aborted)
    if not failed:
        return 0, 0
    tried = count_retried(run.batches)
    return failed - tried.total(), totals.codes.get(CONFLICT, 0) - tried[CONFLICT]
