"""What somebody prepares at a form: freeze it, show it, start it once, follow it, stop it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from batches import rules
from batches.errors import Invalid, InvalidTransition, NotAllowed, SubmissionUsed
from batches.models import BatchOperation, Source, Submission
from batches.models.operation import BatchQuerySet
from batches.operations import OPERATIONS, Operation
from batches.services import lifecycle
from batches.services.create import NOTHING_OWN, Order, insert_batch
from batches.services.permissions import may_run
from batches.services.planning import plan_item
from batches.services.preview import Preview, preview_item
from batches.services.quota import take_quota
from config.database import atomic
from content.models import Content, User, Wallet

LIFE = timedelta(hours=1)
MOST_ITEMS = 10_000


def prepare(
    *,
    by: User,
    source: Source,
    operation: Operation,
    payload: Mapping[str, Any],
    content_ids: Sequence[Any],
    error_policy: str = rules.SKIP_FAILED,
) -> Submission:
    """Freeze a selection of any creators' items with their versions, for confirmation.

    Raises Invalid, and NotAllowed when the person may change none of the items.
    """
    errors: dict[str, list[str]] = {}
    clean: dict[str, Any] = {}
    ids: list[str] = []
    try:
        clean = operation.clean_payload(payload)
    except rules.FieldErrors as error:
        errors.update(error.errors)
    try:
        ids = rules.clean_content_ids(list(content_ids), most=MOST_ITEMS)
    except rules.FieldErrors as error:
        errors.update(error.errors)
    try:
        rules.clean_error_policy(error_policy)
    except rules.FieldErrors as error:
        errors.update(error.errors)
    if errors:
        raise Invalid(errors=errors)
    now = timezone.now()
    contents = Content.objects.in_bulk(ids)
    submission = Submission(
        by=by,
        source=source,
        kind=operation.kind,
        payload=clean,
        error_policy=error_policy,
        content_ids=ids,
        versions=[contents[key].version if key in contents else None for key in ids],
        created_at=now,
        expires_at=now + LIFE,
    )
    _groups(submission, contents)  # refuses who may change nothing, before they read a review
    submission.save(force_insert=True)
    return submission


def contents_of(submission: Submission) -> dict[str, Content]:
    """Its items as they are now, up to ten thousand: to be read once and passed on."""
    return Content.objects.in_bulk(submission.content_ids)


def preview_submission(
    submission: Submission, contents: Mapping[str, Content] | None = None
) -> Preview:
    """What confirming would do now, in the order of the selection; items changed since conflict."""
    operation = OPERATIONS[submission.kind]
    contents = contents_of(submission) if contents is None else contents
    creator_of = {key: wallet.pk for wallet, keys in _groups(submission, contents) for key in keys}
    now = timezone.now()
    items = []
    for key, version in zip(submission.content_ids, submission.versions, strict=True):
        content = contents.get(key)
        plan = plan_item(
            operation,
            submission.payload,
            content,
            creator_id=creator_of[key],
            expected_version=version,
            is_allowed=True,
            at=now,
        )
        is_own = content is not None and content.creator_id == creator_of[key]
        items.append(preview_item(operation, key, content, plan, is_own=is_own))
    return Preview(items, operation.verb)


def batches_needed(
    submission: Submission, contents: Mapping[str, Content] | None = None
) -> dict[Wallet, int]:
    """How many batches confirming makes, by creator."""
    contents = contents_of(submission) if contents is None else contents
    return {wallet: len(list(_parts(keys))) for wallet, keys in _groups(submission, contents)}


def items_by_creator(submission: Submission, contents: Mapping[str, Content]) -> dict[Wallet, int]:
    """How many items each creator's batches would hold, from `contents_of`."""
    return {wallet: len(keys) for wallet, keys in _groups(submission, contents)}


def discard(submission_id: UUID | str, *, by: User) -> None:
    """Put aside what was prepared. Raises SubmissionUsed when it was started or is not there."""
    ours = Submission.objects.filter(pk=submission_id, by=by, state=Submission.State.DRAFT)
    # Not deleted: a start at the same time finds the row or does not, never half of it.
    if not ours.update(expires_at=timezone.now()):
        raise SubmissionUsed


def count_to_type(submission: Submission, preview: Preview) -> int | None:
    """How many items would change, where so many want to be typed before the start; else None."""
    most = OPERATIONS[submission.kind].most_without_count
    return None if most is None or preview.change_count <= most else preview.change_count


