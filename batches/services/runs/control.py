"""Pause, resume, start, reschedule or cancel a run. Batches that have ended stay unchanged.

Each action is a guarded update of all batches of the run, including those that the user can't see;
the permission for every one of them is checked first.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from django.utils import timezone

from batches.errors import InvalidTransition
from batches.models import BatchOperation, Status
from batches.operations import operation_for
from batches.services.dispatch import dispatch_ready
from batches.services.engine import lifecycle
from batches.services.orders.dependencies import depend_on
from batches.services.orders.schedule import Link, Schedule
from batches.services.results.run import Run
from config.database import atomic
from content.models import User


class Times(TypedDict, total=False):
    """What `reschedule` may change: instants in UTC, and the batches to wait for."""

    scheduled_for: datetime | None
    until: datetime | None
    depends_on: tuple[Link, ...]


@atomic
def pause(run: Run, *, by: User) -> Run:
    """Pause the batches that have not started. Raises NotAllowed, InvalidTransition."""
    return _change_pending(run, "paused", by, is_paused=True)


@atomic
def resume(run: Run, *, by: User) -> Run:
    """Resume the run; its schedule still applies. Raises NotAllowed, InvalidTransition."""
    return _change_pending(run, "resumed", by, is_paused=False)


@atomic
def start(run: Run, *, by: User) -> Run:
    """Start now, even if scheduled or paused; dependencies still apply.

    Raises NotAllowed, InvalidTransition.
    """
    return _change_pending(run, "started", by, scheduled_for=None, is_paused=False)


@atomic
def reschedule(run: Run, *, by: User, **times: Unpack[Times]) -> Run:
    """Change start, end or dependencies of the batches that have not started.

    Raises NotAllowed, InvalidTransition and Invalid; then nothing is changed. A time that stays
    the same may be in the past.
    """
    pending = _lock_pending(run, "rescheduled", by)
    links = times.get("depends_on")
    for batch in pending:
        was = Schedule(batch.scheduled_for, batch.until)
        if links is not None:  # only then, since it takes a query for each batch
            was = Schedule.of_batch(batch)
        replace(was, **times).check(operation_for(batch), was=was)
        if links is not None and set(links) != set(was.depends_on):
            depend_on(batch, links, by=by)
    columns = {name: times[name] for name in ("scheduled_for", "until") if name in times}
    return _write(run, [batch.pk for batch in pending], **columns)


def cancel(run: Run, *, by: User) -> Run:
    """Cancel unfinished batches; saved items stay saved. Raises NotAllowed, InvalidTransition."""
    run.check_right(by)
    cancelled = 0
    for batch in run.rows.select_related("creator").order_by("created_at", "id"):
        with suppress(InvalidTransition):  # it had already ended
            lifecycle.cancel(batch)
            cancelled += 1
    run = run.refreshed()
    if not cancelled:
        raise InvalidTransition(run.status, "cancelled", noun=run.noun)
    return run


def _change_pending(run: Run, to: str, by: User, **changes: object) -> Run:
    pending = _lock_pending(run, to, by)
    return _write(run, [batch.pk for batch in pending], **changes)


def _lock_pending(run: Run, to: str, by: User) -> list[BatchOperation]:
    """Lock the batches that have not started.

    Without the lock, two concurrent changes that are each valid could leave a start after the end.
    They are read here and not by the caller, because a repeated transaction needs current rows.
    """
    run.check_right(by)
    pending = run.rows.filter(status=Status.PENDING)
    if not pending.update(updated_at=timezone.now()):
        raise InvalidTransition(run.refreshed().status, to, noun=run.noun)
    return list(pending.select_related("creator").order_by("created_at", "id"))


def _write(run: Run, keys: list[UUID], **changes: object) -> Run:
    rows = BatchOperation.objects.filter(pk__in=keys)
    rows.filter(status=Status.PENDING).update(updated_at=timezone.now(), **changes)
    dispatch_ready(rows.without_items())
    return run.refreshed()
