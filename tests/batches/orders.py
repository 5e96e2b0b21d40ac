"""Batches of the price operation, created through the service."""

from batches.models import BatchOperation, Source
from batches.operations import OPERATIONS
from batches.services.create import clean_order, create_batch
from content.models import User


def price_batch(by: User, content_ids: list[str], **body: object) -> BatchOperation:
    """A batch that sets 7 STX, unless the body says otherwise."""
    if not {"newPrice", "percentChange"} & set(body):
        body["newPrice"] = 7_000_000
    order = clean_order(OPERATIONS["update-price"], {"contentIds": content_ids, **body})
    return create_batch(order, by=by, source=Source.API)
