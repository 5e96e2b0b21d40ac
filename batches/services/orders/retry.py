"""The retry of the failed items of a batch that has ended."""

from collections.abc import Collection

from django.utils import timezone

from batches.errors import NothingToDo
from batches.models import BatchItem, BatchOperation, Follows, Status
from batches.operations import operation_for
from batches.operations.undo import UNDO
from batches.services.orders.lineage import ALREADY_RETRIED, retried_ids
from batches.services.orders.order import Order
from batches.services.orders.schedule import Schedule
from batches.services.results.results import left_of

NOTHING_FAILED = "No item failed, so there is nothing to retry."
ENDED = "The end of this price is in the past, so there is nothing to retry."


def retry_order(
    batch: BatchOperation, content_ids: Collection[str] | None = None, code: str = ""
) -> Order:
    """Return the order that retries all failed items, these, or those that failed with `code`.

    For an aborted batch this includes the items that were not processed. Raises NothingToDo.
    """
    failed = batch.items.filter(outcome=BatchItem.Outcome.FAILED).matching(code=code)
    positions = [item.position for item in failed]
    if batch.status == Status.FAILED and not code:
        place = {key: position for position, key in enumerate(batch.content_ids)}
        positions += [place[key] for _, key in left_of([batch])]
    ids = batch.content_ids
    if content_ids is not None:
        positions = [position for position in positions if ids[position] in content_ids]
    if not positions:
        raise NothingToDo(NOTHING_FAILED)
    if batch.until is not None and batch.until <= timezone.now():
        raise NothingToDo(ENDED)
    tried = retried_ids([batch])[batch.pk]
    positions = sorted(position for position in positions if ids[position] not in tried)
    if not positions:
        raise NothingToDo(ALREADY_RETRIED)
    own, versions = batch.item_payloads, batch.expected_versions
    # A retried undo still requires the original versions; other operations accept any.
    keeps_versions = UNDO in batch.payload and versions
    return Order(
        operation_for(batch),
        batch.payload,
        [ids[position] for position in positions],
        item_payloads=[own[position] for position in positions] if own else [],
        expected_versions={ids[position]: versions[position] for position in positions}
        if keeps_versions
        else {},
        creator=batch.creator_id,
        schedule=Schedule(until=batch.until),
        follows=Follows.RETRY,
        origin=batch.pk,
    )
