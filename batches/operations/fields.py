"""The fields of a payload; the form, the API body and the command option derive from them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from content.rules import (
    MAX_ID,
    clean_boolean,
    clean_choice,
    clean_integer,
    clean_text,
    parse_whole_number,
)

LONGEST_TEXT = 255


class FieldType(Enum):
    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Option:
    """A field of the payload as a person types it at a command line: `--price 2.5`."""

    name: str
    # The field's path in the payload: `newPrice`, `updates.title`.
    path: str
    # Raises ValueError with words for people.
    parse: Callable[[str], Any]
    help: str
    # The other way round: what a person would type for a value of a clean payload.
    write: Callable[[Any], str] = str


@dataclass(frozen=True)
class Field:
    """One field of a payload: `removalReason`, a text of 0 to 500 characters."""

    name: str
    type: FieldType = FieldType.TEXT
    # What a person reads beside it; made of the name where none is given.
    label: str = ""
    help: str = ""
    is_required: bool = False
    # The value if it is left out; None leaves it out of the clean payload too.
    default: Any = None
    # The limits of an integer, or of the length of a text.
    minimum: int = 0
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    # Its name at a command line; made of the name where none is given.
    option_name: str = ""

    @property
    def limit(self) -> int:
        """`maximum`, or what the type allows."""
        if self.maximum is not None:
            return self.maximum
        return MAX_ID if self.type is FieldType.INTEGER else LONGEST_TEXT

    @property
    def _words(self) -> list[str]:
        return re.findall(r"[a-z0-9]+|[A-Z][a-z0-9]*", self.name)

    @property
    def form_name(self) -> str:
        """`removal_reason`."""
        return "_".join(self._words).lower()

    @property
    def shown_label(self) -> str:
        return self.label or " ".join(self._words).capitalize()

    @property
    def option(self) -> Option:
        name = self.option_name or "-".join(self._words).lower()
        return Option(name, self.name, self.parse, self.help or self.shown_label, self.write)

    def clean(self, value: Any) -> Any:
        """Return the value as it is stored. Raises ValueError with words for people."""
        if self.type is FieldType.BOOLEAN:
            return clean_boolean(value)
        if self.type is FieldType.INTEGER:
            return clean_integer(value, minimum=self.minimum, maximum=min(self.limit, MAX_ID))
        if self.choices:
            return clean_choice(value, self.choices)
        return clean_text(value, minimum=self.minimum, maximum=self.limit)

    def parse(self, text: str) -> Any:
        """Return what a person typed, as the value that is stored. Raises ValueError."""
        if self.type is FieldType.BOOLEAN:
            return parse_yes_no(text)
        return self.clean(parse_whole_number(text) if self.type is FieldType.INTEGER else text)

    def write(self, value: Any) -> str:
        """Return what a person would type for the value."""
        return write_yes_no(value) if self.type is FieldType.BOOLEAN else str(value)


def parse_yes_no(text: str) -> bool:
    answers = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
    if text.strip().lower() not in answers:
        raise ValueError("Enter yes or no.")
    return answers[text.strip().lower()]


def write_yes_no(value: bool) -> str:
    return "yes" if value else "no"
