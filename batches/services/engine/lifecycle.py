"""All changes of a batch's status, each a guarded update."""

import copy

import structlog
from django.utils import timezone

from batches.errors import InvalidTransition
from batches.models import MOVES, BatchOperation, Status
from batches.queue import enqueue
from batches.services.mail.notify import batch_ended
from batches.services.orders.undo import schedule_undo
from config.database import atomic, on_commit
from config.rows import update_rows

log = structlog.get_logger(__name__)


@atomic
def move(batch: BatchOperation, to: Status, **changes: object) -> BatchOperation:
    """Advance the batch; raise InvalidTransition if someone else changed or claimed it first.

    When a batch ends, its mails and its scheduled undo are written in the same transaction.
    Returns the changed batch.
    """
    was = batch.status
    if to not in MOVES[was]:
        raise InvalidTransition(was, to)
    moved = record(batch, status=to, **changes)
    if moved.is_finished:
        batch_ended(moved)
        if moved.until is not None:
            schedule_undo(moved)
        if moved.is_awaited:
            enqueue("batches.settle_dependents", str(moved.pk))
    on_commit(
        lambda: log.info(
            "batch_moved",
            batch_id=str(moved.pk),
            was=was,
            to=moved.status,
            succeeded=moved.success_count,
            failed=moved.failure_count,
        )
    )
    return moved


def record(batch: BatchOperation, **changes: object) -> BatchOperation:
    """Update the batch's row if its status and lease are unchanged.

    Raises InvalidTransition. Returns a changed copy, without another query; the object passed in
    stays unchanged, since the transaction may be repeated.
    """
    changes["updated_at"] = timezone.now()
    known = {"pk": batch.pk, "status": batch.status, "lease_token": batch.lease_token}
    if not update_rows(BatchOperation, known, changes):
        raise InvalidTransition(batch.status, str(changes.get("status", batch.status)))
    changed = copy.copy(batch)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


@atomic
def cancel(batch: BatchOperation) -> BatchOperation:
    """Cancel a batch: saved items stay saved, a running chunk rolls back.

    Returns the cancelled batch. Raises InvalidTransition once it has ended.
    """
    # Lock the row first: a worker may have claimed the batch or saved items since it was read. The
    # mail and the undo must use the current counts.
    ours = BatchOperation.objects.filter(pk=batch.pk)
    ours.update(updated_at=timezone.now())
    return move(
        ours.select_related("creator").get(),
        Status.CANCELLED,
        lease_token=None,
        lease_until=None,
        completed_at=timezone.now(),
    )
