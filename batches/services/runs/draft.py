"""Prepare a submission for review, and discard it."""

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
MAX_ITEMS = 10_000


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
    """Draft a change of these items with their versions; nothing is saved.

    With `item_payloads`, each item has its own clean payload and `payload` is ignored. Raises
    Invalid, and NotAllowed if the user may change none of the items.
    """
    errors = rules.ErrorCollector()
    clean = {} if item_payloads else errors.attempt(operation.clean_payload, payload)
    ids = errors.attempt(rules.clean_content_ids, list(content_ids), maximum=MAX_ITEMS)
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
            item_payloads=[dict(payload) for payload in item_payloads],
            versions=[contents[key].version if key in contents else None for key in ids],
            scheduled_for=schedule.scheduled_for,
            until=schedule.until,
            depends_on=[[str(key), when] for key, when in schedule.depends_on],
            is_paused=schedule.is_paused,
        ),
        contents,
    )


def freeze(submission: Submission, contents: Mapping[str, Content]) -> Submission:
    """Set the expiry time. Raises NotAllowed if the user may change none of the items."""
    submission.created_at = timezone.now()
    submission.expires_at = submission.created_at + LIFE
    items_by_creator(submission, contents)  # raises NotAllowed before there is a review
    return submission


def keep_draft(draft: Submission) -> Submission:
    """Save a draft, to be reviewed and confirmed."""
    draft.save(force_insert=True)
    return draft


def discard(submission_id: UUID | str, *, by: User) -> None:
    """Discard a draft. Raises SubmissionUsed if it was started or does not exist."""
    ours = Submission.objects.filter(pk=submission_id, by=by, state=Submission.State.DRAFT)
    # Expired instead of deleted, so that a concurrent start never loses its row halfway.
    if not ours.update(expires_at=timezone.now()):
        raise SubmissionUsed
