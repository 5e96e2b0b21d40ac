"""The figures of the home pages, over batches of several users, states and days."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batches.models import OUTCOME_CHOICES, OUTCOMES, BatchOperation, Status
from batches.services.pages.overview import (
    DAYS,
    Unfinished,
    creator_overview,
    days_of,
    failures_of,
    staff_overview,
    unfinished_of,
)
from content.models import ContractCall
from content.rules import day_bounds
from tests.batches.inserted import insert_batch
from tests.factories import WalletFactory, make_contents

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
EVERYTHING = BatchOperation.objects


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def test_running_and_waiting_are_counted(alice, bob):
    insert_batch(alice, Status.PROCESSING)
    insert_batch(alice, Status.COMPLETED)
    waited = insert_batch(bob, Status.PENDING, created_at=NOW - timedelta(minutes=3))
    insert_batch(bob, Status.PENDING)
    asked = NOW - timedelta(days=9)
    insert_batch(bob, Status.PENDING, created_at=asked, scheduled_for=NOW + timedelta(days=1))
    assert unfinished_of(EVERYTHING.all()) == Unfinished(1, 3, waited.created_at, 1)
    # Who is on hold, or waits for others, waits for no worker; a time that came counts from then.
    insert_batch(bob, Status.PENDING, created_at=asked, is_paused=True)
    insert_batch(bob, Status.PENDING, created_at=asked, waits_for=1)
    due = NOW - timedelta(minutes=4)
    insert_batch(bob, Status.PENDING, created_at=asked, scheduled_for=due)
    assert unfinished_of(EVERYTHING.all()) == Unfinished(1, 6, due, 3)
    assert unfinished_of(EVERYTHING.none()) == Unfinished(0, 0, None, 0)


def test_failures_of_today(alice, bob):
    insert_batch(alice, failed=3)
    insert_batch(bob, Status.CANCELLED, failed=1, succeeded=2)
    insert_batch(bob, Status.FAILED)
    insert_batch(bob, Status.FAILED, failed=2)
    insert_batch(alice, failed=9, completed_at=NOW - timedelta(days=1))
    insert_batch(alice, Status.PROCESSING, failed=5)
    failures = failures_of(EVERYTHING.all(), timezone.localdate())
    assert (failures.batches, failures.items, failures.aborted) == (3, 6, 2)


ENDS = [
    (Status.COMPLETED, 4, 0, "succeeded"),
    (Status.COMPLETED, 3, 1, "partial"),
    (Status.COMPLETED, 0, 4, "failed"),
    (Status.FAILED, 2, 0, "partial"),
    (Status.FAILED, 2, 1, "partial"),
    (Status.FAILED, 0, 0, "failed"),
    (Status.FAILED, 0, 2, "failed"),
    (Status.CANCELLED, 2, 0, "partial"),
    (Status.CANCELLED, 0, 2, "failed"),
    (Status.CANCELLED, 0, 0, "untouched"),
]


def test_every_end_has_one_outcome(alice):
    batches = [
        insert_batch(alice, status, succeeded=succeeded, failed=failed)
        for status, succeeded, failed, _ in ENDS
    ]
    insert_batch(alice, Status.PROCESSING, succeeded=2)
    for batch, (*_, outcome) in zip(batches, ENDS, strict=True):
        assert (batch.outcome or "untouched") == outcome
        found = [name for name in OUTCOMES if EVERYTHING.of_outcome(name).filter(pk=batch.pk)]
        assert found == [outcome]
    today = days_of(EVERYTHING.all())[-1]
    assert today.counts == {"succeeded": 1, "partial": 4, "failed": 4, "untouched": 1}
    for name, _ in OUTCOME_CHOICES:
        expected = today.counts.get(name, sum(end[2] > 0 for end in ENDS))
        assert EVERYTHING.of_outcome(name).count() == expected, name


def test_days_end_today(alice):
    insert_batch(alice, completed_at=NOW - timedelta(days=DAYS - 1))
    insert_batch(alice, completed_at=NOW - timedelta(days=DAYS))
    days = days_of(EVERYTHING.all())
    assert [day.day for day in days] == [
        date(2026, 11, 11) + timedelta(days=number) for number in range(14)
    ]
    assert [day.total for day in days] == [1] + [0] * 13


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", 23), ("Asia/Tokyo", 24), ("America/Los_Angeles", 23), ("Pacific/Kiritimati", 24)],
)
def test_a_day_is_the_viewer_s(alice, zone, day):
    """23:30 UTC on the 23rd is the morning of the 24th in Tokyo."""
    insert_batch(alice, failed=1, completed_at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        assert [one.day.day for one in days_of(EVERYTHING.all()) if one.total] == [day]
        assert failures_of(EVERYTHING.all(), date(2026, 11, day)).items == 1
        assert failures_of(EVERYTHING.all(), date(2026, 11, 47 - day)).items == 0


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),  # midnight itself is left out
        ("UTC", date(2026, 3, 29), 24),
    ],
)
def test_days_adjoin_at_clock_changes(zone, day, hours):
    since, until = (moment.astimezone(UTC) for moment in day_bounds(day, zoneinfo.ZoneInfo(zone)))
    assert until - since == timedelta(hours=hours)


def test_creator_figures_cover_own_wallets(alice, bob, wallet_of):
    for person in (alice, bob):
        insert_batch(person, Status.PROCESSING)
        insert_batch(person, failed=2)
        make_contents(wallet_of(person), 3)
        make_contents(wallet_of(person), 1, is_removed=True)
    own = {wallet_of(alice).pk}
    second = WalletFactory(owner=alice)
    own.add(second.pk)
    insert_batch(alice, Status.PENDING, creator=second)
    insert_batch(bob, Status.FAILED)

    overview = creator_overview(alice)

    assert {wallet.pk for wallet, _ in overview.quotas} == own
    assert (overview.on_sale, overview.removed) == (3, 1)
    assert (overview.unfinished.running, overview.unfinished.waiting) == (1, 1)
    assert [batch.status for batch in overview.moving] == [Status.PROCESSING, Status.PENDING]
    assert {batch.creator_id for batch in [*overview.moving, *overview.failed]} == own
    assert len(overview.failed) == 1
    assert sum(day.total for day in overview.days) == 1


def test_staff_home_shows_own_batches(staff, alice):
    insert_batch(alice, Status.PENDING)
    overview = creator_overview(staff)
    assert overview.unfinished.waiting == 0
    assert not overview.has_batches
    assert staff_overview(staff).unfinished.waiting == 1


def test_newest_failures_first_and_limited(alice):
    insert_batch(alice, failed=1, completed_at=NOW - timedelta(days=15))
    insert_batch(alice, completed_at=NOW)
    keys = [
        insert_batch(alice, failed=1, completed_at=NOW - timedelta(hours=number)).pk
        for number in range(1, 9)
    ]
    assert [batch.pk for batch in creator_overview(alice).failed] == keys[:5]


def test_contract_calls_are_open_or_failed_today(viewer):
    for state in ContractCall.State.values:
        ContractCall.objects.create(client="sandbox", function="f", state=state)
    ContractCall.objects.create(
        client="sandbox", function="f", state="failed", updated_at=NOW - timedelta(days=1)
    )
    health = staff_overview(viewer).health
    assert (health.calls_open, health.calls_failed) == (3, 1)


@pytest.mark.parametrize("count", [0, 30])
def test_overview_query_count_constant(viewer, alice, wallet_of, count):
    make_contents(wallet_of(alice), count)
    for number in range(count):
        insert_batch(alice, failed=number % 3, completed_at=NOW - timedelta(hours=7 * number))
        insert_batch(alice, Status.PENDING)
    viewer.has_perm("batches.view_batchoperation")  # read once and kept
    for overview, person, queries in ((staff_overview, viewer, 8), (creator_overview, alice, 8)):
        with CaptureQueriesContext(connection) as captured:
            overview(person)
        assert len(captured) == queries
