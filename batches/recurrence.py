"""Local times in a named zone, and the slots of a repeating schedule. Pure.

A local time is a datetime without zone, to the minute; an instant is one in UTC. A time that the
clock change skips means the moment after the change, one that occurs twice means the first.
"""

import calendar
from collections.abc import Iterator
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

NEVER, DAILY, WEEKLY, MONTHLY, QUARTERLY, YEARLY = (
    "never",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "yearly",
)
LOCAL_FORMAT = "%Y-%m-%dT%H:%M"
EARLIEST_YEAR, LATEST_YEAR = 2000, 2099
REPEATS = (NEVER, DAILY, WEEKLY, MONTHLY, QUARTERLY, YEARLY)
_DAYS = {DAILY: 1, WEEKLY: 7}
_MONTHS = {MONTHLY: 1, QUARTERLY: 3, YEARLY: 12}
_SECOND = timedelta(seconds=1)


class Slot(NamedTuple):
    """One occurrence: the local time and its instant."""

    local: datetime
    instant: datetime


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of that local time, or of the next one that exists. Of two the first."""
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return first
    # Skipped: with the offset after the change it lies before the change, and vice versa.
    before, after = local.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def slots_after(
    moment: datetime, *, first: datetime, repeat: str, zone: ZoneInfo, last_day: date | None = None
) -> Iterator[Slot]:
    """Yield the slots later than that instant, in order; infinite without `last_day`.

    `first` is the local time of the first slot and sets the time of day of all; if a month lacks
    the day, its last day is used. `last_day` is the last possible day, in that zone. No two slots
    have the same instant, even if a zone skips a whole day.
    """
    numbers = iter([0]) if repeat == NEVER else count(_number_before(moment, first, repeat, zone))
    for number in numbers:
        local = _local_time(first, repeat, number)
        if local is None or (last_day is not None and local.date() > last_day):
            return
        instant = instant_of(local, zone)
        if instant > moment:
            yield Slot(local, instant)
            moment = instant


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all zones that are the same on every machine."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _number_before(moment: datetime, first: datetime, repeat: str, zone: ZoneInfo) -> int:
    """Return the number of a slot not later than the moment, or 0: where the search starts."""
    passed = moment.astimezone(zone).replace(tzinfo=None) - first
    longest = _DAYS.get(repeat) or 31 * _MONTHS[repeat]
    return max(0, passed.days // longest - 1)


def _local_time(first: datetime, repeat: str, number: int) -> datetime | None:
    """Return the local time of one slot; None after the end of the calendar."""
    try:
        if repeat in _MONTHS:
            months = first.month - 1 + number * _MONTHS[repeat]
            year, month = first.year + months // 12, months % 12 + 1
            day = min(first.day, calendar.monthrange(year, month)[1])
            local = first.replace(year=year, month=month, day=day)
        else:
            local = first + timedelta(days=number * _DAYS.get(repeat, 0))
    except (OverflowError, ValueError):
        return None
    # The last hours of the last year overflow in some zones.
    return local if local.year < MAXYEAR else None


def clean_repeat(value: Any) -> str:
    if not isinstance(value, str) or value not in REPEATS:
        raise ValueError(f"Choose one of: {', '.join(REPEATS)}.")
    return value


def clean_zone(value: Any) -> str:
    """Return the name of an existing zone. Raises ValueError."""
    if not isinstance(value, str) or value not in zone_names():
        raise ValueError("Unknown time zone. Use the format Europe/Berlin.")
    return value


def parse_local_time(value: Any) -> datetime | None:
    """`2026-12-01T09:00`, a local time; None for null. Raises ValueError."""
    if value is None:
        return None
    local = _parsed(value, LOCAL_FORMAT)
    if local is None:
        raise ValueError("Write it like 2026-12-01T09:00, without an offset.")
    return _within_reach(local)


def parse_day(value: Any) -> date | None:
    """`2026-12-31`; None for null. Raises ValueError."""
    if value is None:
        return None
    day = _parsed(value, "%Y-%m-%d")
    if day is None:
        raise ValueError("Write the day like 2026-12-31.")
    return _within_reach(day).date()


def _parsed(value: Any, form: str) -> datetime | None:
    """None unless the format matches exactly: strptime accepts `2026-1-2`, in any digits."""
    try:
        found = datetime.strptime(value if isinstance(value, str) else "", form)  # noqa: DTZ007
    except ValueError:
        return None
    return found if f"{found:{form}}" == value else None


def _within_reach(local: datetime) -> datetime:
    if not EARLIEST_YEAR <= local.year <= LATEST_YEAR:
        raise ValueError(f"Choose a year from {EARLIEST_YEAR} to {LATEST_YEAR}.")
    return local