def check_typed_count(submission: Submission, typed: str) -> None:
    """Raises Invalid, with `count` as path, when another number was typed than is asked for."""
    if submission.state != Submission.State.DRAFT:
        return  # a second click: nothing is started by it
    if OPERATIONS[submission.kind].most_without_count is None:
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
    contents = contents_of(submission)
    _refuse_under_policy(submission, contents)
    operation = OPERATIONS[submission.kind]
    version_of = {
        key: version
        for key, version in zip(submission.content_ids, submission.versions, strict=True)
        if version is not None
    }
    made = 0
    for wallet, keys in _groups(submission, contents):
        parts = list(_parts(keys))
        if wallet.owner_id == by.pk:  # runs by staff don't count
            take_quota(wallet, len(parts))
        for part in parts:
            versions = {key: version_of[key] for key in part if key in version_of}
            order = Order(operation, submission.payload, part, expected_versions=versions)
            insert_batch(
                order, wallet=wallet, by=by, source=Source(submission.source), submission=submission
            )
        made += len(parts)
    ours.update(unfinished=made)
    submission.unfinished = made
    return submission


def _refuse_under_policy(submission: Submission, contents: Mapping[str, Content]) -> None:
    if submission.error_policy == rules.REJECT_ALL:
        preview = preview_submission(submission, contents)
        if failed := preview.failure_count:
            words = f"{failed:,} of {len(preview.items):,} items can't be changed, so nothing is."
            raise Invalid(words, errors={"contentIds": [words]})


@dataclass(frozen=True)
class Progress:
    """How far a submission, or a single batch, has come."""

    batches: Sequence[BatchOperation]

    def _sum(self, counter: str) -> int:
        return sum(getattr(batch, counter) for batch in self.batches)

    @property
    def total(self) -> int:
        return self._sum("total_items")

    @property
    def succeeded(self) -> int:
        return self._sum("success_count")

    @property
    def unchanged(self) -> int:
        return self._sum("unchanged_count")

    @property
    def failed(self) -> int:
        return self._sum("failure_count")

    @property
    def done(self) -> int:
        return self.succeeded + self.failed

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100

    @property
    def is_finished(self) -> bool:
        return all(batch.is_finished for batch in self.batches)


def progress_of(submission: Submission, user: User | None = None) -> Progress:
    """Of all its batches, or of those that the person may see. One query, however many items."""
    batches = BatchOperation.objects.all()
    return Progress(batches_of(submission, batches.visible_to(user) if user else batches))


def batches_of(submission: Submission, among: BatchQuerySet) -> list[BatchOperation]:
    """Its batches among these, in the order in which they were made."""
    ours = among.filter(submission=submission).select_related("creator")
    return list(ours.order_by("created_at", "id"))


def cancel_submission(submission: Submission) -> Progress:
    """Cancel whatever of it has not ended yet. Raises InvalidTransition when all of it has."""
    cancelled = 0
    for batch in progress_of(submission).batches:
        try:
            lifecycle.cancel(batch)
            cancelled += 1
        except InvalidTransition:
            continue  # it had ended before
    if not cancelled:
        raise InvalidTransition("completed", "cancelled")
    return progress_of(submission)


def _groups(
    submission: Submission, contents: Mapping[str, Content]
) -> list[tuple[Wallet, list[str]]]:
    """The ids by creator, among those creators whom the person may act for.

    Unknown and foreign ids go along with the first creator, whose batch answers `not-found` for
    them. Raises NotAllowed when there is no creator at all.
    """
    operation = OPERATIONS[submission.kind]
    addresses = {content.creator_id for content in contents.values()}
    wallets = Wallet.objects.in_bulk(addresses)
    groups: dict[str, list[str]] = {}
    allowed = {
        address for address, wallet in wallets.items() if may_run(submission.by, wallet, operation)
    }
    for key in submission.content_ids:
        if key in contents and contents[key].creator_id in allowed:
            groups.setdefault(contents[key].creator_id, []).append(key)
    if not groups:
        raise NotAllowed(NOTHING_OWN)
    grouped = {key for keys in groups.values() for key in keys}
    next(iter(groups.values())).extend(key for key in submission.content_ids if key not in grouped)
    return [(wallets[address], keys) for address, keys in groups.items()]


def _parts(keys: list[str]) -> Iterator[list[str]]:
    size = settings.BATCH_MAX_ITEMS
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
