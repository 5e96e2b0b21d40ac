"""What keeps a batch that was accepted from beginning: its time, and people who hold it.

Everything here is a guarded update of batches that have not begun; those that have are left alone.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from django.utils import timezone

from batches import rules
from batches.errors import Invalid, InvalidTransition, NothingToDo
from batches.models import BatchOperation, Status, Submission
from batches.models.batch import BatchQuerySet
from batches.operations import operation_for
from batches.services.dispatch import dispatch_ready
from batches.services.results.progress import Progress, progress_of
from config.database import atomic

ALL_BEGUN = "All of it has begun."


@atomic
def reschedule(batch: BatchOperation, scheduled_for: datetime | None) -> BatchOperation:
    """Have a batch begin at another instant (UTC), or as soon as may be. Returns it as it is then.

    Raises Invalid for a time that can't be, InvalidTransition once it has begun.
    """
    batch = _alone(batch, "moved")
    if scheduled_for is not None:
        _check(scheduled_for, "scheduledFor")
        if batch.until is not None and batch.until <= scheduled_for:
            words = "It is to be put back before that. Choose an earlier time."
            raise Invalid(errors={"scheduledFor": [words]})
    return _change(batch, "moved", scheduled_for=scheduled_for)


@atomic
def replan(
    batch: BatchOperation, *, scheduled_for: datetime | None, until: datetime | None
) -> BatchOperation:
    """Give a batch another begin and another end at once, each judged by the other's new value.

    Raises what `reschedule` and `change_until` do; then neither is changed. A begin that stays as
    it is may be past.
    """
    batch = _alone(batch, "moved")
    if scheduled_for is not None and scheduled_for != batch.scheduled_for:
        _check(scheduled_for, "scheduledFor")
    _check_end(batch, until, after=scheduled_for)
    return _change(batch, "moved", scheduled_for=scheduled_for, until=until)


def move_times(batch: BatchOperation, times: Mapping[str, datetime | None]) -> BatchOperation:
    """Give a batch another `scheduled_for`, another `until`, or both: whichever is named.

    Raises what `reschedule` and `change_until` do; then neither is changed.
    """
    if "until" not in times:
        return reschedule(batch, times["scheduled_for"])
    if "scheduled_for" not in times:
        return change_until(batch, times["until"])
    return replan(batch, scheduled_for=times["scheduled_for"], until=times["until"])


@atomic
def move_times_of_submission(
    submission: Submission, times: Mapping[str, datetime | None]
) -> Progress:
    """The same for all of it that has not begun.

    Raises Invalid for a time that can't be, NothingToDo when all of it has begun.
    """
    batches = BatchOperation.objects.filter(submission=submission)
    if not change_pending(batches, lambda batch: move_times(batch, times)):
        raise NothingToDo(ALL_BEGUN)
    return progress_of(submission)


@atomic
def change_until(batch: BatchOperation, until: datetime | None) -> BatchOperation:
    """Have what a batch changes put back at another instant (UTC), or not at all.

    Raises Invalid for a time that can't be and for an operation that has no end, InvalidTransition
    once the batch has begun: from its end on the undo is a batch of its own, and that one is
    rescheduled.
    """
    batch = _alone(batch, "given another end")
    _check_end(batch, until, after=batch.scheduled_for)
    return _change(batch, "given another end", until=until)


def begin(batch: BatchOperation) -> BatchOperation:
    """Let a batch begin, whatever its time and whoever holds it, as soon as others allow it.

    Raises InvalidTransition once it has begun.
    """
    return _change(batch, "started", scheduled_for=None, is_paused=False)


def pause(batch: BatchOperation) -> BatchOperation:
    """Hold a batch that has not begun. Raises InvalidTransition once it has."""
    return _change(batch, "held", is_paused=True)


def resume(batch: BatchOperation) -> BatchOperation:
    """Let a held batch begin when all else allows it. Raises InvalidTransition once it has."""
    return _change(batch, "released", is_paused=False)


@atomic
def pause_submission(submission: Submission) -> Progress:
    """Hold all of it that has not begun; what runs ends. Raises NothingToDo when all has begun."""
    return _hold(submission, is_paused=True)


@atomic
def resume_submission(submission: Submission) -> Progress:
    """Let it go on. Raises NothingToDo when nothing of it is held."""
    return _hold(submission, is_paused=False)


def _hold(submission: Submission, *, is_paused: bool) -> Progress:
    batches = BatchOperation.objects.filter(
        submission=submission, status=Status.PENDING, is_paused=not is_paused
    )
    keys = list(batches.values_list("pk", flat=True))
    now = timezone.now()
    if not keys or not batches.update(is_paused=is_paused, updated_at=now):
        is_paused_already = BatchOperation.objects.filter(
            submission=submission, status=Status.PENDING, is_paused=True
        ).exists()
        if is_paused:
            raise NothingToDo("It is on hold already." if is_paused_already else ALL_BEGUN)
        raise NothingToDo("Nothing of it is on hold.")
    progress = progress_of(submission)
    dispatch_ready([batch for batch in progress.batches if batch.pk in keys])
    return progress


def change_pending(batches: BatchQuerySet, change: Callable[[BatchOperation], object]) -> int:
    """Change those of these batches that have not begun; returns how many.

    Call it in the transaction of all changes. They are read there, and not by whoever asks: of a
    transaction that is repeated nothing may be remembered.
    """
    pending = batches.filter(status=Status.PENDING).select_related("creator").order_by("id")
    changed = 0
    for batch in list(pending):
        with suppress(InvalidTransition):  # it begins at this moment
            change(batch)
            changed += 1
    return changed


def _alone(batch: BatchOperation, wish: str) -> BatchOperation:
    """The batch as it stands, while whoever wants another begin or end of it waits for us.

    Else two could be right one by one, and leave a begin after the end. Raises InvalidTransition.
    """
    row = BatchOperation.objects.filter(pk=batch.pk)
    is_pending = row.filter(status=Status.PENDING).update(updated_at=timezone.now())
    batch = row.select_related("creator").get()
    if not is_pending:
        raise InvalidTransition(batch.status, wish)
    return batch


@atomic
def _change(batch: BatchOperation, wish: str, **changes: object) -> BatchOperation:
    """The object passed in stays as it was, since the transaction around may be repeated."""
    row = BatchOperation.objects.filter(pk=batch.pk)
    is_done = row.filter(status=Status.PENDING).update(updated_at=timezone.now(), **changes)
    changed = row.select_related("creator").get()
    if not is_done:
        raise InvalidTransition(changed.status, wish)
    dispatch_ready([changed])
    return changed


def _check_end(batch: BatchOperation, until: datetime | None, *, after: datetime | None) -> None:
    if until is None:
        return
    if not operation_for(batch).may_end:
        raise Invalid(errors={"until": [rules.NO_END]})
    _check(until, "until", after=after)


def _check(moment: datetime, field: str, *, after: datetime | None = None) -> None:
    try:
        rules.check_moment(moment, after=after)
    except ValueError as error:
        raise Invalid(errors={field: [str(error)]}) from error
