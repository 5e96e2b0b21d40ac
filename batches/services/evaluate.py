"""The verdict for each item: the same for the preview and for the run."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.utils import timezone

from batches.errors import Invalid
from batches.operations.base import (
    CONFLICT,
    FORBIDDEN,
    NOT_FOUND,
    Operation,
    Refused,
    Verdict,
    refusal_words,
)
from content.models import ContentRow

MAX_NAMED = 100


class Frozen(Protocol):
    """A batch, a submission or an order: a payload, and per item additions."""

    @property
    def payload(self) -> Any: ...

    @property
    def content_ids(self) -> Any: ...

    @property
    def item_payloads(self) -> Any: ...


def payload_of(frozen: Frozen, position: int) -> Mapping[str, Any]:
    """Return the payload of the item at that position."""
    own = frozen.item_payloads
    return {**frozen.payload, **own[position]} if own else frozen.payload


def evaluate_all(
    operation: Operation,
    frozen: Frozen,
    contents: Mapping[str, ContentRow],
    *,
    creator_of: Callable[[str], str],
    versions: Sequence[int | None],
    is_allowed: bool = True,
    positions: Mapping[str, int] | None = None,
) -> dict[str, Verdict]:
    """Return the verdict for each of the ids, in order, or for those at these positions.

    `versions` are the expected ones by position; empty where any will do.
    """
    if positions is None:
        positions = {key: position for position, key in enumerate(frozen.content_ids)}
    now = timezone.now()
    return {
        key: _evaluate(
            operation,
            payload_of(frozen, position),
            contents.get(key),
            creator_id=creator_of(key),
            expected_version=versions[position] if versions else None,
            is_allowed=is_allowed,
            at=now,
        )
        for key, position in positions.items()
    }


def refuse_failures(verdicts: Mapping[str, Verdict]) -> None:
    """Apply `reject-all`: raise Invalid if any item can't be changed.

    Names up to MAX_NAMED of them, each as `contentIds.POSITION`.
    """
    refused = {
        f"contentIds.{position}": [f"{key}: {refusal_words(verdict.code, verdict.parameters)}."]
        for position, (key, verdict) in enumerate(verdicts.items())
        if isinstance(verdict, Refused)
    }
    if refused:
        words = (
            f"{len(refused):,} of {len(verdicts):,} items can't be changed, so no item is changed."
        )
        raise Invalid(words, errors=dict(list(refused.items())[:MAX_NAMED]))


def _evaluate(
    operation: Operation,
    payload: Mapping[str, Any],
    content: ContentRow | None,
    *,
    creator_id: str,
    expected_version: int | None,
    is_allowed: bool,
    at: datetime,
) -> Verdict:
    """Check permission, then ownership, then version, then the operation's own rules."""
    if not is_allowed:
        return Refused(FORBIDDEN)
    if content is None or content.creator_id != creator_id:
        return Refused(NOT_FOUND)
    if expected_version is not None and content.version != expected_version:
        return Refused(CONFLICT)
    return operation.evaluate(content, payload, at)
