"""Change metadata and sale conditions of items, except the price."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from batches.operations.base import REMOVED, Alter, Operation, Refused, Unchanged, Verdict
from batches.operations.fields import Option, parse_yes_no, write_yes_no
from batches.rules import FieldErrors
from content.models import ContentRow
from content.rules import METADATA, clean_refund_window, parse_whole_number, token_gating_after

# Fields that have an operation of their own.
FIELD_HINTS = {
    "price": "Use batch-update-price.",
    "isRemoved": "Use batch-remove or batch-restore.",
    "removalReason": "Use batch-remove.",
}
WORDS = {
    "title": "title",
    "description": "description",
    "content_type": "type",
    "token_gating": "token gating",
    "refundable": "refundable",
    "refund_window_days": "refund window",
}


def _parse_days(text: str) -> int:
    return clean_refund_window(parse_whole_number(text))


def _parse_token_gating(text: str) -> Any:
    try:
        value = json.loads(text) if text.lstrip().startswith("{") else parse_yes_no(text)
    except json.JSONDecodeError as error:
        raise ValueError("Enter on, off, or a JSON object.") from error
    return _rule("tokenGating")(value)


def _write_token_gating(value: Any) -> str:
    return write_yes_no(value) if isinstance(value, bool) else json.dumps(value)


def _rule(name: str) -> Any:
    return METADATA[name][1]


class UpdateMetadata(Operation):
    kind = "update-metadata"
    created_message = "Batch metadata update initiated"
    api_path = "batch-update-metadata"
    payload_fields = ("updates",)
    form = "batches.forms.operation.MetadataForm"
    body = "batches.api.bodies.MetadataFields"
    examples = {
        "Refunds within a month": {"updates": {"refundable": True, "refundWindowDays": 30}},
        "Only for holders of a token": {
            "updates": {
                "tokenGating": {
                    "enabled": True,
                    "tokenType": "sip-010",
                    "tokenContract": "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7.club-token",
                    "minBalance": 1,
                }
            }
        },
    }
    options = (
        Option("title", "updates.title", _rule("title"), "the same title for all"),
        Option("description", "updates.description", _rule("description"), "a text for all"),
        Option("type", "updates.contentType", _rule("contentType"), "such as video or book"),
        Option(
            "token-gating",
            "updates.tokenGating",
            _parse_token_gating,
            "on, off, or JSON",
            _write_token_gating,
        ),
        Option("refundable", "updates.refundable", parse_yes_no, "yes or no", write_yes_no),
        Option("refund-window-days", "updates.refundWindowDays", _parse_days, "0 to 365 days"),
    )

    def clean_payload(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """`{"updates": {field: value, …}}` with at least one field of METADATA."""
        updates = raw.get("updates")
        if not isinstance(updates, dict):
            raise FieldErrors({"updates": ["Send an object of the fields to change."]})
        if not updates:
            raise FieldErrors({"updates": ["Give at least one field to change."]})
        unknown = [str(name)[:64] for name in updates if name not in METADATA]
        errors = {f"updates.{name}": [FIELD_HINTS.get(name, "Unknown field.")] for name in unknown}
        clean = {}
        for name, value in updates.items():
            if name in METADATA:
                try:
                    clean[name] = _rule(name)(value)
                except ValueError as error:
                    errors[f"updates.{name}"] = [str(error)]
        if unknown:
            raise FieldErrors(
                errors,
                message="Invalid fields in update payload",
                invalid_fields=unknown,
                allowed_fields=[*METADATA],
            )
        if errors:
            raise FieldErrors(errors)
        return {"updates": clean}

    def evaluate(self, content: ContentRow, payload: Mapping[str, Any], at: datetime) -> Verdict:
        if content.is_removed:
            return Refused(REMOVED)
        wanted = {METADATA[name][0]: value for name, value in payload["updates"].items()}
        if "token_gating" in wanted:
            wanted["token_gating"] = token_gating_after(
                content.token_gating, wanted["token_gating"]
            )
        after = {name: value for name, value in wanted.items() if getattr(content, name) != value}
        return Alter(after) if after else Unchanged()

    def changed_fields(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(METADATA[name][0] for name in METADATA if name in payload["updates"])

    def describe(self, payload: Mapping[str, Any]) -> str:
        return f"{self.label}: {_listed(self.changed_fields(payload))}"

    def success_words(self, after: Mapping[str, Any]) -> str:
        words = _listed([name for name in WORDS if name in after])
        return f"{words[:1].upper()}{words[1:]} updated"

    def unchanged_words(self) -> str:
        return "It already had this value"


def _listed(names: Any) -> str:
    """`title, type and refundable`."""
    words = [WORDS[name] for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
