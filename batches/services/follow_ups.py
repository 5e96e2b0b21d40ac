"""What comes after a batch: trying again what failed, putting back what was changed."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from batches.errors import Invalid, NothingToDo
from batches.models import BatchItem, BatchOperation, Follows, Source, Status, Submission
from batches.operations import operation_for
from batches.operations.undo import RESTORE, UNDO, Undo
from batches.rules import FieldErrors, clean_content_ids
from batches.services.create import Order, create_batch, insert_batch
from batches.services.drafts import freeze
from batches.services.followers import (
    first_try,
    make_rivals_wait,
    refuse_second_undo,
    tried_again,
)
from batches.services.preview import Preview, preview_order
from batches.services.progress import progress_of
from batches.services.results import left_of
from batches.services.submissions import confirm, contents_of
from config.database import atomic
from content.models import User

STILL_RUNNING = "This batch has not ended yet. Wait for its end, or cancel it first."
SOME_RUNNING = "Not all of it has ended yet. Wait for the end, or cancel it first."
NOTHING_FAILED = "Nothing failed, so there is nothing to try again."
TRIED_ALREADY = "What failed was tried again already, or is about to be."
ENDED_MEANWHILE = (
    "The time at which this was to be put back is past, so there is nothing to try again."
)
NOTHING_SAVED = "Nothing was changed, so there is nothing to put back."


def clean_some(raw: Any, among: Sequence[str]) -> list[str] | None:
    """Some of the ids of what is followed up; None for None. Raises Invalid."""
    if raw is None:
        return None
    try:
        content_ids = clean_content_ids(raw, most=max(1, len(among)))
    except FieldErrors as error:
        raise Invalid(errors=error.errors) from error
    known = set(among)
    errors = {
        f"contentIds.{position}": ["This id is not among those of the batch."]
        for position, key in enumerate(content_ids)
        if key not in known
    }
    if errors:
        raise Invalid(errors=errors)
    return content_ids


@atomic
def follow_up(
    batch: BatchOperation,
    follows: Follows,
    *,
    by: User,
    source: Source,
    content_ids: Collection[str] | None = None,
    code: str = "",
) -> BatchOperation:
    """Create the batch that tries again what failed of one, or puts back what it changed.

    Of all its items, or of these ids, or of those that failed with that code. Raises NothingToDo,
    NotAllowed, QuotaExceeded.
    """
    if follows == Follows.UNDO:
        make_rivals_wait([batch.pk])
        if content_ids is None:
            refuse_second_undo([batch.pk])
    else:
        make_rivals_wait([first_try(batch)])
    order = order_after(batch, follows, content_ids=content_ids, code=code)
    return create_batch(order, by=by, source=source)


def preview_follow_up(
    batch: BatchOperation,
    follows: Follows,
    *,
    by: User,
    content_ids: Collection[str] | None = None,
    code: str = "",
) -> Preview:
    """What `follow_up` would do now, refused just as that would be."""
    if follows == Follows.UNDO and content_ids is None:
        refuse_second_undo([batch.pk])
    order = order_after(batch, follows, content_ids=content_ids, code=code)
    return preview_order(order, by=by)[1]


@atomic
def follow_up_submission(
    submission: Submission, follows: Follows, *, by: User, source: Source
) -> Submission:
    """Start the same of everything that was started together, without a review.

    Raises NothingToDo, also while some of it runs, NotAllowed and QuotaExceeded.
    """
    progress = progress_of(submission)
    if not progress.is_finished:
        raise NothingToDo(SOME_RUNNING)
    prepared = prepare_follow_up(progress.batches, follows, by=by, source=source)
    return confirm(prepared.pk, by=by)


def prepare_follow_up(
    batches: Sequence[BatchOperation],
    follows: Follows,
    *,
    by: User,
    source: Source,
    content_ids: Collection[str] | None = None,
    code: str = "",
) -> Submission:
    """The same of batches that were started together, for confirmation.

    Of all items, or of these ids, or of those that failed with that code. Raises NothingToDo and
    NotAllowed.
    """
    if not all(batch.is_finished for batch in batches):
        raise NothingToDo(STILL_RUNNING)
    if follows == Follows.UNDO and content_ids is None:
        refuse_second_undo([batch.pk for batch in batches])
    orders, refusal = [], NothingToDo(NOTHING_FAILED)
    for batch in batches:
        try:
            orders.append((batch, order_after(batch, follows, content_ids=content_ids, code=code)))
        except NothingToDo as error:
            refusal = error
    if not orders:
        raise refusal
    first = orders[0][1]
    submission = Submission(
        by=by,
        source=source,
        kind=first.operation.kind,
        payload=first.payload,
        content_ids=[key for _, order in orders for key in order.content_ids],
        item_payloads=[own for _, order in orders for own in order.item_payloads],
        versions=[
            order.expected_versions.get(key) for _, order in orders for key in order.content_ids
        ],
        origins=[str(batch.pk) for batch, order in orders for _ in order.content_ids],
        follows=follows,
        until=first.until,
    )
    contents = contents_of(submission)
    if follows == Follows.RETRY and UNDO not in submission.payload:
        # What is seen in the review is what runs.
        submission.versions = [
            contents[key].version if key in contents else None for key in submission.content_ids
        ]
    freeze(submission, contents).save(force_insert=True)
    return submission


def schedule_undo(batch: BatchOperation) -> BatchOperation | None:
    """Have a batch that ends now put back at its `until`; None when it changed nothing.

    Call it in the transaction of the end. No quota is used: it was started with the batch.
    """
    try:
        order = order_after(batch, Follows.UNDO)
    except NothingToDo:
        return None
    return insert_batch(
        replace(order, scheduled_for=batch.until),
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
        raise NothingToDo(STILL_RUNNING)
    if follows == Follows.UNDO:
        return _undo_of(batch, content_ids)
    return _retry_of(batch, content_ids, code)


def _undo_of(batch: BatchOperation, content_ids: Collection[str] | None) -> Order:
    items = batch.items.filter(change__isnull=False).select_related("change").order_by("position")
    changes = [item.change for item in items if item.change and _is_among(item, content_ids)]
    if not changes:
        raise NothingToDo(NOTHING_SAVED)
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
    tried = tried_again(batch)
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
        until=batch.until,
        follows=Follows.RETRY,
        origin=batch.pk,
    )


def _is_among(item: BatchItem, content_ids: Collection[str] | None) -> bool:
    return content_ids is None or item.content_id in content_ids
