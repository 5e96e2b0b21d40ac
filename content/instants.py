"""Instants in ISO 8601. Pure."""

import re
from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime

# Django accepts more: weeks, days without hyphens, anything after a NUL.
WRITTEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
    r" ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
)


def parse_instant(text: str) -> datetime:
    """Parse ISO 8601 with an offset or Z into UTC, within the range of databases."""
    try:
        found = parse_datetime(text) if len(text) <= 40 and WRITTEN.fullmatch(text) else None
    except ValueError:
        found = None  # it looks like a time but is invalid
    if found is None or found.tzinfo is None:
        raise ValueError("Write it like 2026-01-31T12:00:00Z, with an offset.")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError("This time is out of range.") from None
