"""Brings the chain along with what batches changed."""

from collections.abc import Set

from django.utils import timezone

from batches.models import BatchOperation
from content.models import batch_of
from content.services.chain import calls


def send_contract_calls() -> int:
    """Send what is queued and ask after what was sent; batches whose items moved count as updated.

    Uses the network: never call it in a transaction. Returns how many calls were dealt with.
    """
    return calls.send_contract_calls(_touch_batches)


def _touch_batches(causes: Set[str]) -> None:
    """So that whoever polls a batch by its ETag hears of the chain too."""
    keys = [key for cause in causes if (key := batch_of(cause)) is not None]
    if keys:
        BatchOperation.objects.filter(pk__in=keys).update(updated_at=timezone.now())
