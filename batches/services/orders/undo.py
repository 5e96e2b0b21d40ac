"""The undo of a batch that has ended: restores every item that was not changed since."""

from collections.abc import Collection

from batches.errors import NothingToDo
from batches.models import BatchOperation, Follows, Source
from batches.operations import operation_for
from batches.operations.undo import RESTORE, UNDO, Undo
from batches.services.orders.create import insert_batch
from batches.services.orders.lineage import restored_ids
from batches.services.orders.order import Order
from batches.services.orders.schedule import AT_ONCE, Schedule

NOTHING_SAVED = "Nothing was changed, so there is nothing to undo."
UNDONE = "This was already undone. To redo it, undo that undo."


def undo_order(
    batch: BatchOperation,
    content_ids: Collection[str] | None = None,
    *,
    schedule: Schedule = AT_ONCE,
) -> Order:
    """Return the undo of all that a batch changed, or of these items. Raises NothingToDo."""
    items = batch.items.filter(change__isnull=False).select_related("change").order_by("position")
    changes = [item.change for item in items if item.change]
    if content_ids is not None:
        changes = [change for change in changes if change.content_id in content_ids]
    if not changes:
        raise NothingToDo(NOTHING_SAVED)
    back = restored_ids(batch)
    changes = [change for change in changes if change.content_id not in back]
    if not changes:
        raise NothingToDo(UNDONE)
    return Order(
        Undo(operation_for(batch)),
        {UNDO: batch.payload},
        [change.content_id for change in changes],
        item_payloads=[{RESTORE: change.before} for change in changes],
        # Items that were changed since keep their new values.
        expected_versions={change.content_id: change.version for change in changes},
        creator=batch.creator_id,
        schedule=schedule,
        follows=Follows.UNDO,
        origin=batch.pk,
    )


def schedule_undo(batch: BatchOperation) -> BatchOperation | None:
    """Create the undo of a batch that ends now, for its `until`; None when it changed nothing.

    Call it in the transaction of the end. No quota is used: it was started with the batch.
    """
    try:
        order = undo_order(batch, schedule=Schedule(scheduled_for=batch.until))
    except NothingToDo:
        return None
    return insert_batch(
        order, wallet=batch.creator, by=batch.requested_by, source=Source(batch.source)
    )
