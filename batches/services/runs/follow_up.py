"""What comes after a batch: trying again what failed, putting back what was changed."""

from collections.abc import Collection, Sequence
from typing import Any

from batches.errors import Invalid, NothingToDo
from batches.models import BatchOperation, Follows, Source, Submission
from batches.operations.undo import UNDO
from batches.rules import FieldErrors, clean_content_ids
from batches.services.orders.create import create_batch
from batches.services.orders.follow_up_orders import NOTHING_FAILED, STILL_RUNNING, order_after
from batches.services.orders.lineage import first_try, lock_batches, refuse_second_undo
from batches.services.orders.preview import Preview, preview_order
from batches.services.results.progress import progress_of
from batches.services.runs.confirm import confirm, contents_of
from batches.services.runs.draft import freeze
from config.database import atomic
from content.models import User

SOME_RUNNING = "Not all of it has ended yet. Wait for the end, or cancel it first."


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
        lock_batches([batch.pk])
        if content_ids is None:
            refuse_second_undo([batch.pk])
    else:
        lock_batches([first_try(batch)])
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
    submission = draft_follow_up(
        batches, follows, by=by, source=source, content_ids=content_ids, code=code
    )
    submission.save(force_insert=True)
    return submission


def draft_follow_up(
    batches: Sequence[BatchOperation],
    follows: Follows,
    *,
    by: User,
    source: Source,
    content_ids: Collection[str] | None = None,
    code: str = "",
) -> Submission:
    """What `prepare_follow_up` would keep, refused just as there, without keeping it."""
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
    return freeze(submission, contents)
