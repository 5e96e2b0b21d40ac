"""A request for one batch, in clean values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from batches import rules
from batches.errors import Invalid
from batches.models import Follows
from batches.operations import OPERATIONS, Operation
from batches.rules import SKIP_FAILED
from batches.services.orders.schedule import AT_ONCE, Schedule
from batches.services.orders.schedule import FIELDS as SCHEDULE_FIELDS
from content.principals import clean_address

COMMON_FIELDS = (
    "creator",
    "contentIds",
    "filter",
    "expectedVersions",
    "errorPolicy",
    *SCHEDULE_FIELDS,
)


@dataclass(frozen=True)
class Order:
    """A request to create a batch, in clean values."""

    operation: Operation
    payload: dict[str, Any]
    # Empty until `freeze_selection` if the items are selected by `filter`.
    content_ids: list[str]
    # The arguments of ContentQuerySet.matching; None if the items are named.
    filter: dict[str, Any] | None = None
    # By id; other items may have any version.
    expected_versions: Mapping[str, int] = field(default_factory=dict)
    creator: str | None = None
    error_policy: str = SKIP_FAILED
    # One entry per item, or empty: the item's part of the payload.
    item_payloads: list[dict[str, Any]] = field(default_factory=list)
    schedule: Schedule = AT_ONCE
    # The batch that this one retries or undoes.
    follows: Follows | None = None
    origin: UUID | None = None

    @property
    def versions(self) -> list[int | None]:
        """The expected versions, one per item, or empty if any version is accepted."""
        expected = self.expected_versions
        return [expected.get(key) for key in self.content_ids] if expected else []


def clean_order(operation: Operation, body: Mapping[str, Any]) -> Order:
    """Validate the body of a request. Raises Invalid that names every wrong field."""
    errors = rules.ErrorCollector()
    attempt = errors.attempt
    for name in body:
        if name not in (*COMMON_FIELDS, *operation.payload_fields):
            errors.add(str(name)[:64], "Unknown field.")
    if has_filter := "filter" in body:
        filter_, content_ids = attempt(rules.clean_filter, body["filter"]), []
        if "contentIds" in body:
            errors.add("filter", "Give either contentIds or a filter, not both.")
    else:
        filter_, content_ids = None, attempt(rules.clean_content_ids, body.get("contentIds", []))
    versions = content_ids is not None and attempt(
        rules.clean_expected_versions,
        body.get("expectedVersions"),
        None if has_filter else content_ids,
    )
    creator = body.get("creator")
    if creator is not None:
        creator = attempt(clean_address, creator, field="creator")
    policy = attempt(rules.clean_error_policy, body.get("errorPolicy", SKIP_FAILED))
    schedule = attempt(Schedule.clean, body, operation)
    payload = attempt(
        operation.clean_payload,
        {name: body[name] for name in operation.payload_fields if name in body},
    )
    errors.raise_errors()
    return Order(
        operation,
        payload,
        content_ids,
        filter_,
        versions or {},
        creator,
        policy,
        schedule=schedule,
    )


def operation_of(kind: object) -> Operation:
    """Return the operation of that name. Raises Invalid."""
    operation = OPERATIONS.get(kind) if isinstance(kind, str) else None
    if operation is None:
        raise Invalid(errors={"operationType": [f"Choose one of: {', '.join(OPERATIONS)}."]})
    return operation
