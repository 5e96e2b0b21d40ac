"""Tells the broker of batches whose turn may have come or gone by what was just changed."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from batches.models import NEVER_TOLD, BatchOperation, Status
from batches.queue import enqueue


def dispatch_ready(batches: Iterable[BatchOperation]) -> None:
    """Have workers told after commit of those that may begin; call it in the change's transaction.

    Of the others nobody is told until they may, and then the next sweep does it.
    """
    free: list[UUID] = []
    held: list[UUID] = []
    for batch in batches:
        if batch.status == Status.PENDING:
            (held if batch.is_blocked else free).append(batch.pk)
    rows = BatchOperation.objects.filter(status=Status.PENDING)
    if held:
        rows.filter(pk__in=held).update(queued_at=NEVER_TOLD)
    if free:
        rows.filter(pk__in=free).update(queued_at=timezone.now())
    for key in free:
        enqueue("batches.run_batch", str(key))
