"""What is to become of one item: the same judgement for the preview and for the run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from batches.operations.base import CONFLICT, FORBIDDEN, NOT_FOUND, Operation, Refused, Verdict
from content.models import ContentRow


class Frozen(Protocol):
    """A batch, a submission or an order: a payload, and by position what an item adds to it."""

    @property
    def payload(self) -> Any: ...

    @property
    def item_payloads(self) -> Any: ...


def payload_of(frozen: Frozen, position: int) -> Mapping[str, Any]:
    """What the item at that position is to get."""
    own = frozen.item_payloads
    return {**frozen.payload, **own[position]} if own else frozen.payload


def evaluate_item(
    operation: Operation,
    payload: Mapping[str, Any],
    content: ContentRow | None,
    *,
    creator_id: str,
    expected_version: int | None,
    is_allowed: bool,
    at: datetime,
) -> Verdict:
    """Right first, then ownership, then version, then the operation's own rules."""
    if not is_allowed:
        return Refused(FORBIDDEN)
    if content is None or content.creator_id != creator_id:
        return Refused(NOT_FOUND)
    if expected_version is not None and content.version != expected_version:
        return Refused(CONFLICT)
    return operation.evaluate(content, payload, at)
