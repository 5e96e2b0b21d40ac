"""Take items off sale; purchases stay valid."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from batches.operations.base import Alter, Operation, Unchanged, Verdict
from batches.operations.fields import Field
from content.models import ContentRow
from content.rules import MAX_REMOVAL_REASON

DEFAULT_REASON = "Batch removal by creator"
MAX_SHOWN = 60


class RemoveContent(Operation):
    kind = "remove-content"
    created_message = "Batch removal initiated"
    api_path = "batch-remove"
    fields = (
        Field(
            "removalReason",
            label="Reason",
            help=f"Buyers can read it. Left empty, it says “{DEFAULT_REASON}”.",
            default=DEFAULT_REASON,
            maximum=MAX_REMOVAL_REASON,
            option_name="reason",
        ),
    )
    examples = {"With a reason": {"removalReason": "Rights expired"}, "Without one": {}}
    verb = "Remove"
    confirm_count_above = 10

    def evaluate(self, content: ContentRow, payload: Mapping[str, Any], at: datetime) -> Verdict:
        if content.is_removed:  # keeps the date and the reason of the first removal
            return Unchanged()
        reason = payload["removalReason"]
        return Alter({"is_removed": True, "removed_at": at, "removal_reason": reason})

    def changed_fields(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        return ("is_removed", "removed_at", "removal_reason")

    def describe(self, payload: Mapping[str, Any]) -> str:
        reason = payload["removalReason"]
        if reason in ("", DEFAULT_REASON):
            return self.label
        shown = reason if len(reason) <= MAX_SHOWN else f"{reason[:MAX_SHOWN]}…"
        return f"{self.label}: {shown}"

    def success_words(self, after: Mapping[str, Any]) -> str:
        return "Content removed"

    def restored_words(self, after: Mapping[str, Any]) -> str:
        return "Removed again" if after.get("is_removed") else "Back on sale"

    def unchanged_words(self) -> str:
        return "It was already removed"
