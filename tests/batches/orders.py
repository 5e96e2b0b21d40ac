"""Batches, runs and templates of the price operation, created through the services."""

from collections.abc import Sequence
from typing import Any

from batches.models import BatchOperation, Source, Submission, Template
from batches.operations import OPERATIONS
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.orders.schedule import Schedule
from batches.services.runs.confirm import confirm
from batches.services.runs.draft import draft, keep_draft
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


def price_draft(
    by: User,
    content_ids: Sequence[str],
    *,
    source: str = Source.PAGE,
    payload: dict[str, Any] | None = None,
    **schedule: Any,
) -> Submission:
    """Prepare 7 STX for these items, unless the payload says otherwise."""
    return keep_draft(
        draft(
            by=by,
            source=source,
            operation=OPERATIONS["update-price"],
            payload=payload or {"newPrice": 7_000_000},
            content_ids=content_ids,
            schedule=Schedule(**schedule),
        )
    )


def price_run(by: User, content_ids: Sequence[str], **how: Any) -> Submission:
    """Start what `price_draft` prepares."""
    return confirm(price_draft(by, content_ids, **how).pk, by=by)


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
