"""Puts together what somebody is about to start, for them to read and confirm, or to put aside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from batches import rules
from batches.errors import Invalid, SubmissionUsed
from batches.models import Source, Submission
from batches.operations import Operation
from batches.services.orders.dependencies import find_parents
from batches.services.runs.confirm import items_by_creator
from content.models import Content, User

LIFE = timedelta(hours=1)
MOST_ITEMS = 10_000


@dataclass(frozen=True)
class Waiting:
    """What a change is to wait for, and when it is to be put back; instants in UTC."""

    scheduled_for: datetime | None = None
    until: datetime | None = None
    # (batch, one of batches.rules.LINKS) each.
    depends_on: tuple[tuple[UUID, str], ...] = ()
    # Held by a person, until somebody resumes it.
    is_paused: bool = False


AT_ONCE = Waiting()


def prepare(
    *,
    by: User,
    source: Source,
    operation: Operation,
    payload: Mapping[str, Any],
    content_ids: Sequence[Any],
    item_payloads: Sequence[Mapping[str, Any]] = (),
    error_policy: str = rules.SKIP_FAILED,
    waiting: Waiting = AT_ONCE,
) -> Submission:
    """Freeze a selection of any creators' items with their versions, for confirmation.

    With `item_payloads` each item gets a clean one of its own, and `payload` says nothing. Raises
    Invalid, and NotAllowed when the person may change none of the items.
    """
    submission = draft(
        by=by,
        source=source,
        operation=operation,
        payload=payload,
        content_ids=content_ids,
        item_payloads=item_payloads,
        error_policy=error_policy,
        waiting=waiting,
    )
    submission.save(force_insert=True)
    return submission


def draft(
    *,
    by: User,
    source: Source,
    operation: Operation,
    payload: Mapping[str, Any],
    content_ids: Sequence[Any],
    item_payloads: Sequence[Mapping[str, Any]] = (),
    error_policy: str = rules.SKIP_FAILED,
    waiting: Waiting = AT_ONCE,
) -> Submission:
    """What `prepare` would keep, refused just as there, without keeping it."""
    errors: dict[str, list[str]] = {}

    def attempt(clean: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        try:
            return clean(*arguments, **more)
        except rules.FieldErrors as error:
            errors.update(error.errors)
        return None

    clean = {} if item_payloads else attempt(operation.clean_payload, payload)
    ids = attempt(rules.clean_content_ids, list(content_ids), most=MOST_ITEMS)
    attempt(rules.clean_error_policy, error_policy)
    errors.update(_wrong_times(waiting, operation))
    if errors:
        raise Invalid(errors=errors)
    find_parents(waiting.depends_on, by=by)
    contents = Content.objects.in_bulk(ids)
    return freeze(
        Submission(
            by=by,
            source=source,
            kind=operation.kind,
            payload=clean,
            error_policy=error_policy,
            content_ids=ids,
            item_payloads=[dict(own) for own in item_payloads],
            versions=[contents[key].version if key in contents else None for key in ids],
            scheduled_for=waiting.scheduled_for,
            until=waiting.until,
            depends_on=[[str(key), when] for key, when in waiting.depends_on],
            is_paused=waiting.is_paused,
        ),
        contents,
    )


def _wrong_times(waiting: Waiting, operation: Operation) -> dict[str, list[str]]:
    errors = {}
    for field, moment, after in (
        ("scheduledFor", waiting.scheduled_for, None),
        ("until", waiting.until, waiting.scheduled_for),
    ):
        try:
            if moment is not None:
                rules.check_moment(moment, after=after)
        except ValueError as error:
            errors[field] = [str(error)]
    if waiting.until is not None and not operation.may_end:
        errors["until"] = [rules.NO_END]
    return errors


def freeze(submission: Submission, contents: Mapping[str, Content]) -> Submission:
    """Give what was put together its hour. Raises NotAllowed when nothing of it may be changed."""
    submission.created_at = timezone.now()
    submission.expires_at = submission.created_at + LIFE
    items_by_creator(submission, contents)  # refuses before anybody reads a review
    return submission


def discard(submission_id: UUID | str, *, by: User) -> None:
    """Put aside what was prepared. Raises SubmissionUsed when it was started or is not there."""
    ours = Submission.objects.filter(pk=submission_id, by=by, state=Submission.State.DRAFT)
    # Not deleted: a start at the same time finds the row or does not, never half of it.
    if not ours.update(expires_at=timezone.now()):
        raise SubmissionUsed
