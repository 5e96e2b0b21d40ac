"""Sends batches to the broker that a change has made ready to run."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from batches.models import NEVER_QUEUED, BatchOperation, Status
from batches.queue import enqueue


def dispatch_ready(batches: Iterable[BatchOperation]) -> None:
    """Enqueue the ready batches after commit; call it in the transaction of the change.

    Blocked batches are not enqueued; the sweep does that once they are ready.
    """
    free: list[UUID] = []
    blocked: list[UUID] = []
    for batch in batches:
        if batch.status == Status.PENDING:
            (blocked if batch.is_blocked else free).append(batch.pk)
    rows = BatchOperation.objects.filter(status=Status.PENDING)
    if blocked:
        rows.filter(pk__in=blocked).update(queued_at=NEVER_QUEUED)
    if free:
        rows.filter(pk__in=free).update(queued_at=timezone.now())
    for key in free:
        enqueue("batches.run_batch", str(key))
