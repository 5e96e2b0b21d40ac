"""Puts together what somebody is about to start, for them to read and confirm, or to put aside."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from batches import rules
from batches.errors import SubmissionUsed
from batches.models import Source, Submission
from batches.operations import Operation
from batches.services.orders.dependencies import find_parents
from batches.services.orders.schedule import AT_ONCE, Schedule
from batches.services.runs.split import items_by_creator
from content.models import Content, User

LIFE = timedelta(hours=1)
MOST_ITEMS = 10_000


def prepare(
    *,
    by: User,
    source: Source,
    operation: Operation,
    payload: Mapping[str, Any],
    content_ids: Sequence[Any],
    item_payloads: Sequence[Mapping[str, Any]] = (),
    error_policy: str = rules.SKIP_FAILED,
    schedule: Schedule = AT_ONCE,
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
        schedule=schedule,
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
    schedule: Schedule = AT_ONCE,
) -> Submission:
    """What `prepare` would keep, refused just as there, without keeping it."""
    errors = rules.ErrorCollector()
    clean = {} if item_payloads else errors.attempt(operation.clean_payload, payload)
    ids = errors.attempt(rules.clean_content_ids, list(content_ids), most=MOST_ITEMS)
    errors.attempt(rules.clean_error_policy, error_policy)
    errors.attempt(schedule.check, operation)
    errors.raise_errors()
    find_parents(schedule.depends_on, by=by)
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
            scheduled_for=schedule.scheduled_for,
            until=schedule.until,
            depends_on=[[str(key), when] for key, when in schedule.depends_on],
            is_paused=schedule.is_paused,
        ),
        contents,
    )


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
