"""Start a change of any size without a review: one batch if it fits, else a submission."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from batches.errors import Invalid
from batches.models import Source, Submission
from batches.operations import Operation
from batches.services.orders.create import create_batch
from batches.services.orders.order import Order, clean_order
from batches.services.orders.preview import Preview, preview_order
from batches.services.orders.schedule import AT_ONCE, Schedule
from batches.services.permissions import may_run
from batches.services.results.run import Run, run_of
from batches.services.runs.confirm import preview_submission, start_draft
from batches.services.runs.draft import draft
from batches.services.runs.price_drafts import draft_prices
from batches.services.runs.price_lines import Prices
from content.models import Content, User, Wallet


@dataclass(frozen=True)
class Request:
    """An operation on any number of items, of several creators if `creator` is None."""

    operation: Operation
    payload: Mapping[str, Any]
    content_ids: Sequence[str]
    by: User
    source: Source
    creator: Wallet | None = None
    schedule: Schedule = AT_ONCE
    # Instead of a payload and ids: a price for each item.
    prices: Prices | None = None

    @property
    def fits_one_batch(self) -> bool:
        is_small = len(self.content_ids) <= settings.BATCH_MAX_ITEMS
        return self.creator is not None and self.prices is None and is_small

    @property
    def order(self) -> Order:
        """The order for one batch. Raises Invalid."""
        creator = self.creator.pk if self.creator else None
        body = {"creator": creator, "contentIds": list(self.content_ids), **self.payload}
        order = clean_order(self.operation, body)
        self.schedule.check(self.operation)
        return replace(order, schedule=self.schedule)


def start(request: Request) -> Run:
    """Create the batch, or the submission's batches. Raises Invalid, NotAllowed, QuotaExceeded."""
    if request.fits_one_batch:
        return Run([create_batch(request.order, by=request.by, source=request.source)])
    return run_of(start_draft(_draft(request)))


def preview(request: Request) -> Preview:
    """Preview what `start` would do; nothing is saved. Raises Invalid and NotAllowed."""
    if request.fits_one_batch:
        return preview_order(request.order, by=request.by)[1]
    return preview_submission(_draft(request))


def _draft(request: Request) -> Submission:
    if request.prices is not None:
        submission = draft_prices(
            request.prices, by=request.by, source=request.source, schedule=request.schedule
        )
    else:
        submission = draft(
            by=request.by,
            source=request.source,
            operation=request.operation,
            payload=request.payload,
            content_ids=request.content_ids,
            schedule=request.schedule,
        )
    if request.creator is not None:
        _refuse_other_creators(request, request.creator)
    return submission


def _refuse_other_creators(request: Request, creator: Wallet) -> None:
    """Refuse items of other creators, which a submission would change too."""
    contents = Content.objects.in_bulk(list(request.content_ids))
    others = {content.creator_id for content in contents.values()} - {creator.pk}
    for wallet in Wallet.objects.filter(pk__in=sorted(others)):
        if may_run(request.by, wallet, request.operation):
            foreign = [key for key, item in contents.items() if item.creator_id == wallet.pk]
            words = f"{len(foreign):,} of these items belong to {wallet}, such as {foreign[0]}."
            raise Invalid(words, errors={"contentIds": [words]})
