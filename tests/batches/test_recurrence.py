"""Slots of recurrences, also across clock changes."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batches import recurrence
from batches.recurrence import (
    DAILY,
    MONTHLY,
    NEVER,
    QUARTERLY,
    REPEATS,
    WEEKLY,
    YEARLY,
    Slot,
    instant_of,
    slots_after,
)

NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
STEPS = {MONTHLY: 1, QUARTERLY: 3, YEARLY: 12}


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text):
    return datetime.fromisoformat(text)


def slot_times(count, first, repeat, *, after=LONG_AGO, zone=BERLIN, last_day=None):
    found = slots_after(after, first=local(first), repeat=repeat, zone=zone, last_day=last_day)
    return [slot.local.isoformat(timespec="minutes") for slot in islice(found, count)]


def slots_between(after, until, **how):
    """Return the slots after one instant and up to the other."""
    return takewhile(lambda slot: slot.instant <= until, slots_after(after, **how))


@pytest.mark.parametrize(
    ("zone", "shown", "instant"),
    [
        # New York, 2026-03-08: from 02:00 EST to 03:00 EDT.
        (NEW_YORK, "2026-03-08T01:59", "2026-03-08T06:59"),
        (NEW_YORK, "2026-03-08T02:00", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08T02:30", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08T02:59", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08T03:00", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08T03:01", "2026-03-08T07:01"),
        # 2026-11-01: 01:00 to 02:00 is repeated, first in EDT.
        (NEW_YORK, "2026-11-01T00:59", "2026-11-01T04:59"),
        (NEW_YORK, "2026-11-01T01:00", "2026-11-01T05:00"),
        (NEW_YORK, "2026-11-01T01:30", "2026-11-01T05:30"),
        (NEW_YORK, "2026-11-01T02:00", "2026-11-01T07:00"),
        # Lord Howe changes by half an hour: on 2026-04-05 back from +11, on 2026-10-04 forward.
        (LORD_HOWE, "2026-04-05T01:45", "2026-04-04T14:45"),
        (LORD_HOWE, "2026-04-05T02:00", "2026-04-04T15:30"),
        (LORD_HOWE, "2026-10-04T01:59", "2026-10-03T15:29"),
        (LORD_HOWE, "2026-10-04T02:15", "2026-10-03T15:30"),
        (LORD_HOWE, "2026-10-04T02:30", "2026-10-03T15:30"),
        # Apia had no 30 December 2011.
        (APIA, "2011-12-29T09:00", "2011-12-29T19:00"),
        (APIA, "2011-12-30T00:00", "2011-12-30T10:00"),
        (APIA, "2011-12-30T09:00", "2011-12-30T10:00"),
        (APIA, "2011-12-31T00:00", "2011-12-30T10:00"),
        (APIA, "2011-12-31T09:00", "2011-12-30T19:00"),
    ],
)
def test_local_time_to_instant(zone, shown, instant):
    assert instant_of(local(shown), zone) == utc(instant)


def test_slot_in_skipped_hour_runs_after_it():
    found = slots_after(
        utc("2026-03-07T00:00"), first=local("2026-01-01T02:30"), repeat=DAILY, zone=NEW_YORK
    )
    assert [(slot.local.day, slot.instant) for slot in islice(found, 3)] == [
        (7, utc("2026-03-07T07:30")),
        (8, utc("2026-03-08T07:00")),
        (9, utc("2026-03-09T06:30")),
    ]


def test_slot_in_repeated_hour_runs_once():
    found = slots_between(
        utc("2026-10-31T12:00"),
        utc("2026-11-02T12:00"),
        first=local("2026-01-01T01:30"),
        repeat=DAILY,
        zone=NEW_YORK,
    )
    assert [slot.instant for slot in found] == [utc("2026-11-01T05:30"), utc("2026-11-02T06:30")]


def test_repeated_local_time_passes_once():
    between = utc("2026-11-01T06:30")  # 01:30 for the second time
    found = slots_after(between, first=local("2026-11-01T01:30"), repeat=DAILY, zone=NEW_YORK)
    assert next(found).local == local("2026-11-02T01:30")


def test_skipped_day_gives_no_second_run():
    found = slots_after(
        utc("2011-12-29T00:00"), first=local("2011-12-01T00:00"), repeat=DAILY, zone=APIA
    )
    instants = [slot.instant for slot in islice(found, 3)]
    assert instants == [utc(f"2011-12-{day}T10:00") for day in (29, 30, 31)]


def test_short_month_runs_on_last_day():
    assert slot_times(4, "2026-01-31T09:00", MONTHLY) == [
        "2026-01-31T09:00",
        "2026-02-28T09:00",
        "2026-03-31T09:00",
        "2026-04-30T09:00",
    ]
    assert slot_times(3, "2027-12-31T09:00", MONTHLY)[2] == "2028-02-29T09:00"


def test_the_leap_day():
    assert slot_times(3, "2024-02-29T00:00", QUARTERLY) == [
        "2024-02-29T00:00",
        "2024-05-29T00:00",
        "2024-08-29T00:00",
    ]
    assert slot_times(5, "2024-02-29T00:00", YEARLY) == [
        "2024-02-29T00:00",
        "2025-02-28T00:00",
        "2026-02-28T00:00",
        "2027-02-28T00:00",
        "2028-02-29T00:00",
    ]
    assert slot_times(3, "2023-11-30T00:00", QUARTERLY)[1] == "2024-02-29T00:00"


def test_weekly_keeps_weekday_and_local_time():
    found = slot_times(9, "2026-03-05T09:00", WEEKLY)
    assert {local(each).weekday() for each in found} == {3}
    assert {each[-5:] for each in found} == {"09:00"}


def test_single_run_has_one_slot():
    assert slot_times(3, "2026-03-05T09:00", NEVER) == ["2026-03-05T09:00"]
    assert slot_times(3, "2026-03-05T09:00", NEVER, after=utc("2026-03-05T08:00")) == []


def test_last_day_is_local_and_included():
    late = {"zone": NEW_YORK, "last_day": date(2026, 6, 3)}  # 03:30 on the fourth in UTC
    assert slot_times(9, "2026-06-01T23:30", DAILY, **late)[-1] == "2026-06-03T23:30"
    assert slot_times(9, "2026-06-04T23:30", NEVER, **late) == []
    assert slot_times(9, "2026-06-01T23:30", DAILY, after=utc("2026-06-04T03:30"), **late) == []


@pytest.mark.parametrize(
    ("repeat", "next_wall"),
    [
        (NEVER, None),
        (DAILY, "9000-01-02T09:00"),
        (WEEKLY, "9000-01-04T09:00"),
        (MONTHLY, "9000-01-31T09:00"),
        (QUARTERLY, "9000-01-31T09:00"),
        (YEARLY, "9000-01-31T09:00"),
    ],
)
def test_far_future_slot_found_fast(repeat, next_wall):
    found = slot_times(1, "2026-01-31T09:00", repeat, after=utc("9000-01-01T12:00"))
    assert found == ([next_wall] if next_wall else [])


@pytest.mark.parametrize("repeat", REPEATS)
@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, ZoneInfo("Pacific/Kiritimati")])
def test_no_slot_after_last_representable_day(repeat, zone):
    moment = utc("9997-06-01T00:00")
    found = slots_after(moment, first=local("2098-12-31T23:59"), repeat=repeat, zone=zone)
    assert all(slot.instant > moment for slot in found)


@pytest.mark.parametrize(
    "text",
    [
        "2026-1-2T09:00",
        "2026-01-02T9:00",
        "2026-01-02 09:00",
        "2026-01-02T09:00:00",
        "2026-01-02T09:00Z",
        "2026-01-02T09:00+01:00",
        "٢٠٢٦-01-02T09:00",
        "2026-02-30T09:00",
        "2026-01-02T24:00",
        "1999-12-31T23:59",
        "2100-01-01T00:00",
        "",
        5,
        True,
        [],
    ],
)
def test_invalid_local_times(text):
    with pytest.raises(ValueError, match=r"\w"):
        recurrence.parse_local_time(text)


@pytest.mark.parametrize(
    "text", ["2026-1-2", "2026-02-30", "٢٠٢٦-01-02", "20260102", "", 5, "2100-01-01"]
)
def test_invalid_days(text):
    with pytest.raises(ValueError, match=r"\w"):
        recurrence.parse_day(text)


@pytest.mark.parametrize(
    "name",
    [
        "localtime",
        "Factory",
        "Mars/Olympus",
        "",
        "europe/berlin",
        "../etc/passwd",
        None,
        5,
        "UTC+1",
    ],
)
def test_invalid_zones(name):
    with pytest.raises(ValueError, match="Unknown time zone"):
        recurrence.clean_zone(name)


# ---------------------------------------------------------------- against brute force

zones = st.sampled_from(
    [
        "UTC",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Fakaofo",
        "Europe/Berlin",
        "Asia/Kolkata",
        "America/St_Johns",
        "America/Caracas",
        "Africa/Casablanca",
        "Asia/Pyongyang",
        "Antarctica/Troll",
        "America/Havana",
    ]
).map(ZoneInfo)
local_times = st.datetimes(datetime(2000, 1, 1), datetime(2032, 12, 31)).map(
    lambda each: each.replace(second=0, microsecond=0)
)
# Around changes of clocks, where it is hard.
changes = st.sampled_from(
    [
        datetime(2026, 3, 8, 2),
        datetime(2026, 11, 1, 1),
        datetime(2026, 4, 5, 2),
        datetime(2026, 10, 4, 2),
        datetime(2011, 12, 30),
        datetime(2007, 12, 9, 3),
        datetime(2016, 5, 1, 2),
    ]
).flatmap(
    lambda each: st.integers(-180, 180).map(lambda minutes: each + timedelta(minutes=minutes))
)


def first_minute(shown, zone):
    """Search minute by minute for the first that shows this local time or a later one."""
    minute = shown.replace(tzinfo=UTC) - timedelta(hours=15)
    while minute.astimezone(zone).replace(tzinfo=None) < shown:
        minute += timedelta(minutes=1)
    return minute


@given(st.one_of(local_times, changes), zones)
def test_instant_is_first_matching_minute(shown, zone):
    assert instant_of(shown, zone) == first_minute(shown, zone)


def by_brute_force(first, repeat, zone, days):
    """Search the calendar day by day; at most one run per instant."""
    found = []
    for day in range(days):
        shown = first + timedelta(days=day)
        if repeat == NEVER:
            is_one = day == 0
        elif repeat in STEPS:
            months = (shown.year - first.year) * 12 + shown.month - first.month
            last = monthrange(shown.year, shown.month)[1]
            is_one = months % STEPS[repeat] == 0 and shown.day == min(first.day, last)
        else:
            is_one = day % {DAILY: 1, WEEKLY: 7}[repeat] == 0
        if is_one:
            instant = instant_of(shown, zone)
            if not found or instant > found[-1].instant:
                found.append(Slot(shown, instant))
    return found


@given(
    st.one_of(local_times, changes), st.sampled_from(REPEATS), zones, st.integers(-20_000, 900_000)
)
@example(datetime(2011, 12, 1), DAILY, APIA, 29 * 24 * 60)
@example(datetime(2011, 12, 30), DAILY, APIA, 10 * 60)
@example(datetime(2024, 1, 31, 23, 59), MONTHLY, NEW_YORK, 60 * 24 * 59)
def test_slots_match_brute_force(first, repeat, zone, minutes):
    moment = first.replace(tzinfo=UTC) + timedelta(minutes=minutes)
    wanted = [slot for slot in by_brute_force(first, repeat, zone, 800) if slot.instant > moment]
    some = len(wanted[:40])
    found = list(islice(slots_after(moment, first=first, repeat=repeat, zone=zone), some))
    assert found == wanted[:some]
    assert all(one.instant < other.instant for one, other in pairwise(found))


@given(
    st.one_of(local_times, changes),
    st.sampled_from(REPEATS),
    zones,
    st.integers(0, 400_000),
    st.integers(0, 60_000),
)
def test_adjacent_ranges_lose_no_slot(first, repeat, zone, minutes, more):
    """Find slots as successive sweeps do: each continues where the last one ended."""
    how = {"first": first, "repeat": repeat, "zone": zone}
    start = first.replace(tzinfo=UTC) - timedelta(days=2)
    seam = start + timedelta(minutes=minutes)
    end = seam + timedelta(minutes=more)
    assert [*slots_between(start, seam, **how), *slots_between(seam, end, **how)] == [
        *slots_between(start, end, **how)
    ]
