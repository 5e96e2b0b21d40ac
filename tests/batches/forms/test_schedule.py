"""The form of a schedule: local times, and dependencies that the user may see."""

import zoneinfo
from datetime import UTC, datetime

import pytest
import time_machine
from django.utils import timezone

from batches.forms.schedule import ScheduleForm
from batches.models import Status
from batches.operations import OPERATIONS
from batches.services.orders.schedule import Schedule
from content.words import moment_and_utc_words
from tests.batches.inserted import insert_batch

PRICE, TITLE = OPERATIONS["update-price"], OPERATIONS["update-metadata"]


def form(user, operation=PRICE, **typed):
    return ScheduleForm(typed, user=user, operation=operation)


@pytest.fixture(autouse=True)
def _in_february():
    with time_machine.travel(datetime(2026, 2, 1, tzinfo=UTC), tick=False):
        yield


def test_empty_form_starts_at_once(alice):
    empty = form(alice)
    assert empty.is_valid()
    assert empty.value() == Schedule()


@pytest.mark.parametrize(
    ("zone", "typed", "instant"),
    [
        ("Europe/Berlin", "2026-02-03T09:00", datetime(2026, 2, 3, 8, tzinfo=UTC)),
        ("Europe/Berlin", "2026-02-03 09:00", datetime(2026, 2, 3, 8, tzinfo=UTC)),
        ("Asia/Kathmandu", "2026-03-01T00:00:00", datetime(2026, 2, 28, 18, 15, tzinfo=UTC)),
        # A skipped hour becomes the next that exists, a repeated one the first.
        ("America/New_York", "2026-03-08T02:30", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        ("America/New_York", "2026-11-01T01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", "2026-10-04T02:15", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ],
)
def test_times_in_viewers_zone(alice, zone, typed, instant):
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        found = form(alice, scheduled_for=typed)
        assert found.is_valid(), found.errors
        assert found.value().scheduled_for == instant
        assert zone in found.fields["scheduled_for"].help_text


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"scheduled_for": "2026-01-31T23:59"}, "scheduled_for", "This time is in the past"),
        ({"scheduled_for": "2032-01-01T00:00"}, "scheduled_for", "more than five years ahead"),
        ({"scheduled_for": "9999-12-31T23:59"}, "scheduled_for", "Choose a year from 2000 to 2099"),
        ({"scheduled_for": "0001-01-01T00:00"}, "scheduled_for", "Write it like"),
        ({"scheduled_for": "tomorrow"}, "scheduled_for", "Write it like 2026-12-01T09:00"),
        ({"scheduled_for": "2026-02-30T09:00"}, "scheduled_for", "Write it like"),
        ({"scheduled_for": "1" * 10_000}, "scheduled_for", "at most 40"),
        ({"scheduled_for": "2026-02-03T09:00Z"}, "scheduled_for", "Write it like"),
        ({"until": "2026-01-01T00:00"}, "until", "This time is in the past"),
        (
            {"scheduled_for": "2026-02-03T09:00", "until": "2026-02-03T09:00"},
            "until",
            "later than the start",
        ),
        ({"after-batch-x": "always"}, "__all__", "You have no batch or run with this id"),
        (
            {"after-batch-019b0000-0000-7000-8000-000000000000": "always"},
            "__all__",
            "You have no batch or run with this id",
        ),
    ],
)
def test_invalid_values_shown_at_fields(alice, typed, field, words):
    found = form(alice, **typed)
    assert not found.is_valid()
    assert list(found.errors) == [field]
    assert words in str(found.errors[field])


def test_only_prices_can_end(alice):
    assert "until" not in form(alice, TITLE).fields
    found = form(alice, TITLE, until="2026-02-03T09:00")
    assert list(found.errors) == ["until"]
    assert "Only a price change" in str(found.errors["until"])


def test_own_batches_offered_as_dependencies(alice, bob, viewer):
    waiting, ended = insert_batch(alice, Status.PENDING), insert_batch(alice)
    foreign = insert_batch(bob, Status.PENDING)

    def offered(user):
        return {key for one in form(user).candidates.values() for key in one.batch_ids}

    assert offered(alice) == {waiting.pk}
    assert offered(viewer) == {waiting.pk, foreign.pk}
    for batch in (waiting, ended):
        found = form(alice, **{f"after-batch-{batch.pk}": "on-success"})
        assert found.is_valid(), found.errors
        assert found.value().depends_on == ((batch.pk, "on-success"),)
    assert not form(alice, **{f"after-batch-{foreign.pk}": "always"}).is_valid()
    assert not form(alice, **{f"after-batch-{waiting.pk}": "never"}).is_valid()


def test_creator_column_for_several_creators(alice, bob, viewer):
    for user in (alice, bob):
        insert_batch(user, Status.PENDING)

    def offered(user):
        return sorted(one.words for one in form(user).candidates.values())

    assert [" of " in words for words in offered(alice)] == [False]
    names = sorted(str(user.wallets.get()) for user in (alice, bob))
    found = offered(viewer)
    assert all(f" of {name}," in " ".join(found) for name in names)


def test_prepared_form_values_restored(alice):
    batch = insert_batch(alice, Status.PENDING)
    times = {"scheduled_for": "2026-02-03T09:00", "until": "2026-02-04T09:00"}
    with timezone.override(zoneinfo.ZoneInfo("Asia/Tokyo")):
        asked = form(alice, **times, **{f"after-batch-{batch.pk}": "always"})
        assert asked.is_valid(), asked.errors
        page = ScheduleForm(user=alice, operation=PRICE, was=asked.value()).as_p()
    assert 'value="2026-02-03T09:00"' in page
    assert 'value="2026-02-04T09:00"' in page
    assert 'value="always" selected' in page


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "3 Feb 2026, 23:30 UTC"),
        ("Europe/London", "3 Feb 2026, 23:30 GMT"),
        ("America/New_York", "3 Feb 2026, 18:30 EST (23:30 UTC)"),
        ("Europe/Berlin", "4 Feb 2026, 00:30 CET (3 Feb, 23:30 UTC)"),
    ],
)
def test_utc_shown_if_it_differs(zone, words):
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        assert moment_and_utc_words(datetime(2026, 2, 3, 23, 30, tzinfo=UTC)) == words
