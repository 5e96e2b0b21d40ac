"""Validates templates like batches, and converts them back to a body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from batches import recurrence, rules
from batches.errors import Invalid, NothingToDo
from batches.models import BatchOperation, Submission, Template
from batches.operations import Operation
from batches.operations.undo import UNDO
from batches.services.orders.order import operation_of
from batches.services.runs.draft import MAX_ITEMS
from content.principals import clean_address
from content.rules import clean_text

MAX_NAME = 100
FIELDS = (
    "name",
    "creator",
    "operationType",
    "updatePayload",
    "contentIds",
    "filter",
    "errorPolicy",
    "repeat",
    "firstRun",
    "timeZone",
    "lastDay",
)


@dataclass(frozen=True)
class TemplateOrder:
    """A template in clean values; local times are in `zone`."""

    name: str
    operation: Operation
    payload: dict[str, Any]
    creator: str | None = None
    content_ids: list[str] = field(default_factory=list)
    # As it was sent, since it is evaluated at each run; already validated.
    filter: dict[str, Any] | None = None
    error_policy: str = rules.SKIP_FAILED
    repeat: str = recurrence.NEVER
    first: datetime | None = None
    zone: str = "UTC"
    last_day: date | None = None

    @property
    def times(self) -> tuple[object, ...]:
        """The schedule, to be compared with `times_of`."""
        return self.repeat, self.first, self.zone, self.last_day


def times_of(template: Template) -> tuple[object, ...]:
    """Return the schedule of a template, to be compared with `TemplateOrder.times`."""
    return template.repeat, template.first, template.time_zone, template.last_day


def clean_template(body: Mapping[str, Any], *, existing: Template | None = None) -> TemplateOrder:
    """Validate the body of a template. Raises Invalid that names every wrong field.

    Unchanged times of an existing template (`existing`) may be in the past.

    `{name, operationType, updatePayload, contentIds | filter, creator?, errorPolicy?, repeat?,
    firstRun?, timeZone?, lastDay?}`; `firstRun` is a local time in `timeZone`: `2026-12-01T09:00`.
    """
    errors = rules.ErrorCollector()
    for name in body:
        if name not in FIELDS:
            errors.add(str(name)[:64], "Unknown field.")

    def attempt(name: str, clean: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return errors.attempt(clean, *arguments, field=name, **more)

    operation = attempt("operationType", operation_of, body.get("operationType"))
    payload = body.get("updatePayload", {})
    if not isinstance(payload, Mapping):
        errors.add("updatePayload", "Send an object.")
    elif operation is not None:
        payload = attempt("updatePayload", _clean_payload, operation, payload)
    content_ids: Any = []
    if ("filter" in body) == ("contentIds" in body):
        errors.add("contentIds", "Give either contentIds or a filter.")
    elif "filter" in body:
        attempt("filter", rules.clean_filter, body["filter"])
    else:
        content_ids = attempt(
            "contentIds", rules.clean_content_ids, body["contentIds"], maximum=MAX_ITEMS
        )
    creator = body.get("creator")
    clean = {
        "name": attempt("name", _clean_name, body.get("name", "")),
        "creator": None if creator is None else attempt("creator", clean_address, creator),
        "error_policy": attempt(
            "errorPolicy", rules.clean_error_policy, body.get("errorPolicy", rules.SKIP_FAILED)
        ),
        "repeat": attempt("repeat", recurrence.clean_repeat, body.get("repeat", recurrence.NEVER)),
        "first": attempt("firstRun", recurrence.parse_local_time, body.get("firstRun")),
        "zone": attempt("timeZone", recurrence.clean_zone, body.get("timeZone", "UTC")),
        "last_day": attempt("lastDay", recurrence.parse_day, body.get("lastDay")),
    }
    errors.raise_errors()
    order = TemplateOrder(
        operation=operation,
        payload=payload,
        content_ids=content_ids,
        filter=dict(body["filter"]) if "filter" in body else None,
        **clean,
    )
    if existing is None or order.times != times_of(existing):
        wrong = _time_errors(order)
        if wrong:
            raise Invalid(errors=wrong)
    return order


def clean_template_changes(template: Template, body: Mapping[str, Any]) -> TemplateOrder:
    """Return the template with the given fields changed. Raises Invalid."""
    return clean_template(merged(body_of_template(template), body), existing=template)


def merged(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two bodies; a new selection replaces the old one."""
    selections = {"contentIds", "filter"}
    dropped = selections if selections & set(wanted) else set()
    return {name: current[name] for name in current if name not in dropped} | dict(wanted)


def template_body(source: BatchOperation | Submission) -> dict[str, Any]:
    """Return the body of a template that repeats a batch, without a name.

    Raises NothingToDo for an undo or individual prices, which can't be repeated.
    """
    if UNDO in source.payload or source.item_payloads:
        raise NothingToDo("This can't be saved as a template: it applies to these items only.")
    body = {
        "operationType": source.kind,
        "updatePayload": source.payload,
        "contentIds": source.content_ids,
    }
    if isinstance(source, BatchOperation):
        body["creator"] = source.creator_id
    return body


def body_of_template(template: Template) -> dict[str, Any]:
    """Return the template as `clean_template` takes it."""
    body: dict[str, Any] = {
        "name": template.name,
        "creator": template.creator_id,
        "operationType": template.kind,
        "updatePayload": template.payload,
        "errorPolicy": template.error_policy,
        "repeat": template.repeat,
        "timeZone": template.time_zone,
    }
    if template.filter is None:
        body["contentIds"] = template.content_ids
    else:
        body["filter"] = template.filter
    if template.first_slot:
        body["firstRun"] = template.first_slot
    if template.last_day:
        body["lastDay"] = template.last_day.isoformat()
    return body


def _clean_payload(operation: Operation, payload: Mapping[str, Any]) -> dict[str, Any]:
    unknown = [name for name in payload if name not in operation.payload_fields]
    if unknown:
        raise rules.FieldErrors(
            {f"updatePayload.{str(name)[:64]}": ["Unknown field."] for name in unknown}
        )
    return operation.clean_payload(payload)


def _clean_name(value: Any) -> str:
    return clean_text(value, minimum=1, maximum=MAX_NAME)


def _time_errors(order: TemplateOrder) -> dict[str, list[str]]:
    """Validate combinations of fields."""
    first, repeat, last_day = order.first, order.repeat, order.last_day
    if first is None:
        if repeat != recurrence.NEVER:
            return {"firstRun": ["Set the time of the first run."]}
        return (
            {"lastDay": ["Set the first run too, or leave the last day empty."]} if last_day else {}
        )
    coming = next(
        recurrence.slots_after(
            timezone.now(), first=first, repeat=repeat, zone=ZoneInfo(order.zone)
        ),
        None,
    )
    if coming is None:
        return {"firstRun": ["This time is in the past. Choose a later one."]}
    if last_day is not None and coming.local.date() > last_day:
        return {"lastDay": ["It would never run by then. Choose a later day."]}
    return {}
