"""Tells batches how those ended that they wait for: they begin, or can't begin any more."""

from uuid import UUID

import structlog
from django.db.models import F
from django.utils import timezone

from batches.models import BatchOperation, Dependency, Status
from batches.operations import describe
from batches.operations.base import DEPENDENCY
from batches.services.dispatch import dispatch_ready
from batches.services.engine.lifecycle import move
from config.database import atomic, is_away
from config.failpoints import reach

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 500
ENDINGS = {
    Status.COMPLETED.value: "ended with failed items",
    Status.FAILED.value: "was broken off",
    Status.CANCELLED.value: "was cancelled",
}


def settle_dependents(parent_id: UUID) -> int:
    """Tell the batches that wait for this one; returns how many links were settled."""
    links = Dependency.objects.to_settle().filter(parent_id=parent_id)
    return sum(settle_link(key) for key in list(links.values_list("pk", flat=True)[:MOST_AT_ONCE]))


def settle_due() -> int:
    """Settle whatever nobody was told of yet; returns how many links were settled.

    One that breaks is logged and holds up no other. Raises only what the database raises when it
    is away.
    """
    links = Dependency.objects.to_settle().values_list("pk", flat=True)
    settled = 0
    for key in list(links[:MOST_AT_ONCE]):
        try:
            settled += settle_link(key)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("link_raised", link_id=str(key))
    return settled


@atomic
def settle_link(link_id: UUID) -> bool:
    """Count a link as met, or end the batch that can't begin any more; False if settled before."""
    waiting = Dependency.objects.waiting().filter(pk=link_id)
    found = waiting.select_related("parent").first()
    if found is None or not found.parent.is_finished:
        return False
    # The batch first, as whoever changes its links does, so that neither waits for the other.
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
            error=f"Not begun: “{describe(parent)}”, which it waits for, {ENDINGS[parent.status]}."[
                :300
            ],
            error_code=DEPENDENCY,
            completed_at=timezone.now(),
        )
    else:
        dispatch_ready([batch])
    return True
