"""Lets templates of any app offer what can be done in bulk."""

from typing import Any

from django import template

from batches.models import BatchOperation, Status
from batches.operations import OPERATIONS, Operation, describe
from batches.services.history import with_batches
from content.models import ContentChange

register = template.Library()
register.simple_tag(with_batches)

STATUS_TONES = {
    Status.PENDING: "waiting",
    Status.PROCESSING: "waiting",
    Status.COMPLETED: "good",
    Status.FAILED: "bad",
    Status.CANCELLED: "quiet",
}
OUTCOME_TONES = {
    BatchOperation.Outcome.SUCCEEDED: "good",
    BatchOperation.Outcome.PARTIAL: "mixed",
    BatchOperation.Outcome.FAILED: "bad",
}


@register.simple_tag
def operations(state: str = "all") -> list[Operation]:
    """What can be done in bulk with items that are on sale (``), `removed`, or both (`all`)."""
    return [
        operation
        for operation in OPERATIONS.values()
        if state == "all" or operation.is_for_removed == (state == "removed")
    ]


@register.simple_tag
def only(change: ContentChange | None) -> list[ContentChange]:
    """A list for `with_batches`."""
    return [] if change is None else [change]


@register.filter
def phrase(described: Any) -> str:
    """What a batch or a submission does: `Update price +10 %`."""
    return describe(described)


@register.filter
def status_tone(batch: BatchOperation) -> str:
    """The colour of a batch's status label."""
    return STATUS_TONES[Status(batch.status)]


@register.filter
def outcome_tone(batch: BatchOperation) -> str:
    """The colour of a batch's outcome label."""
    return OUTCOME_TONES[batch.outcome] if batch.outcome else "quiet"
