"""Retry or undo a run."""

from collections.abc import Collection, Sequence
from typing import Any

from batches.errors import Invalid, NothingToDo
from batches.models import BatchOperation, Follows, Source, Submission
from batches.operations.undo import UNDO
from batches.rules import FieldErrors, clean_content_ids
from batches.services.orders.create import create_batch
from batches.services.orders.lineage import lock_batches, refuse_second_undo, root_id
from batches.services.orders.order import Order
from batches.services.orders.preview import Preview, preview_order
from batches.services.orders.retry import NOTHING_FAILED, retry_order
from batches.services.orders.undo import undo_order
from batches.services.results.run import Run, run_of
from batches.services.runs.confirm import preview_submission, start_draft
from batches.services.runs.draft import freeze
from batches.services.runs.split import contents_of
from config.database import atomic
from content.models import User


@atomic
def follow_up(
    run: Run,
    follows: Follows,
    *,
    by: User,
    source: Source,
    content_ids: list[str] | None = None,
    code: str = "",
) -> Run:
    """Start the retry or the undo of a run, without a review.

    It covers all items of the run, only `content_ids`, or the items that failed with `code`.
    Raises Invalid, NotAllowed, QuotaExceeded, and NothingToDo, also before the run has ended.
    """
    run.check_right(by)
    content_ids = clean_partial_ids(content_ids, run)
    # Before anything is read: of two people who follow up a run at once, one waits here.
    lock_batches(list(run.rows.values_list("pk", flat=True)))
    run = run.complete()
    if run.submission:
        return run_of(start_draft(_draft(run, follows, by, source, content_ids, code)))
    batch = run.batches[0]
    if follows == Follows.RETRY:
        lock_batches([root_id(batch)])
    _check_ended(run, follows, content_ids)
    order = _order(batch, follows, content_ids, code)
    return Run([create_batch(order, by=by, source=source)])


def preview_follow_up(
    run: Run,
    follows: Follows,
    *,
    by: User,
    source: Source = Source.API,
    content_ids: list[str] | None = None,
    code: str = "",
) -> Preview:
    """Preview what `follow_up` would do now, with the same checks; nothing is saved."""
    run.check_right(by)
    content_ids = clean_partial_ids(content_ids, run)
    run = run.complete()
    if run.submission:
        return preview_submission(_draft(run, follows, by, source, content_ids, code))
    _check_ended(run, follows, content_ids)
    return preview_order(_order(run.batches[0], follows, content_ids, code), by=by)[1]


def prepare_follow_up(
    run: Run,
    follows: Follows,
    *,
    by: User,
    source: Source,
    content_ids: Collection[str] | None = None,
    code: str = "",
) -> Submission:
    """Save the retry or the undo of a run for confirmation.

    It covers all items of the run, only `content_ids`, or the items that failed with `code`.
    Raises NothingToDo and NotAllowed.
    """
    run.check_right(by)
    submission = _draft(run.complete(), follows, by, source, content_ids, code)
    submission.save(force_insert=True)
    return submission


def clean_partial_ids(raw: Any, run: Run) -> list[str] | None:
    """Validate a part of the ids of a run; None for None. Raises Invalid."""
    if raw is None:
        return None
    known = {key for batch in run.batches for key in batch.content_ids}
    try:
        content_ids = clean_content_ids(raw, maximum=max(1, len(known)))
    except FieldErrors as error:
        raise Invalid(errors=error.errors) from error
    errors = {
        f"contentIds.{position}": [f"This item is not part of the {run.noun}."]
        for position, key in enumerate(content_ids)
        if key not in known
    }
    if errors:
        raise Invalid(errors=errors)
    return content_ids


def _check_ended(run: Run, follows: Follows, content_ids: Collection[str] | None) -> None:
    """Raises NothingToDo if the run has not ended, or is already being undone."""
    if not run.is_finished:
        words = f"This {run.noun} has not ended yet. Wait until it ends, or cancel it first."
        raise NothingToDo(words)
    if follows == Follows.UNDO and content_ids is None:
        refuse_second_undo([batch.pk for batch in run.batches])


def _order(
    batch: BatchOperation, follows: Follows, content_ids: Collection[str] | None, code: str
) -> Order:
    if follows == Follows.UNDO:
        return undo_order(batch, content_ids)
    return retry_order(batch, content_ids, code)


def _draft(
    run: Run,
    follows: Follows,
    by: User,
    source: Source,
    content_ids: Collection[str] | None,
    code: str,
) -> Submission:
    _check_ended(run, follows, content_ids)
    orders = _orders(run.batches, follows, content_ids, code)
    first = orders[0][1]
    submission = Submission(
        by=by,
        source=source,
        kind=first.operation.kind,
        payload=first.payload,
        content_ids=[key for _, order in orders for key in order.content_ids],
        item_payloads=[payload for _, order in orders for payload in order.item_payloads],
        versions=[
            order.expected_versions.get(key) for _, order in orders for key in order.content_ids
        ],
        origins=[str(batch.pk) for batch, order in orders for _ in order.content_ids],
        follows=follows,
        until=first.schedule.until,
    )
    contents = contents_of(submission)
    if follows == Follows.RETRY and UNDO not in submission.payload:
        # The run changes exactly the versions that the review shows.
        submission.versions = [
            contents[key].version if key in contents else None for key in submission.content_ids
        ]
    return freeze(submission, contents)


def _orders(
    batches: Sequence[BatchOperation],
    follows: Follows,
    content_ids: Collection[str] | None,
    code: str,
) -> list[tuple[BatchOperation, Order]]:
    """Return the batches to retry or undo, each with its order. Raises NothingToDo."""
    orders, refusal = [], NothingToDo(NOTHING_FAILED)
    for batch in batches:
        try:
            orders.append((batch, _order(batch, follows, content_ids, code)))
        except NothingToDo as error:
            refusal = error
    if not orders:
        raise refusal
    return orders
