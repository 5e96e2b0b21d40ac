"""What somebody prepared: show it, start it once, stop it."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from batches import rules
from batches.errors import Invalid, NothingOwn, SubmissionUsed
from batches.models import BatchItem, BatchOperation, Follows, Source, Submission
from batches.operations import operation_for
from batches.services.evaluate import evaluate_item, payload_of
from batches.services.orders.create import Order, insert_batch
from batches.services.orders.dependencies import find_parents
from batches.services.orders.lineage import (
    lock_batches,
    refuse_second_retry,
    refuse_second_undo,
)
from batches.services.orders.preview import Preview, preview_item
from batches.services.orders.schedule import Schedule
from batches.services.permissions import may_run
from batches.services.quota import take_quota
from config.database import atomic
from content.models import Content, User, Wallet


def contents_of(submission: Submission) -> dict[str, Content]:
    """Its items as they are now, up to ten thousand: to be read once and passed on."""
    return Content.objects.in_bulk(submission.content_ids)


def preview_submission(
    submission: Submission, contents: Mapping[str, Content] | None = None
) -> Preview:
    """What confirming would do now, in the order of the selection; items changed since conflict."""
    operation = operation_for(submission)
    contents = contents_of(submission) if contents is None else contents
    creator_of = {key: wallet.pk for wallet, keys in _groups(submission, contents) for key in keys}
    now = timezone.now()
    items = []
    frozen = zip(submission.content_ids, submission.versions, strict=True)
    for position, (key, version) in enumerate(frozen):
        content = contents.get(key)
        verdict = evaluate_item(
            operation,
            payload_of(submission, position),
            content,
            creator_id=creator_of[key],
            expected_version=version,
            is_allowed=True,
            at=now,
        )
        is_own = content is not None and content.creator_id == creator_of[key]
        items.append(preview_item(operation, key, content, verdict, is_own=is_own))
    return Preview(items, operation.verb)


def batches_needed(
    submission: Submission, contents: Mapping[str, Content] | None = None
) -> dict[Wallet, int]:
    """How many batches confirming makes, by creator."""
    contents = contents_of(submission) if contents is None else contents
    groups = _groups(submission, contents)
    return {wallet: len(list(_parts(submission, keys))) for wallet, keys in groups}


def items_by_creator(submission: Submission, contents: Mapping[str, Content]) -> dict[Wallet, int]:
    """How many items each creator's batches would hold, from `contents_of`."""
    return {wallet: len(keys) for wallet, keys in _groups(submission, contents)}


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
        words = f"Type {count} to go on: so many items would change."
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
    submission = ours.get()
    _refuse_what_time_took(submission)
    contents = contents_of(submission)
    refuse_under_policy(submission, contents)
    made = 0
    for wallet, keys in _groups(submission, contents):
        orders = _orders(submission, keys)
        if wallet.owner_id == by.pk:  # runs by staff don't count
            take_quota(wallet, len(orders))
        for order in orders:
            insert_batch(
                order, wallet=wallet, by=by, source=Source(submission.source), submission=submission
            )
        made += len(orders)
    ours.update(unfinished=made)
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


def _groups(
    submission: Submission, contents: Mapping[str, Content]
) -> list[tuple[Wallet, list[str]]]:
    """The ids by creator, among those creators whom the person may act for.

    What follows upon a batch is of that batch's creator, whoever owns the item now. Unknown and
    foreign ids go along with the first creator, whose batch answers `not-found` for them. Raises
    NotAllowed when there is no creator at all.
    """
    operation = operation_for(submission)
    if submission.origins:
        creator_of = _creators_of_origins(submission)
    else:
        creator_of = {key: content.creator_id for key, content in contents.items()}
    wallets = Wallet.objects.in_bulk(set(creator_of.values()))
    groups: dict[str, list[str]] = {}
    allowed = {
        address for address, wallet in wallets.items() if may_run(submission.by, wallet, operation)
    }
    for key in submission.content_ids:
        if creator_of.get(key) in allowed:
            groups.setdefault(creator_of[key], []).append(key)
    if not groups:
        raise NothingOwn
    grouped = {key for keys in groups.values() for key in keys}
    next(iter(groups.values())).extend(key for key in submission.content_ids if key not in grouped)
    return [(wallets[address], keys) for address, keys in groups.items()]


def _creators_of_origins(submission: Submission) -> dict[str, str]:
    origins = [UUID(key) for key in submission.origins]
    rows = BatchOperation.objects.filter(pk__in=list(set(origins)))
    creators = dict(rows.values_list("pk", "creator_id"))
    return {
        key: creators[origin]
        for key, origin in zip(submission.content_ids, origins, strict=True)
        if origin in creators
    }


def _orders(submission: Submission, keys: list[str]) -> list[Order]:
    """One creator's part of a submission, as the batches that are to be made of it."""
    place = {key: position for position, key in enumerate(submission.content_ids)}
    operation, own = operation_for(submission), submission.item_payloads
    schedule = Schedule.of_submission(submission)
    orders = []
    for origin, part in _parts(submission, keys):
        versions = {key: submission.versions[place[key]] for key in part}
        order = Order(
            operation,
            submission.payload,
            part,
            expected_versions={key: found for key, found in versions.items() if found is not None},
            item_payloads=[own[place[key]] for key in part] if own else [],
            schedule=schedule,
            follows=Follows(submission.follows) if submission.follows else None,
            origin=origin,
        )
        orders.append(order)
    return orders


def _parts(submission: Submission, keys: list[str]) -> Iterator[tuple[UUID | None, list[str]]]:
    """What one batch takes: BATCH_MAX_ITEMS items at most, all following upon the same batch."""
    origin_of = dict(zip(submission.content_ids, submission.origins, strict=False))
    by_origin: dict[str | None, list[str]] = {}
    for key in keys:
        by_origin.setdefault(origin_of.get(key), []).append(key)
    size = settings.BATCH_MAX_ITEMS
    for origin, group in by_origin.items():
        for start in range(0, len(group), size):
            yield UUID(origin) if origin else None, group[start : start + size]
