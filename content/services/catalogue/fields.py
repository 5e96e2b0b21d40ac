"""The fields of a row in a catalogue file, and their validation."""

from collections.abc import Callable, Mapping
from typing import Any

from content import rules
from content.services.catalogue.files import Row

# The fields, and alternative headings that are recognised.
FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("content_id", "contentid"),
    "title": (),
    "description": (),
    "type": ("content_type", "contenttype"),
    "price": (),
    "price-micro": (),
    "creator": (),
    "url": (),
    "onchain-id": ("onchain_id", "onchainid"),
}


def values_of(row: Row, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the non-empty cells by field; `columns` maps fields to columns.

    Raises ValueError that names the field.
    """
    found = {name.strip().lower(): value for name, value in row.values.items()}
    values: dict[str, str] = {}
    for name, other_names in FIELDS.items():
        if name in columns:
            cell = row.values.get(columns[name])
        else:
            cell = next((found[key] for key in (name, *other_names) if key in found), None)
        if cell is None:
            continue
        if not isinstance(cell, str):
            raise ValueError(f"{name}: This must be a text or a number.")
        if cell.strip():
            values[name] = cell.strip()
    return values


def required(values: Mapping[str, str], name: str) -> str:
    if name not in values:
        raise ValueError(f"{name}: This is missing.")
    return values[name]


def cleaned(name: str, check: Callable[[str], Any], value: str) -> Any:
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def clean_title(text: str) -> str:
    return rules.clean_text(text, minimum=1, maximum=rules.MAX_TITLE)


def clean_description(text: str) -> str:
    plain = text.replace("\r\n", "\n")
    return rules.clean_text(plain, maximum=rules.MAX_DESCRIPTION, newlines=True)


def clean_type(text: str) -> str:
    return rules.clean_choice(text.lower(), rules.CONTENT_TYPES)


def clean_micro_price(text: str) -> int:
    return rules.clean_price(whole_number(text))


def clean_onchain_id(text: str) -> int:
    return rules.clean_integer(whole_number(text), minimum=0, maximum=rules.MAX_ID)


def whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError("This must be a whole number of at most 19 digits.")
    return int(text)
