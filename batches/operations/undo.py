"""Undoes a batch: an operation that wraps another and is not registered.

The batch's payload is `{"undo": <the other's payload>}`; each item adds `{"restore": <before>}`,
the fields as the history has them. The expected version ensures that nobody changed the item
since.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from batches.operations.base import Alter, Operation, Unchanged, Verdict
from batches.operations.remove_content import RemoveContent
from batches.operations.restore_content import CHAIN_KEEPS_REMOVED, RestoreContent
from content.models import ContentRow
from content.services.catalogue.changes import from_history

UNDO, RESTORE = "undo", "restore"


class Undo(Operation):
    """Undo of another operation, which may itself be an undo: then this is a redo."""

    created_message = "Undo initiated"
    api_path = "undo"
    examples = {}
    verb = "Undo"

    def __init__(self, inner: Operation) -> None:
        self.inner = inner
        self.kind = inner.kind
        # Anything that takes items off sale asks for their number.
        if isinstance(self._root, RemoveContent if self._is_redo else RestoreContent):
            self.confirm_count_above = RemoveContent.confirm_count_above

    @property
    def _is_redo(self) -> bool:
        return isinstance(self.inner, Undo) and not self.inner._is_redo

    @property
    def _root(self) -> Operation:
        return self.inner._root if isinstance(self.inner, Undo) else self.inner

    @property
    def label(self) -> str:
        return f"{'Redo' if self._is_redo else 'Undo'}: {self._root.label}"

    def clean_payload(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Built from a batch and never typed, so nothing is validated."""
        return dict(raw)

    def evaluate(self, content: ContentRow, payload: Mapping[str, Any], at: datetime) -> Verdict:
        before = from_history(payload[RESTORE])
        after = {name: value for name, value in before.items() if getattr(content, name) != value}
        return Alter(after) if after else Unchanged()

    def changed_fields(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        return self.inner.changed_fields(payload[UNDO])

    def describe(self, payload: Mapping[str, Any]) -> str:
        inner: Operation = self
        while isinstance(inner, Undo):
            inner, payload = inner.inner, payload[UNDO]
        return f"{'Redo' if self._is_redo else 'Undo'}: {inner.describe(payload)}"

    def cautions(self, afters: Sequence[Mapping[str, Any]]) -> list[str]:
        if any(after.get("is_removed") is False for after in afters):
            return [CHAIN_KEEPS_REMOVED]
        return [] if any("is_removed" in after for after in afters) else self._root.cautions(afters)

    def success_words(self, after: Mapping[str, Any]) -> str:
        return self._root.restored_words(after)

    def unchanged_words(self) -> str:
        return "It already had this value"
