"""What somebody prepared: preview it, check it again, start it once."""

from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone

from batches import rules
from batches.errors import Invalid, SubmissionUsed
from batches.models import BatchItem, BatchOperation, Follows, Source, Submission
from batches.operations import operation_for
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
from batches.services.runs.split import contents_of, groups_of, orders_of
from config.database import atomic
from content.models import Content, User


def preview_submission(
    submission: Submission, contents: Mapping[str, Content] | None = None
) -> Preview:
    """What confirming would do now, in the order of the selection; items changed since conflict."""
    operation = operation_for(submission)
    contents = contents_of(submission) if contents is None else contents
    creator_of = {
        key: wallet.pk for wallet, keys in groups_of(submission, contents) for key in keys
    }
    items = preview_items(
        operation,
        submission,
        contents,
        creator_of=creator_of.__getitem__,
        versions=submission.versions,
    )
    return Preview(items, operation.verb)


def count_to_type(submission: Submission, preview: Preview) -> int | None:
    """How many items would change, where so many want to be typed before the start; else None."""
    most = operation_for(submission).confirm_count_above
    return None if most is None or preview.change_count <= most else preview.change_count


def check_typed_count(submission: Submission, typed: str) -> None:
    """Raises Invalid, with `count` as path, when another number was typed than is asked for."""
    if submission.state != Submission.State.DRAFT:
        return  # a second click: nothing is started by it
    if operation_for(submission).confirm_count_above is None:
        return
    count = count_to_type(submission, preview_submission(submission))
    if count is not None and typed.strip().replace(",", "") != str(count):
        words = f"Type {count} to confirm: {count} items will change."
        raise Invalid(words, errors={"count": [words]})


@atomic
def confirm(submission_id: UUID | str, *, by: User) -> Submission:
    """Start what was prepared: one batch for each creator and each BATCH_MAX_ITEMS items.

    Raises SubmissionUsed when it was started already, has expired or is somebody else's, and
    QuotaExceeded, NotAllowed and, under `reject-all`, Invalid; then nothing is started.
    """
    now = timezone.now()
    ours = Submission.objects.filter(pk=submission_id, by=by)
    if not ours.confirmable().update(state=Submission.State.CONFIRMED, confirmed_at=now):
        raise SubmissionUsed
    return _make_batches(ours.get())


@atomic
def start_draft(draft: Submission) -> Submission:
    """Keep and start what was just drafted, without a review. Raises what `confirm` does."""
    draft.state, draft.confirmed_at = Submission.State.CONFIRMED, timezone.now()
    draft.save(force_insert=True)
    return _make_batches(draft)


def _make_batches(submission: Submission) -> Submission:
    by = submission.by
    _refuse_what_time_took(submission)
    contents = contents_of(submission)
    refuse_under_policy(submission, contents)
    made = 0
    for wallet, keys in groups_of(submission, contents):
        orders = orders_of(submission, keys)
        if wallet.owner_id == by.pk:  # runs by staff don't count
            take_quota(wallet, len(orders))
        for order in orders:
            insert_batch(
                order, wallet=wallet, by=by, source=Source(submission.source), submission=submission
            )
        made += len(orders)
    Submission.objects.filter(pk=submission.pk).update(unfinished=made)
    submission.unfinished = made
    return submission


def _refuse_what_time_took(submission: Submission) -> None:
    """Refuse what was right when it was prepared.

    Raises Invalid when its end is past by now, or a batch that it names is gone, and NothingToDo
    when the same was put back or tried again meanwhile.
    """
    if submission.until is not None and submission.until <= timezone.now():
        words = "The time at which this was to be put back is past. Prepare it again."
        raise Invalid(words, errors={"until": [words]})
    find_parents(Schedule.of_submission(submission).depends_on, by=submission.by)
    followed = [UUID(key) for key in submission.origins]
    origins = set(followed)
    lock_batches(origins)
    batches = list(BatchOperation.objects.filter(pk__in=list(origins)))
    if len(batches) < len(origins):
        words = "A batch that this follows upon was deleted, so it can't be started any more."
        raise Invalid(words, errors={"contentIds": [words]})
    if submission.follows == Follows.RETRY:
        refuse_second_retry(batches, zip(followed, submission.content_ids, strict=True))
    if submission.follows == Follows.UNDO:
        changed = BatchItem.objects.filter(batch_id__in=list(origins), change__isnull=False)
        if changed.count() == len(submission.content_ids):
            refuse_second_undo(origins)
        else:  # of some items only, beside an undo that waited before and was seen in the review
            refuse_second_undo(
                origins, since=submission.created_at, content_ids=submission.content_ids
            )


def refuse_under_policy(submission: Submission, contents: Mapping[str, Content]) -> None:
    """Raises Invalid under `reject-all` when any item can't be changed."""
    if submission.error_policy == rules.REJECT_ALL:
        preview = preview_submission(submission, contents)
        if failed := preview.failure_count:
            words = f"{failed:,} of {len(preview.items):,} items can't be changed, so nothing is."
            raise Invalid(words, errors={"contentIds": [words]})
