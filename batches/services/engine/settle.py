"""Settles dependencies when a batch ends: dependents become ready, or are aborted."""

from uuid import UUID

import structlog
from django.db.models import F
from django.utils import timezone

from batches.models import BatchOperation, Dependency, Status
from batches.operations import describe
from batches.operations.base import DEPENDENCY
from batches.services.dispatch import dispatch_ready
from batches.services.engine.lifecycle import move
from config.database import atomic, is_unreachable
from config.failpoints import reach

log = structlog.get_logger(__name__)

MAX_AT_ONCE = 500
ENDINGS = {
    Status.COMPLETED.value: "ended with failed items",
    Status.FAILED.value: "was aborted",
    Status.CANCELLED.value: "was cancelled",
}


def settle_dependents(parent_id: UUID) -> int:
    """Settle the links of batches that wait for this one; returns how many."""
    links = Dependency.objects.to_settle().filter(parent_id=parent_id)
    return sum(settle_link(key) for key in list(links.values_list("pk", flat=True)[:MAX_AT_ONCE]))


def settle_due() -> int:
    """Settle all links that are still open; returns how many.

    A failing link is logged and does not block others. Raises only database errors while the
    database is unavailable.
    """
    links = Dependency.objects.to_settle().values_list("pk", flat=True)
    settled = 0
    for key in list(links[:MAX_AT_ONCE]):
        try:
            settled += settle_link(key)
        except Exception as error:
            if is_unreachable(error):
                raise
            log.exception("link_raised", link_id=str(key))
    return settled


@atomic
def settle_link(link_id: UUID) -> bool:
    """Mark a link as met, or abort a batch that can no longer start; False if already settled."""
    waiting = Dependency.objects.waiting().filter(pk=link_id)
    found = waiting.select_related("parent").first()
    if found is None or not found.parent.is_finished:
        return False
    # Lock the batch first, like every change of its links, to avoid deadlocks.
    ours = BatchOperation.objects.filter(pk=found.batch_id)
    ours.update(updated_at=timezone.now())
    state = Dependency.State.MET if found.is_met else Dependency.State.BROKEN
    if not waiting.update(state=state):
        return False
    reach("link-settled")
    if found.is_met:
        ours.filter(waits_for__gt=0).update(waits_for=F("waits_for") - 1)
    batch = ours.select_related("creator").get()
    if batch.status != Status.PENDING:
        return True
    if not found.is_met:
        parent = found.parent
        move(
            batch,
            Status.FAILED,
            error=f"Not started: the awaited “{describe(parent)}” {ENDINGS[parent.status]}."[:300],
            error_code=DEPENDENCY,
            completed_at=timezone.now(),
        )
    else:
        dispatch_ready([batch])
    return True
