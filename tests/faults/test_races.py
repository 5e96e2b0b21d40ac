"""Concurrent actions that exclude each other, many times."""

import json
from collections import Counter

import pytest
from django.db import connection

from batches.models import BatchOperation, Dependency, Follows, Status
from batches.services.engine.run_batch import run_batch
from batches.services.integrity.verify import verify
from content.models import Content
from tests.batches.runs import pause, resume
from tests.faults.test_concurrent_workers import LONG_LEASE, make_batches

pytestmark = pytest.mark.parametrize("world", ["files", "servers", "documents"], indirect=True)

TIMES = 20
REFUSED, TOO_LATE = "invalid", "wrong-state"


def race(world, rounds):
    """What came of each move of each round."""
    if connection.vendor == "postgresql":  # else each that it ends has waited for a second
        with connection.cursor() as cursor:
            name = connection.settings_dict["NAME"]
            cursor.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '50ms'")
    said = world.run("tests.faults.races", json.dumps(rounds), **LONG_LEASE)
    return [tuple(outcomes) for outcomes in json.loads(said)]


@pytest.fixture
def make(seven, settings):
    """Make so many batches of the first item; by the ids that the moves are told."""
    settings.BATCH_QUOTA_PER_HOUR = 1000

    def make(times, *, held=False):
        batches = make_batches(seven[:1], times, percentChange=1)
        return [str((pause(batch) if held else batch).pk) for batch in batches]

    return make


def state_of(key):
    batch = BatchOperation.objects.get(pk=key)
    return batch.status, batch.is_paused, batch.success_count, batch.items.count()


def test_fault_24_concurrent_cycles_refused(world, make):
    ones, others, thirds = (make(TIMES, held=True) for _ in range(3))
    pairs, rings = zip(ones, others, strict=True), zip(ones, others, thirds, strict=True)
    circles = [*list(pairs)[:-5], *list(rings)[-5:]]
    rounds = [
        [["link", key, circle[place - 1]] for place, key in enumerate(circle)]
        + [["rest"]] * (3 - len(circle))
        for circle in circles
    ]

    came = race(world, rounds)

    for outcomes in came:
        assert Counter(outcomes)[REFUSED] == 1, came
        assert set(outcomes) <= {"done", REFUSED, "nothing"}, came
    # Each circle lacks one link, so that each of its batches has its turn.
    assert Dependency.objects.count() == sum(len(circle) - 1 for circle in circles)
    assert list(verify()) == []


def test_fault_24_parent_ending_during_link_unblocks(world, make):
    parents, children = make(TIMES), make(TIMES, held=True)
    (last,) = make(1, held=True)
    rounds = [
        [
            ["cancel" if place % 4 == 3 else "run", parent],
            ["link", child, parent, last],
            ["settle", parent],
            ["settle", parent],
        ]
        for place, (parent, child) in enumerate(zip(parents, children, strict=True))
    ]

    came = race(world, rounds)

    assert {outcomes[:2] for outcomes in came} == {("done", "done")}, came
    assert list(verify()) == []  # each counts what it waits for, and is told of each once
    for key in (last, *children):
        batch = BatchOperation.objects.get(pk=key)
        if batch.status == Status.PENDING:
            resume(batch)

    world.start_worker(sweeps=True)
    unfinished = BatchOperation.objects.unfinished()
    world.wait_until(lambda: not unfinished.exists(), "the end of all that waited")
    found = BatchOperation.objects.in_bulk(children + parents)
    ended = {str(key): batch.status for key, batch in found.items()}
    follows = {Status.COMPLETED: Status.COMPLETED, Status.CANCELLED: Status.FAILED}
    assert [ended[key] for key in children] == [follows[ended[key]] for key in parents]
    assert Dependency.objects.waiting().count() == 0
    assert list(verify()) == []


def test_batch_is_either_paused_or_running(world, make):
    batches = make(TIMES)

    came = race(world, [[["hold", key], ["run", key], ["run", key]] for key in batches])

    for key, (hold, *runs) in zip(batches, came, strict=True):
        if hold == "done":
            assert runs == ["nothing"] * 2
            assert state_of(key) == (Status.PENDING, True, 0, 0)
        else:
            assert (hold, sorted(runs)) == (TOO_LATE, ["done", "nothing"])
            assert state_of(key) == (Status.COMPLETED, False, 1, 1)
    assert list(verify()) == []


@pytest.mark.parametrize("follows", list(Follows))
def test_one_concurrent_follow_up_succeeds(world, seven, follows):
    originals = [make_batches([key, "gone"], 1, newPrice=9)[0] for key in seven]
    was = dict(Content.objects.filter(pk__in=seven).values_list("pk", "price"))
    for batch in originals:
        assert run_batch(batch.pk)

    came = race(world, [[["follow", str(batch.pk), follows]] * 4 for batch in originals])

    assert [sorted(outcomes) for outcomes in came] == [["done", *[TOO_LATE] * 3]] * 7
    followers = BatchOperation.objects.exclude(pk__in=[batch.pk for batch in originals])
    field = f"{follows}_of_id"
    assert set(followers.values_list(field, flat=True)) == {batch.pk for batch in originals}
    assert followers.count() == 7
    for key in followers.values_list("pk", flat=True):
        assert run_batch(key)
    now = dict(Content.objects.filter(pk__in=seven).values_list("pk", "price"))
    assert now == (was if follows == Follows.UNDO else dict.fromkeys(seven, 9))
    assert list(verify()) == []
