"""Test values for each kind of operation; by default its first example."""

from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from batches.forms.operation import form_of
from batches.operations import OPERATIONS, Operation
from content.models import Content


@dataclass(frozen=True)
class Case:
    """One operation as it is said at each door, and what becomes of an item."""

    # The fields of the API's body.
    body: dict[str, Any]
    # What is typed at a form.
    typed: dict[str, str]
    # The options of run_batch.
    options: list[str]
    # The changed fields of an item, in the model's names.
    after: dict[str, Any]
    # The item as it is before.
    before: dict[str, Any] = field(default_factory=dict)
    # The result on an item that is removed, or for restoring on sale.
    on_others: str = "removed"
    message: str = ""


def case_of(operation: Operation) -> Case:
    """What follows from its first example, for an item as the factories make them."""
    example = next(iter(operation.examples.values()))
    payload = operation.clean_payload(example)
    before = {"is_removed": operation.is_for_removed}
    verdict = operation.evaluate(Content(**before), payload, timezone.now())
    return Case(
        body=dict(example),
        typed=form_of(operation).typed(payload),
        options=[
            f"--{option.name}={option.write(payload[option.path])}"
            for option in operation.options
            if option.path in payload
        ],
        before=before,
        after=dict(verdict.after),
        message=operation.created_message,
    )


OWN_CASES = {
    "update-price": Case(
        body={"newPrice": 2_500_000},
        typed={"new_price": "2.5"},
        options=["--price", "2.5"],
        after={"price": 2_500_000},
        message="Batch price update initiated",
    ),
    "update-metadata": Case(
        body={
            "updates": {
                "title": "Bigger & <b>better</b>",
                "description": "",
                "contentType": "book",
                "refundable": True,
                "refundWindowDays": 30,
                "tokenGating": {"enabled": True, "tokenType": "sip-010", "minBalance": 5},
            }
        },
        typed={
            "title": "Bigger & <b>better</b>",
            "clear_description": "on",
            "content_type": "book",
            "refundable": "yes",
            "refund_window_days": "30",
            "token_gating": "on",
            "token_type": "sip-010",
            "min_balance": "5",
        },
        options=[
            *("--title", "Bigger & <b>better</b>", "--description", "", "--type", "book"),
            *("--refundable", "yes", "--refund-window-days", "30"),
            *("--token-gating", '{"enabled": true, "tokenType": "sip-010", "minBalance": 5}'),
        ],
        before={"description": "Old", "content_type": "video"},
        after={
            "title": "Bigger & <b>better</b>",
            "description": "",
            "content_type": "book",
            "refundable": True,
            "refund_window_days": 30,
            "token_gating": {"enabled": True, "tokenType": "sip-010", "minBalance": 5},
        },
        message="Batch metadata update initiated",
    ),
    "remove-content": Case(
        body={"removalReason": "Rights expired"},
        typed={"removal_reason": "Rights expired"},
        options=["--reason", "Rights expired"],
        after={"is_removed": True, "removal_reason": "Rights expired"},
        on_others="unchanged",
        message="Batch removal initiated",
    ),
    "restore-content": Case(
        body={},
        typed={},
        options=[],
        before={"is_removed": True, "removal_reason": "Too early"},
        after={"is_removed": False, "removal_reason": "", "removed_at": None},
        on_others="unchanged",
        message="Batch restore initiated",
    ),
}
CASES = {kind: OWN_CASES.get(kind) or case_of(OPERATIONS[kind]) for kind in OPERATIONS}
