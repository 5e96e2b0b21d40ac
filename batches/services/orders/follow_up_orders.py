"""What a batch that has ended may be followed by: the order that retries or undoes it."""

from collections.abc import Collection
from dataclasses import replace

from django.utils import timezone

from batches.errors import NothingToDo
from batches.models import BatchItem, BatchOperation, Follows, Source, Status
from batches.operations import operation_for
from batches.operations.undo import RESTORE, UNDO, Undo
from batches.services.orders.create import Order, insert_batch
from batches.services.orders.lineage import TRIED_ALREADY, tried_again, undone
from batches.services.orders.schedule import Schedule
from batches.services.results.results import left_of

STILL_RUNNING = "This {noun} has not ended yet. Wait for its end, or cancel it first."
NOTHING_FAILED = "Nothing failed, so there is nothing to try again."
ENDED_MEANWHILE = (
    "The time at which this was to be put back is past, so there is nothing to try again."
)
NOTHING_SAVED = "Nothing was changed, so there is nothing to put back."
UNDONE = "This was undone already. To have it again, undo that undo."


def schedule_undo(batch: BatchOperation) -> BatchOperation | None:
    """Have a batch that ends now put back at its `until`; None when it changed nothing.

    Call it in the transaction of the end. No quota is used: it was started with the batch.
    """
    try:
        order = order_after(batch, Follows.UNDO)
    except NothingToDo:
        return None
    return insert_batch(
        replace(order, schedule=Schedule(scheduled_for=batch.until)),
        wallet=batch.creator,
        by=batch.requested_by,
        source=Source(batch.source),
    )


def order_after(
    batch: BatchOperation,
    follows: Follows,
    *,
    content_ids: Collection[str] | None = None,
    code: str = "",
) -> Order:
    """The order that follows upon a batch that has ended. Raises NothingToDo."""
    if not batch.is_finished:
        raise NothingToDo(STILL_RUNNING.format(noun="batch"))
    if follows == Follows.UNDO:
        return _undo_of(batch, content_ids)
    return _retry_of(batch, content_ids, code)


def _undo_of(batch: BatchOperation, content_ids: Collection[str] | None) -> Order:
    items = batch.items.filter(change__isnull=False).select_related("change").order_by("position")
    changes = [item.change for item in items if item.change and _is_among(item, content_ids)]
    if not changes:
        raise NothingToDo(NOTHING_SAVED)
    back = undone(batch)
    changes = [change for change in changes if change.content_id not in back]
    if not changes:
        raise NothingToDo(UNDONE)
    return Order(
        Undo(operation_for(batch)),
        {UNDO: batch.payload},
        [change.content_id for change in changes],
        item_payloads=[{RESTORE: change.before} for change in changes],
        # Whatever was changed since is somebody's wish, and stays.
        expected_versions={change.content_id: change.version for change in changes},
        creator=batch.creator_id,
        follows=Follows.UNDO,
        origin=batch.pk,
    )


def _retry_of(batch: BatchOperation, content_ids: Collection[str] | None, code: str) -> Order:
    failed = batch.items.filter(outcome=BatchItem.Outcome.FAILED).matching(code=code)
    positions = [item.position for item in failed if _is_among(item, content_ids)]
    if batch.status == Status.FAILED and not code:
        place = {key: position for position, key in enumerate(batch.content_ids)}
        left = (key for _, key in left_of([batch]))
        positions += [place[key] for key in left if content_ids is None or key in content_ids]
    if not positions:
        raise NothingToDo(NOTHING_FAILED)
    if batch.until is not None and batch.until <= timezone.now():
        raise NothingToDo(ENDED_MEANWHILE)
    tried = tried_again([batch])[batch.pk]
    positions = sorted(place for place in positions if batch.content_ids[place] not in tried)
    if not positions:
        raise NothingToDo(TRIED_ALREADY)
    ids = [batch.content_ids[position] for position in positions]
    own, versions = batch.item_payloads, batch.expected_versions
    # An undo keeps to what it was to put back; any other is asked for again, whatever came between.
    keeps_versions = UNDO in batch.payload and versions
    return Order(
        operation_for(batch),
        batch.payload,
        ids,
        item_payloads=[own[position] for position in positions] if own else [],
        expected_versions={
            batch.content_ids[position]: versions[position] for position in positions
        }
        if keeps_versions
        else {},
        creator=batch.creator_id,
        schedule=Schedule(until=batch.until),
        follows=Follows.RETRY,
        origin=batch.pk,
    )


def _is_among(item: BatchItem, content_ids: Collection[str] | None) -> bool:
    return content_ids is None or item.content_id in content_ids
