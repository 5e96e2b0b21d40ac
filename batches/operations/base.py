"""The base of operations: rules for the payload, a verdict on one item, messages."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from typing import Any, ClassVar

from batches.models.source import kind_label
from batches.operations.fields import Field, Option
from batches.rules import FieldErrors
from content.models import ContentRow


@dataclass(frozen=True)
class Alter:
    """The item gets these values, by model field; all differ from the current ones."""

    after: Mapping[str, Any]


@dataclass(frozen=True)
class Unchanged:
    """The item already has these values."""


@dataclass(frozen=True)
class Refused:
    """The item can't be changed; `code` is one of `REFUSALS`."""

    code: str
    parameters: Mapping[str, Any] = dataclass_field(default_factory=dict)


Verdict = Alter | Unchanged | Refused

NOT_FOUND, REMOVED, OUT_OF_RANGE = "not-found", "removed", "out-of-range"
CONFLICT, FORBIDDEN, INTERNAL = "conflict", "forbidden", "internal"
# Of a batch, not of an item: a dependency ended with another outcome.
DEPENDENCY = "dependency"

REFUSALS = {
    NOT_FOUND: "Content not found or not owned by creator",
    REMOVED: "Content was removed; restore it first",
    OUT_OF_RANGE: "The new price would be {price}, which is outside 0 to {most}",
    CONFLICT: "Content was changed since; check it and try again",
    FORBIDDEN: "The person who started this batch is no longer allowed to change this content",
    INTERNAL: "Something went wrong on our side; try this item again",
}


# Short labels for filters.
REFUSAL_LABELS = {
    NOT_FOUND: "Not found",
    REMOVED: "Removed",
    OUT_OF_RANGE: "Price out of range",
    CONFLICT: "Conflict",
    FORBIDDEN: "No longer allowed",
    INTERNAL: "Internal error",
}


def refusal_label(code: str) -> str:
    """`not-found` is *Not found*; an unknown code stays as it is."""
    return REFUSAL_LABELS.get(code, kind_label(code))


def refusal_words(code: str, parameters: Mapping[str, Any]) -> str:
    """Return why an item failed, for people."""
    return REFUSALS.get(code, REFUSALS[INTERNAL]).format_map(parameters)


class Operation(ABC):
    """One kind of batch. Knows no HTTP, no form and no database; `evaluate` is pure."""

    kind: str = ""
    # The fields of its payload, which form, body and options are made of.
    fields: ClassVar[tuple[Field, ...]] = ()
    # Example payloads by title; the demo runs the first.
    examples: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    # Where `fields` can't say it: dotted paths of an OperationForm, and of a serializer that
    # describes `payload_fields`. Both are imported by the doors that need them.
    form: ClassVar[str] = ""
    body: ClassVar[str] = ""
    # The verb at the beginning of a headline: `Change 37 of 40`.
    verb: ClassVar[str] = "Change"
    # Its change may have an end, at which it is undone: `until`.
    may_end: ClassVar[bool] = False
    # The columns of a results file with the requested values of each item, so that the file can
    # be uploaded again; empty if there is no such file.
    requested_columns: ClassVar[tuple[str, ...]] = ()
    # The state of items it applies to: on sale or removed.
    is_for_removed: ClassVar[bool] = False
    # A form asks to type the number of items if more than this are changed; None never asks.
    confirm_count_above: int | None = None

    @property
    def label(self) -> str:
        """The label of a button."""
        return kind_label(self.kind)

    @property
    def created_message(self) -> str:
        """The sentence that the API answers a creation with."""
        return f"Batch {self.label.lower()} initiated"

    @property
    def api_path(self) -> str:
        """The last part of the path that creates such a batch."""
        return f"batch-{self.kind}"

    @property
    def payload_fields(self) -> tuple[str, ...]:
        """The fields of a request's body that are this operation's own."""
        return tuple(field.name for field in self.fields)

    @property
    def options(self) -> tuple[Option, ...]:
        """The payload at a command line."""
        return tuple(field.option for field in self.fields)

    @property
    def codename(self) -> str:
        """The permission to run it on other users' items: `run_update_price`."""
        return f"run_{self.kind.replace('-', '_')}"

    @property
    def permission(self) -> str:
        return f"batches.{self.codename}"

    def clean_payload(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the payload as it is stored and answered. Raises batches.rules.FieldErrors."""
        clean, errors = {}, {}
        for field in self.fields:
            value = raw.get(field.name, field.default)
            try:
                if value is not None or field.name in raw:
                    clean[field.name] = field.clean(value)
                elif field.is_required:
                    raise ValueError("This field is required.")
            except ValueError as error:
                errors[field.name] = [str(error)]
        if errors:
            raise FieldErrors(errors)
        return clean

    @abstractmethod
    def evaluate(self, content: ContentRow, payload: Mapping[str, Any], at: datetime) -> Verdict:
        """The verdict on one item, from the item, the clean payload and the time."""

    @abstractmethod
    def changed_fields(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        """The model fields that it may change."""

    def describe(self, payload: Mapping[str, Any]) -> str:
        """Return the change in one phrase: `Update price +10 %`."""
        return self.label

    def requested_values(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values of `requested_columns` for an item with this payload."""
        return {}

    def cautions(self, afters: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return a warning before that many items get these values."""
        return []

    @abstractmethod
    def success_words(self, after: Mapping[str, Any]) -> str:
        """The message for a changed item."""

    def restored_words(self, after: Mapping[str, Any]) -> str:
        """Return the message for an item on which this operation was undone or redone."""
        return "Restored"

    @abstractmethod
    def unchanged_words(self) -> str:
        """The message for an unchanged item."""
