"""Batches and templates of the price operation, created through the services."""

from batches.models import BatchOperation, Source, Template
from batches.operations import OPERATIONS
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.templates.spec import clean_template
from batches.services.templates.store import create_template
from content.models import User


def price_batch(by: User, content_ids: list[str], **body: object) -> BatchOperation:
    """A batch that sets 7 STX, unless the body says otherwise."""
    if not {"newPrice", "percentChange"} & set(body):
        body["newPrice"] = 7_000_000
    order = clean_order(OPERATIONS["update-price"], {"contentIds": content_ids, **body})
    return create_batch(order, by=by, source=Source.API)


def after(
    by: User,
    content_ids: list[str],
    *parents: BatchOperation,
    when: str = "on-completion",
    **body: object,
) -> BatchOperation:
    """Create a price batch that waits for others."""
    links = [{"batchId": str(parent.pk), "when": when} for parent in parents]
    return price_batch(by, content_ids, dependsOn=links, **body)


def make_template(by: User, **body: object) -> Template:
    """Create a manual template that sets 7 STX on all items on sale, unless overridden."""
    if "contentIds" not in body:
        body.setdefault("filter", {})
    body = {
        "name": "Weekly sale",
        "operationType": "update-price",
        "updatePayload": {"newPrice": 7_000_000},
        **body,
    }
    return create_template(clean_template(body), by=by)
