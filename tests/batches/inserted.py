"""Batches in any state, written to the table without a worker."""

from typing import Any

from django.utils import timezone

from batches.models import FINISHED, BatchOperation, Source, Status
from content.models import User, Wallet


def insert_batch(
    person: User,
    status: Status = Status.COMPLETED,
    *,
    succeeded: int = 0,
    failed: int = 0,
    **fields: Any,
) -> BatchOperation:
    """Create a batch of the user's first wallet with at least four items."""
    if status in FINISHED:
        fields.setdefault("completed_at", timezone.now())
    fields.setdefault("creator", Wallet.objects.filter(owner=person).first())
    return BatchOperation.objects.create(
        requested_by=person,
        source=Source.API,
        kind="update-price",
        payload={"newPrice": 7_000_000},
        status=status,
        total_items=max(4, succeeded + failed),
        success_count=succeeded or (4 if status == Status.COMPLETED and not failed else 0),
        failure_count=failed,
        **fields,
    )
