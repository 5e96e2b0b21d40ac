"""Pure validation: return the clean value, or raise ValueError with a message for users."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

MICRO_STX_PER_STX = 1_000_000
MAX_PRICE = 10**15
ID_PATTERN = r"[A-Za-z0-9._:-]{1,64}"
MAX_ID = 2**63 - 1
MAX_TITLE = 255
MAX_DESCRIPTION = 10_000
MAX_REFUND_WINDOW_DAYS = 365
MAX_URL = 2000
MAX_SEARCH = 100
MAX_REMOVAL_REASON = 500
CONTENT_TYPES = ("video", "article", "image", "music", "tutorial", "podcast", "course", "book")
TOKEN_TYPES = ("sip-009", "sip-010")

_ID = re.compile(ID_PATTERN, re.ASCII)
_NOT_TEXT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_check_url = URLValidator(schemes=["http", "https"])
# White space, and characters that only change how others are displayed.
_INVISIBLE = {"Zs", "Zl", "Zp", "Cc", "Cf", "Mn", "Me"}


def clean_content_id(value: Any) -> str:
    """Return an id as its string; an integer 0 … 2^63-1 is read as its decimal string."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= MAX_ID:
            raise ValueError("A numeric id must be between 0 and 9223372036854775807.")
        return str(value)
    if not isinstance(value, str):
        raise ValueError("An id must be a string or a whole number.")
    if not _ID.fullmatch(value):
        raise ValueError("An id has 1 to 64 letters, digits, dots, dashes, colons or underscores.")
    return value


def clean_integer(value: Any, *, minimum: int, maximum: int, noun: str = "number") -> int:
    """Return a JSON integer within the limits: no float, boolean or text."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"The {noun} must be a whole number.")
    if not minimum <= value <= maximum:
        raise ValueError(f"The {noun}must be between {minimum:,} and {maximum:,}.")
    return value


def clean_price(value: Any) -> int:
    """Return a price in micro-STX, 0 … 10^15."""
    try:
        return clean_integer(value, minimum=0, maximum=MAX_PRICE, noun="price")
    except ValueError as error:
        if isinstance(value, int) and not isinstance(value, bool):
            raise ValueError(
                f"The pricemust be between 0 and {MAX_PRICE:,} micro-STX ({format_stx(MAX_PRICE)})."
            ) from None
        raise ValueError(
            "The price must be a whole number of micro-STX (1 STX = 1,000,000)."
        ) from error


def clean_percent(value: Any) -> Decimal:
    """Return a percentage −100 … +1000 with at most two places, not 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("The percentage must be a number.")
    percent = Decimal(str(value))
    if not percent.is_finite() or not -100 <= percent <= 1000:
        raise ValueError("The percentagemust be between -100 and 1,000.")
    if percent == 0:
        raise ValueError("A change of 0 % changes nothing.")
    if percent != percent.quantize(Decimal("0.01")):
        raise ValueError("The percentage has at most two decimal places.")
    return percent


def percent_of_price(price: int, percent: Decimal) -> int:
    """The price after a change in percent, rounded half up to a whole micro-STX."""
    exact = Decimal(price) * (100 + percent) / 100
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def clean_text(value: Any, *, maximum: int, minimum: int = 0, newlines: bool = False) -> str:
    """Text without control characters, lone surrogates or direction marks."""
    if not isinstance(value, str):
        raise ValueError("This must be a string.")
    if not minimum <= len(value) <= maximum:
        raise ValueError(
            f"This text has {len(value):,} characters; {minimum:,} to {maximum:,} are allowed."
        )
    if _NOT_TEXT.search(value) or ("\n" in value and not newlines):
        raise ValueError("This text contains a character that can't be shown, like a line break.")
    if minimum and all(unicodedata.category(sign) in _INVISIBLE for sign in value):
        raise ValueError("This text is empty.")
    return value


def one_line(text: str) -> str:
    """Collapse white space, including line breaks, into single spaces."""
    return " ".join(text.split())


def clean_idempotency_key(value: str) -> str:
    """1 to 255 visible ASCII characters."""
    if not re.fullmatch(r"[!-~]{1,255}", value):
        raise ValueError("An Idempotency-Key has 1 to 255 printable ASCII characters, no spaces.")
    return value


def clean_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("This must be true or false.")
    return value


def clean_choice(value: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"Choose one of: {', '.join(choices)}.")
    return value


def clean_url(value: Any) -> str:
    """Return an http or https URL of at most 2,000 characters; empty for none."""
    url = clean_text(value, maximum=MAX_URL)
    if url:
        try:
            _check_url(url)
        except ValidationError as error:
            raise ValueError("This is not a valid URL like https://example.org/file.") from error
    return url


