"""Template tags for bulk operations, usable by any app."""

from typing import Any

from django import template

from batches.api_calls import command_of, curl_of
from batches.models import BatchOperation, Status, Template
from batches.operations import OPERATIONS, Operation, describe
from batches.services.pages.history import with_batches
from batches.services.permissions import may_control
from batches.services.results.blockers import blockers
from content.models import Content, ContentChange, User
from content.rules import format_stx
from content.services.catalogue.undo_change import may_undo_change

register = template.Library()
register.simple_tag(with_batches)
register.simple_tag(curl_of)
register.simple_tag(command_of)

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
    """Return the operations for items on sale (``), `removed` items, or both (`all`)."""
    return [
        operation
        for operation in OPERATIONS.values()
        if state == "all" or operation.is_for_removed == (state == "removed")
    ]


@register.simple_tag
def as_list(change: ContentChange | None) -> list[ContentChange]:
    """Return a list for `with_batches`."""
    return [] if change is None else [change]


@register.simple_tag
def undo_method(
    content: Content, change: ContentChange, batch: BatchOperation | None, user: User
) -> str:
    """How the person may undo a change: by its `batch`, by `hand`, or not at all (empty).

    Only the newest change can be undone: later changes stay.
    """
    if change.version != content.version or not change.before:
        return ""
    if batch is None:
        is_hidden = change.batch_id is not None  # of another user, or deleted
        return "hand" if not is_hidden and may_undo_change(user, content, change) else ""
    return "batch" if batch.is_finished and may_control(user, batch) else ""


@register.filter
def phrase(described: Any) -> str:
    """Return the change of a batch or a submission: `Update price +10 %`."""
    return describe(described)


@register.filter
def status_tone(batch: BatchOperation) -> str:
    """Return the colour of a batch's status label."""
    return STATUS_TONES[Status(batch.status)]


@register.filter
def outcome_tone(batch: BatchOperation) -> str:
    """Return the colour of a batch's outcome label."""
    return OUTCOME_TONES[batch.outcome] if batch.outcome else "quiet"


@register.filter
def not_attempted(batch: BatchOperation) -> int:
    """Return how many items an ended batch did not process."""
    return batch.total_items - batch.done_count


@register.filter
def blocker_words(batch: BatchOperation) -> str:
    """Return what blocks a batch; empty if nothing does."""
    return ", ".join(blockers(batch))


@register.filter
def selection_words(template: Template) -> str:
    """Return the items of a template: `12 named items`, `all videos on sale from 2 STX`."""
    chosen = template.filter
    if chosen is None:
        count = len(template.content_ids)
        return f"{count:,} named item{'' if count == 1 else 's'}"
    types = dict(Content.Type.choices)
    parts = ["removed items" if chosen.get("isRemoved") else "items on sale"]
    if chosen.get("contentType"):
        parts.append(f"of the type {types.get(chosen['contentType'], chosen['contentType'])}")
    if chosen.get("priceMin") is not None:
        parts.append(f"from {format_stx(chosen['priceMin'])}")
    if chosen.get("priceMax") is not None:
        parts.append(f"up to {format_stx(chosen['priceMax'])}")
    if chosen.get("search"):
        parts.append(f"with “{chosen['search']}”")
    return f"all {' '.join(parts)}"
