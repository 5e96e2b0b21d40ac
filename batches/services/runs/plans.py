"""Changes all that keeps batches from beginning at once: a time, an end, others, a hold."""

from collections.abc import Callable, Sequence

from batches.errors import NothingToDo
from batches.models import BatchOperation
from batches.services.orders.dependencies import depend_on
from batches.services.runs.draft import Waiting
from batches.services.runs.schedule import begin, change_pending, replan
from config.database import atomic
from content.models import User

BEGUN = "It has begun already, so that can't be changed any more."


@atomic
def start_now(batches: Sequence[BatchOperation]) -> int:
    """Let batches begin at once, whatever their time and whoever holds them; returns how many.

    They still begin after those that they depend on. Raises NothingToDo when all have begun.
    """
    return _each(batches, begin)


@atomic
def plan_anew(batches: Sequence[BatchOperation], waiting: Waiting, *, by: User) -> int:
    """Have those of them that have not begun wait for exactly this; returns how many.

    Raises Invalid, then all stays as it was, and NothingToDo when all of them have begun.
    """

    def plan(batch: BatchOperation) -> None:
        if (batch.scheduled_for, batch.until) != (waiting.scheduled_for, waiting.until):
            replan(batch, scheduled_for=waiting.scheduled_for, until=waiting.until)
        known = dict(batch.dependencies.values_list("parent_id", "when"))
        if known != dict(waiting.depends_on):
            depend_on(batch, waiting.depends_on, by=by)

    return _each(batches, plan)


def _each(batches: Sequence[BatchOperation], change: Callable[[BatchOperation], object]) -> int:
    rows = BatchOperation.objects.filter(pk__in=[batch.pk for batch in batches])
    changed = change_pending(rows, change)
    if not changed:
        raise NothingToDo(BEGUN)
    return changed