def clean_token_gating(value: Any) -> dict[str, Any] | bool:
    """Return a boolean, or `{enabled, tokenType, tokenContract, minBalance}` without nulls."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, dict):
        raise ValueError("Token gating must be true, false, or an object.")
    known = {"enabled", "tokenType", "tokenContract", "minBalance"}
    if unknown := sorted(set(value) - known):
        raise ValueError(f"Unknown field in token gating: {unknown[0][:64]!r}.")
    clean: dict[str, Any] = {"enabled": clean_boolean(value.get("enabled"))}
    value = {name: given for name, given in value.items() if given is not None}
    if "tokenType" in value:
        clean["tokenType"] = clean_choice(value["tokenType"], TOKEN_TYPES)
    if "tokenContract" in value:
        clean["tokenContract"] = clean_text(value["tokenContract"], minimum=1, maximum=200)
    if "minBalance" in value:
        clean["minBalance"] = clean_integer(
            value["minBalance"], minimum=1, maximum=MAX_ID, noun="balance"
        )
    return clean


def token_gating_after(now: Mapping[str, Any], wanted: Mapping[str, Any] | bool) -> dict[str, Any]:
    """Return the new gate: an object replaces it, a boolean only turns it on or off.

    No gate equals one that is off and has no other settings.
    """
    after = {**now, "enabled": wanted} if isinstance(wanted, bool) else dict(wanted)
    return dict(now) if not now and after == {"enabled": False} else after


def clean_refund_window(value: Any) -> int:
    return clean_integer(value, minimum=0, maximum=MAX_REFUND_WINDOW_DAYS, noun="number of days")


# The metadata fields: API field, model field, rule.
METADATA: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "title": ("title", lambda value: clean_text(value, minimum=1, maximum=MAX_TITLE)),
    "description": (
        "description",
        lambda value: clean_text(value, maximum=MAX_DESCRIPTION, newlines=True),
    ),
    "contentType": ("content_type", lambda value: clean_choice(value, CONTENT_TYPES)),
    "tokenGating": ("token_gating", clean_token_gating),
    "refundable": ("refundable", clean_boolean),
    "refundWindowDays": ("refund_window_days", clean_refund_window),
}


def _without_thousands_commas(text: str) -> str:
    """`1,234.5` as `1234.5`; keeps the comma in `2,5`, which may mean a decimal point."""
    groups = re.match(r"\d{1,3}(,\d{3})+(?!\d)", text, re.ASCII)
    return groups.group().replace(",", "") + text[groups.end() :] if groups else text


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the start of that day in the zone and of the next one, 23 to 25 hours later."""
    begin = datetime.combine(day, time.min, zone)
    return begin, datetime.combine(day + timedelta(days=1), time.min, zone)


def wire_name(name: str) -> str:
    """Return the API name of a model field: `creator_id` is `creator`."""
    if name == "creator_id":
        return "creator"
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def parse_stx(text: str) -> int:
    """Parse a price typed in STX, such as `1,234.5`, into micro-STX."""
    typed = text.strip().removesuffix("STX").strip()
    plain = _without_thousands_commas(typed)
    if not re.fullmatch(r"\d{1,20}(\.\d+)?", plain, re.ASCII):
        hint = " The decimal point is a dot." if "," in typed else ""
        raise ValueError(f"Enter a price in STX, such as 2.5 or 1,250.{hint}")
    micro = Decimal(plain) * MICRO_STX_PER_STX
    if micro != int(micro):
        raise ValueError("A price has at most six decimal places.")
    return clean_price(int(micro))


def parse_whole_number(text: str) -> int:
    """Parse a typed whole number, such as `1,000`."""
    plain = _without_thousands_commas(text.strip())
    if not re.fullmatch(r"\d{1,19}", plain, re.ASCII):
        raise ValueError("Enter a whole number.")
    return int(plain)


def parse_percent(text: str) -> Decimal:
    """Parse a typed percentage, such as `-12.5` or `+10 %`."""
    plain = text.strip().removesuffix("%").strip().replace("\u2212", "-")
    if not re.fullmatch(r"[+-]?\d{1,9}(\.\d+)?", plain, re.ASCII):
        raise ValueError("Enter a percentage, such as 10 or -12.5.")
    try:
        return clean_percent(Decimal(plain))
    except InvalidOperation:
        raise ValueError("Enter a percentage, such as 10 or -12.5.") from None


def format_stx(micro_stx: int) -> str:
    """`1234500000` micro-STX as `1,234.5 STX`."""
    sign = "-" if micro_stx < 0 else ""
    whole, rest = divmod(abs(micro_stx), MICRO_STX_PER_STX)
    places = f".{rest:06}".rstrip("0") if rest else ""
    return f"{sign}{whole:,}{places} STX"


def plain_stx(micro_stx: int) -> str:
    """`1234500000` micro-STX as `1234.5`, for files that are read again."""
    return format_stx(micro_stx).removesuffix(" STX").replace(",", "")
