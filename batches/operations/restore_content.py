"""Put removed items on sale again, with their previous price and metadata."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from batches.operations.base import Alter, Operation, Unchanged, Verdict
from content.models import ContentRow

CHAIN_KEEPS_REMOVED = (
    "The contract can't restore items: items removed on the chain stay removed there."
)


class RestoreContent(Operation):
    kind = "restore-content"
    created_message = "Batch restore initiated"
    api_path = "batch-restore"
    examples = {"Back on sale": {}}
    verb = "Restore"
    is_for_removed = True

    def evaluate(self, content: ContentRow, payload: Mapping[str, Any], at: datetime) -> Verdict:
        if not content.is_removed:
            return Unchanged()
        return Alter({"is_removed": False, "removed_at": None, "removal_reason": ""})

    def changed_fields(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        return ("is_removed", "removed_at", "removal_reason")

    def cautions(self, afters: Sequence[Mapping[str, Any]]) -> list[str]:
        return [CHAIN_KEEPS_REMOVED] if afters else []

    def success_words(self, after: Mapping[str, Any]) -> str:
        return "Content restored"

    def restored_words(self, after: Mapping[str, Any]) -> str:
        return "Removed again" if after.get("is_removed") else "Back on sale"

    def unchanged_words(self) -> str:
        return "It was already on sale"
