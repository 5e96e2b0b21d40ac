"""Cells of CSV files and spreadsheets that people open, and send back."""

from typing import Any

# Also as full-width signs, which some spreadsheets read alike.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def neutral_cell(value: Any) -> Any:
    """A cell to be written; text that a spreadsheet would take for a formula gets a `'` before."""
    if isinstance(value, str) and value.lstrip().startswith(_FORMULA):
        return f"'{value}"
    return value


def plain_cell(text: str) -> str:
    """What `neutral_cell` was made of."""
    return text[1:] if text.startswith("'") and neutral_cell(text[1:]) == text else text
