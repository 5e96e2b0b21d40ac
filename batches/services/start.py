"""Starts whatever somebody asks for, of any size: one batch where it fits, else a submission."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from batches.errors import Invalid
from batches.models import BatchOperation, Source, Submission
from batches.operations import Operation
from batches.services.create import clean_order, create_batch
from batches.services.permissions import may_run
from batches.services.preview import Preview, preview_order
from batches.services.submissions import (
    Progress,
    confirm,
    prepare,
    preview_submission,
    progress_of,
)
from content.models import Content, User, Wallet


@dataclass(frozen=True)
class Request:
    """An operation on any number of items; without `creator` on those of several creators."""

    operation: Operation
    payload: Mapping[str, Any]
    content_ids: Sequence[str]
    by: User
    source: Source
    creator: Wallet | None = None

    @property
    def fits_one_batch(self) -> bool:
        return self.creator is not None and len(self.content_ids) <= settings.BATCH_MAX_ITEMS

    @property
    def body(self) -> dict[str, Any]:
        ids = list(self.content_ids)
        creator = self.creator.pk if self.creator else None
        return {"creator": creator, "contentIds": ids, **self.payload}


@dataclass(frozen=True)
class Started:
    """What was started, to be followed."""

    batch: BatchOperation | None = None
    submission: Submission | None = None

    def progress(self) -> Progress:
        """How far it has come by now."""
        if self.submission is not None:
            return progress_of(self.submission)
        assert self.batch is not None
        return Progress([BatchOperation.objects.select_related("creator").get(pk=self.batch.pk)])


def start(request: Request) -> Started:
    """Create the batch, or the submission's batches. Raises Invalid, NotAllowed, QuotaExceeded."""
    if request.fits_one_batch:
        order = clean_order(request.operation, request.body)
        return Started(batch=create_batch(order, by=request.by, source=request.source))
    submission = _prepare(request)
    return Started(submission=confirm(submission.pk, by=request.by))


def preview(request: Request) -> Preview:
    """What `start` would do; nothing is left behind. Raises Invalid and NotAllowed."""
    if request.fits_one_batch:
        return preview_order(clean_order(request.operation, request.body), by=request.by)[1]
    submission = _prepare(request)
    try:
        return preview_submission(submission)
    finally:
        submission.delete()


def _prepare(request: Request) -> Submission:
    submission = prepare(
        by=request.by,
        source=request.source,
        operation=request.operation,
        payload=request.payload,
        content_ids=request.content_ids,
    )
    if request.creator is not None:
        try:
            _refuse_other_creators(request, request.creator)
        except Invalid:
            submission.delete()
            raise
    return submission


def _refuse_other_creators(request: Request, creator: Wallet) -> None:
    """A submission changes every creator's items that the person may change: not meant here."""
    contents = Content.objects.in_bulk(list(request.content_ids))
    others = {content.creator_id for content in contents.values()} - {creator.pk}
    for wallet in Wallet.objects.filter(pk__in=sorted(others)):
        if may_run(request.by, wallet, request.operation):
            foreign = [key for key, item in contents.items() if item.creator_id == wallet.pk]
            words = f"{len(foreign):,} of these items belong to {wallet}, such as {foreign[0]}."
            raise Invalid(words, errors={"contentIds": [words]})
