"""JSON taken strictly, so that nothing means two things, for bodies and for fields of forms."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn


def parse_json(text: str, *, noun: str) -> Any:
    """What the text says: no byte-order mark, no name twice, no NaN; fractions are Decimal.

    Raises ValueError with a sentence about the `noun`, such as `body`.
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
        raise ValueError("names a field twice")
    if any(_is_no_text(name) for name in found):
        raise ValueError("names a field with half a character")
    return found


def _is_no_text(name: str) -> bool:
    """Holds a lone surrogate, which no answer could repeat."""
    return any("\ud800" <= character <= "\udfff" for character in name)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"holds {name}, which is no JSON")


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python's own limit of digits
        raise ValueError("holds a number with too many digits") from None


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError("holds a number with too large an exponent") from None
