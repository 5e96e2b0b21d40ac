"""Cells of CSV files and spreadsheets that users open and upload again."""

from typing import Any

# Including full-width signs, which some spreadsheets treat the same.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def neutral_cell(value: Any) -> Any:
    """Return a cell to write; text that looks like a formula gets a `'` prefix."""
    if isinstance(value, str) and value.lstrip().startswith(_FORMULA):
        return f"'{value}"
    return value


def plain_cell(text: str) -> str:
    """Return the reverse of `neutral_cell`."""
    return text[1:] if text.startswith("'") and neutral_cell(text[1:]) == text else text
