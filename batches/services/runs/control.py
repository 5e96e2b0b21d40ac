"""What was started, a batch or a submission of several: found by its id, directed as a whole."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from batches.errors import NotAllowed, NotThere
from batches.models import BatchOperation, Follows, Source, Submission
from batches.services.engine import lifecycle
from batches.services.orders.preview import Preview
from batches.services.permissions import may_direct, may_direct_all
from batches.services.results.progress import Progress, progress_of
from batches.services.runs import schedule
from batches.services.runs.confirm import cancel_submission, confirm, preview_submission
from batches.services.runs.follow_up import (
    clean_some,
    draft_follow_up,
    follow_up,
    preview_follow_up,
)
from content.models import User


@dataclass(frozen=True)
class Started:
    """A batch, or else a submission."""

    batch: BatchOperation | None = None
    submission: Submission | None = None

    @property
    def key(self) -> UUID:
        """The id by which `find_started` finds it again."""
        found = self.submission or self.batch
        assert found is not None
        return found.pk

    def progress(self, user: User | None = None) -> Progress:
        """How far it has come by now, as far as the person may see it."""
        if self.submission is not None:
            return progress_of(self.submission, user)
        assert self.batch is not None
        return Progress([BatchOperation.objects.select_related("creator").get(pk=self.batch.pk)])


def find_started(key: UUID, *, by: User | None = None) -> Started:
    """The batch or the started submission with this id, as far as the person may see it.

    Without a person whatever there is. Raises NotThere.
    """
    batches, submissions = BatchOperation.objects.all(), Submission.objects.all()
    if by is not None:
        batches, submissions = batches.visible_to(by), submissions.visible_to(by)
    batch = batches.select_related("creator__owner").filter(pk=key).first()
    if batch is not None:
        return Started(batch=batch)
    confirmed = submissions.filter(state=Submission.State.CONFIRMED, pk=key)
    submission = confirmed.select_related("by").first()
    if submission is None or not progress_of(submission, by).batches:
        raise NotThere(f"There is no batch and no run {key}.")
    return Started(submission=submission)


def cancel_started(started: Started, *, by: User) -> Progress:
    """Stop what has not ended yet of it. Raises NotAllowed, InvalidTransition."""
    _check_right(started, by)
    if started.submission is not None:
        return cancel_submission(started.submission)
    assert started.batch is not None
    return Progress([lifecycle.cancel(started.batch)])


def pause_started(started: Started, *, by: User) -> Progress:
    """Hold what has not begun of it. Raises NotAllowed, InvalidTransition, NothingToDo."""
    _check_right(started, by)
    if started.submission is not None:
        return schedule.pause_submission(started.submission)
    assert started.batch is not None
    return Progress([schedule.pause(started.batch)])


def resume_started(started: Started, *, by: User) -> Progress:
    """Let it go on. Raises NotAllowed, InvalidTransition, NothingToDo."""
    _check_right(started, by)
    if started.submission is not None:
        return schedule.resume_submission(started.submission)
    assert started.batch is not None
    return Progress([schedule.resume(started.batch)])


def reschedule_started(started: Started, moment: datetime | None, *, by: User) -> Progress:
    """Have what has not begun of it begin then, an instant in UTC, or as soon as may be.

    Raises NotAllowed, Invalid, InvalidTransition, NothingToDo.
    """
    _check_right(started, by)
    if started.submission is not None:
        return schedule.move_times_of_submission(started.submission, {"scheduled_for": moment})
    assert started.batch is not None
    return Progress([schedule.reschedule(started.batch, moment)])


def follow_started(
    started: Started,
    follows: Follows,
    *,
    by: User,
    source: Source,
    content_ids: list[str] | None = None,
    code: str = "",
) -> Started:
    """Start what tries its failed items again, or puts back what it changed.

    Of all items, or of these ids, or of those that failed with that code. Raises NothingToDo,
    NotAllowed, QuotaExceeded.
    """
    if started.batch is not None:
        some = clean_some(content_ids, started.batch.content_ids)
        following = follow_up(
            started.batch, follows, by=by, source=source, content_ids=some, code=code
        )
        return Started(batch=following)
    drafted = _draft(started, follows, by, source, content_ids, code)
    drafted.save(force_insert=True)
    return Started(submission=confirm(drafted.pk, by=by))


def preview_following(
    started: Started,
    follows: Follows,
    *,
    by: User,
    source: Source,
    content_ids: list[str] | None = None,
    code: str = "",
) -> Preview:
    """What `follow_started` would do; nothing is kept. Raises NothingToDo, NotAllowed."""
    if started.batch is not None:
        some = clean_some(content_ids, started.batch.content_ids)
        return preview_follow_up(started.batch, follows, by=by, content_ids=some, code=code)
    return preview_submission(_draft(started, follows, by, source, content_ids, code))


def _draft(
    started: Started,
    follows: Follows,
    by: User,
    source: Source,
    content_ids: list[str] | None,
    code: str,
) -> Submission:
    batches = started.progress(by).batches
    some = clean_some(content_ids, [key for batch in batches for key in batch.content_ids])
    return draft_follow_up(batches, follows, by=by, source=source, content_ids=some, code=code)


def _check_right(started: Started, by: User) -> None:
    """Raises NotAllowed unless the person may direct each batch of it."""
    if started.submission is not None:
        is_allowed = may_direct_all(by, started.submission)
    else:
        assert started.batch is not None
        is_allowed = may_direct(by, started.batch)
    if not is_allowed:
        raise NotAllowed("You may not change what becomes of this.")
