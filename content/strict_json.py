"""Strict JSON for request bodies and form fields."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn


def parse_json(text: str, *, noun: str) -> Any:
    """Parse JSON without byte-order mark, duplicate names or NaN; fractions are Decimal.

    Raises ValueError with a message about the `noun`, such as `body`.
    """
    if text.startswith("\ufeff"):
        raise ValueError(f"The {noun} begins with a byte-order mark; leave it out.")
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except RecursionError:
        words = "is nested too deeply"
    except json.JSONDecodeError as error:
        words = f"is not JSON: line {error.lineno}, column {error.colno}"
    except ValueError as error:
        words = str(error)
    raise ValueError(f"The {noun} {words}.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("has the same field twice")
    if any(_is_no_text(name) for name in found):
        raise ValueError("has a field name with an incomplete character")
    return found


def _is_no_text(name: str) -> bool:
    """Return True if it contains a lone surrogate, which no answer could encode."""
    return any("\ud800" <= character <= "\udfff" for character in name)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"contains {name}, which is not valid JSON")


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python's own limit of digits
        raise ValueError("contains a number with too many digits") from None


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError("contains a number with too large an exponent") from None
