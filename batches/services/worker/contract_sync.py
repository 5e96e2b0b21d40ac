"""Sends changes of batches to the chain."""

from collections.abc import Set

from django.utils import timezone

from batches.models import BatchOperation
from content.models import batch_of
from content.services.chain import calls


def send_contract_calls() -> int:
    """Send queued calls and query sent ones; batches with progress count as updated.

    Uses the network: never call it in a transaction. Returns how many calls were processed.
    """
    return calls.send_contract_calls(_touch_batches)


def _touch_batches(causes: Set[str]) -> None:
    """Update the batches' ETag, so that pollers see the new chain state."""
    keys = [key for cause in causes if (key := batch_of(cause)) is not None]
    if keys:
        BatchOperation.objects.filter(pk__in=keys).update(updated_at=timezone.now())
