"""Moments as programs write them. Pure."""

from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime


def parse_instant(text: str) -> datetime:
    """ISO 8601 with an offset or Z; the same moment in UTC, since databases don't take all."""
    try:
        found = parse_datetime(text) if len(text) <= 40 and text.isascii() else None
    except ValueError:
        found = None  # it looks like a time and is none
    if found is None or found.tzinfo is None:
        raise ValueError("Write it like 2026-01-31T12:00:00Z, with an offset.")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError("This time is out of range.") from None
