"""Preview a prepared submission, and start it once."""

from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone

from batches import rules
from batches.errors import Invalid, SubmissionUsed
from batches.models import BatchItem, BatchOperation, Follows, Source, Submission
from batches.operations import operation_for
from batches.services.evaluate import evaluate_all, refuse_failures
from batches.services.orders.create import insert_batch
from batches.services.orders.dependencies import find_parents
from batches.services.orders.lineage import (
    lock_batches,
    refuse_second_retry,
    refuse_second_undo,
)
from batches.services.orders.preview import Preview, preview_items
from batches.services.orders.schedule import Schedule
from batches.services.quota import take_quota
from batches.services.runs.split import contents_of, groups_of, items_by_creator, orders_of
from config.database import atomic
from content.models import Content, User, Wallet


def preview_submission(
    submission: Submission, contents: Mapping[str, Content] | None = None
) -> Preview:
    """Preview what confirming would do now; items that changed since fail with `conflict`."""
    operation = operation_for(submission)
    contents = contents_of(submission) if contents is None else contents
    items = preview_items(
        operation,
        submission,
        contents,
        creator_of=_creators_of(submission, contents).__getitem__,
        versions=submission.versions,
    )
    return Preview(items, operation.verb)


def _creators_of(submission: Submission, contents: Mapping[str, Content]) -> dict[str, str]:
    groups = groups_of(submission, contents)
    return {key: wallet.pk for wallet, keys in groups for key in keys}


def preview_draft(draft: Submission) -> tuple[list[Wallet], Preview]:
    """Preview what `start_draft` would do, with the creators of the items.

    Raises Invalid and NotAllowed as `start_draft` does.
    """
    contents = contents_of(draft)
    refuse_under_policy(draft, contents)
    return list(items_by_creator(draft, contents)), preview_submission(draft, contents)


def count_to_type(submission: Submission, preview: Preview) -> int | None:
    """Return how many items would change if that number must be typed to confirm, else None."""
    most = operation_for(submission).confirm_count_above
    return None if most is None or preview.change_count <= most else preview.change_count


def check_typed_count(submission: Submission, typed: str) -> None:
    """Check the typed number of items. Raises Invalid, with `count` as path."""
    if submission.state != Submission.State.DRAFT:
        return  # a second click starts nothing
    if operation_for(submission).confirm_count_above is None:
        return
    count = count_to_type(submission, preview_submission(submission))
    if count is not None and typed.strip().replace(",", "") != str(count):
        words = f"Type {count} to confirm: {count} items will change."
        raise Invalid(words, errors={"count": [words]})


@atomic
def confirm(submission_id: UUID | str, *, by: User) -> Submission:
    """Start a prepared submission: one batch per creator and per BATCH_MAX_ITEMS items.

    Raises SubmissionUsed if it was already started, has expired or belongs to someone else, and
    QuotaExceeded, NotAllowed, NothingToDo and Invalid; then nothing is started.
    """
    now = timezone.now()
    ours = Submission.objects.filter(pk=submission_id, by=by)
    if not ours.confirmable().update(state=Submission.State.CONFIRMED, confirmed_at=now):
        raise SubmissionUsed
    return _make_batches(ours.get())


@atomic
def start_draft(draft: Submission) -> Submission:
    """Save and start a draft without a review. Raises what `confirm` raises."""
    draft.state, draft.confirmed_at = Submission.State.CONFIRMED, timezone.now()
    draft.save(force_insert=True)
    return _make_batches(draft)


def _make_batches(submission: Submission) -> Submission:
    by = submission.by
    _refuse_outdated(submission)
    contents = contents_of(submission)
    refuse_under_policy(submission, contents)
    batch_count = 0
    for wallet, keys in groups_of(submission, contents):
        orders = orders_of(submission, keys)
        if wallet.owner_id == by.pk:  # batches that staff start don't count
            take_quota(wallet, len(orders))
        for order in orders:
            insert_batch(
                order, wallet=wallet, by=by, source=Source(submission.source), submission=submission
            )
        batch_count += len(orders)
    Submission.objects.filter(pk=submission.pk).update(unfinished=batch_count)
    submission.unfinished = batch_count
    return submission


def _refuse_outdated(submission: Submission) -> None:
    """Refuse a submission that was valid only when it was prepared.

    Raises Invalid if its end is in the past or a batch that it names was deleted, and NothingToDo
    if the same items were retried or undone since.
    """
    if submission.until is not None and submission.until <= timezone.now():
        words = "The end of this change is in the past. Prepare it again."
        raise Invalid(words, errors={"until": [words]})
    find_parents(Schedule.of_submission(submission).depends_on, by=submission.by)
    followed = [UUID(key) for key in submission.origins]
    origins = set(followed)
    lock_batches(origins)
    batches = list(BatchOperation.objects.filter(pk__in=list(origins)))
    if len(batches) < len(origins):
        words = "A batch that this retries or undoes was deleted, so it can no longer be started."
        raise Invalid(words, errors={"contentIds": [words]})
    if submission.follows == Follows.RETRY:
        refuse_second_retry(batches, zip(followed, submission.content_ids, strict=True))
    if submission.follows == Follows.UNDO:
        changed = BatchItem.objects.filter(batch_id__in=list(origins), change__isnull=False)
        if changed.count() == len(submission.content_ids):
            refuse_second_undo(origins)
        else:  # only some items: the review already showed the undo that waits
            refuse_second_undo(
                origins, since=submission.created_at, content_ids=submission.content_ids
            )


def refuse_under_policy(submission: Submission, contents: Mapping[str, Content]) -> None:
    """Raises Invalid under `reject-all` if any item can't be changed."""
    if submission.error_policy == rules.REJECT_ALL:
        refuse_failures(
            evaluate_all(
                operation_for(submission),
                submission,
                contents,
                creator_of=_creators_of(submission, contents).__getitem__,
                versions=submission.versions,
            )
        )
