"""Dependent and paused batches while real workers run and crash."""

import json
import os
import signal
import time
import urllib.error
import urllib.request

import pytest

from batches.models import BatchOperation, Dependency, Source, Status
from batches.operations import OPERATIONS
from batches.operations.base import DEPENDENCY
from batches.services.engine.lifecycle import cancel
from batches.services.integrity.verify import verify
from batches.services.results.run import run_of
from batches.services.runs import control, draft
from batches.services.runs.confirm import start_draft
from content.models import ApiToken, User, Wallet
from tests.batches.runs import pause, resume
from tests.factories import make_contents
from tests.faults.test_concurrent_workers import DATABASES, LONG_LEASE, make_batches

KILLED = -9
LINKS = ("on-success", "on-completion", "always")


def make(content_ids, *parents, when="on-completion"):
    """A batch that waits for these others."""
    links = [{"batchId": str(parent.pk), "when": when} for parent in parents]
    (batch,) = make_batches(content_ids, 1, percentChange=1, dependsOn=links)
    return batch


def reloaded(batch):
    batch.refresh_from_db()
    return batch


@pytest.mark.parametrize("world", DATABASES, indirect=True)
def test_fault_24_dependent_follows_link_condition(world, seven):
    whole, partly, broken, stopped = (
        make(keys) for keys in (seven, [*seven[:2], "gone"], seven[:1], seven)
    )
    waiting = {
        parent.pk: [make(seven[:1], parent, when=when) for when in LINKS]
        for parent in (whole, partly, broken, stopped)
    }
    cancel(stopped)

    for _ in range(2):
        world.start_worker(sweeps=True, FAILPOINT=f"chunk-written:raise:{broken.pk}")

    unfinished = BatchOperation.objects.unfinished()
    world.wait_until(lambda: not unfinished.exists(), "the end of all")
    ends = [reloaded(parent).status for parent in (whole, partly, broken, stopped)]
    assert ends == [Status.COMPLETED, Status.COMPLETED, Status.FAILED, Status.CANCELLED]
    begins = {key: [not reloaded(one).error_code for one in each] for key, each in waiting.items()}
    assert begins == {
        whole.pk: [True, True, True],
        partly.pk: [False, True, True],
        broken.pk: [False, False, True],
        stopped.pk: [False, False, True],
    }
    for parent in (whole, partly, broken, stopped):
        for batch, has_begun in zip(waiting[parent.pk], begins[parent.pk], strict=True):
            assert batch.success_count == has_begun
            assert batch.error_code == ("" if has_begun else DEPENDENCY)
            assert not has_begun or batch.started_at >= parent.completed_at
    assert list(verify()) == []


@pytest.fixture
def diamond(seven):
    """One for the top, one for each side, one that waits for both sides, and one for that."""
    top = make(seven)
    left, right = make(seven[:3], top), make(seven[3:], top)
    bottom = make(seven, left, right)
    return top, left, right, bottom, make(seven, bottom)


def test_fault_24_diamond_starts_after_both_sides(world, diamond):
    top, left, right, bottom, below = diamond
    pause(right)
    for _ in range(2):
        world.start_worker(sweeps=True)
    is_met = bottom.dependencies.filter(parent=left, state=Dependency.State.MET)
    world.wait_until(is_met.exists, "the first side")
    time.sleep(1.5)  # as many sweeps as would begin it
    assert (reloaded(bottom).status, bottom.waits_for) == (Status.PENDING, 1)

    resume(right)

    for batch in diamond:
        world.wait_for_end(batch)
        assert batch.success_count == batch.total_items
    assert top.completed_at <= left.started_at < right.completed_at <= bottom.started_at
    assert bottom.completed_at <= below.started_at
    assert list(verify()) == []


@pytest.mark.parametrize("world", ["files"], indirect=True)
def test_fault_24_diamond_ends_with_cancelled_side(world, diamond):
    top, left, right, bottom, below = diamond
    cancel(left)

    for _ in range(2):
        world.start_worker(sweeps=True)

    for batch in diamond:
        world.wait_for_end(batch)
    assert [top.success_count, right.success_count] == [7, 4]
    assert [bottom.status, below.status] == [Status.FAILED] * 2
    assert [bottom.error_code, below.error_code] == [DEPENDENCY] * 2
    assert bottom.items.count() == below.items.count() == 0
    assert list(verify()) == []


@pytest.mark.parametrize("world", DATABASES, indirect=True)
def test_fault_24_cycle_answered_400_with_path(world, seven):
    one, two, three = (pause(batch) for batch in make_batches(seven[:1], 3, percentChange=1))
    site = world.start_web(workers=1)
    _, token = ApiToken.objects.create(user=User.objects.get(username="alice"))
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def link(batch, parent):
        body = json.dumps({"dependsOn": [str(parent.pk)]}).encode()
        address = f"{site}/api/batches/{batch.pk}/dependencies"
        try:
            with urllib.request.urlopen(urllib.request.Request(address, body, headers)) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    assert [link(one, two)[0], link(two, three)[0]] == [200, 200]
    status, body = link(three, one)

    assert status == 400
    way = " → ".join(
        f"Update price +1 % ({str(batch.pk)[-6:]})" for batch in (three, two, one, three)
    )
    assert body["errors"] == {"dependsOn": [f"This is a cycle: {way}."]}
    assert (Dependency.objects.count(), reloaded(three).waits_for) == (2, 0)


@pytest.mark.failpoint
def test_fault_24_sweep_settles_after_worker_kill(world, seven):
    parent = world.create_batch(seven)
    child = make(seven, parent)
    doomed = world.start_worker(FAILPOINT="link-settled")
    assert world.exit_of(doomed) == KILLED
    assert reloaded(parent).status == Status.COMPLETED
    # What is settled is settled as a whole.
    assert Dependency.objects.get().state == Dependency.State.WAITING
    assert (reloaded(child).status, child.waits_for) == (Status.PENDING, 1)

    world.start_worker(sweeps=True)

    world.wait_for_end(child)
    assert (child.status, child.success_count, child.waits_for) == (Status.COMPLETED, 7, 0)
    assert Dependency.objects.get().state == Dependency.State.MET
    assert list(verify()) == []


def test_nothing_starts_after_pause_answered(world, seven, settings):
    settings.BATCH_MAX_ITEMS = 2
    alice = User.objects.get(username="alice")
    prepared = draft.draft(
        by=alice,
        source=Source.PAGE,
        operation=OPERATIONS["update-price"],
        payload={"percentChange": 1},
        content_ids=[item.pk for item in make_contents(Wallet.objects.get(), 20)],
    )
    submission = start_draft(prepared)
    batches = BatchOperation.objects.filter(submission=submission)
    in_the_middle = {"FAILPOINT": "chunk-committed:stop", "BATCH_CHUNK_ITEMS": "1"}
    workers = [world.start_worker(sweeps=True, **in_the_middle, **LONG_LEASE) for _ in range(2)]
    for worker in workers:
        world.wait_until_stopped(worker)

    control.pause(run_of(submission), by=alice)

    held = batches.filter(status=Status.PENDING, is_paused=True)
    assert held.count() == 8
    for worker in workers:
        os.kill(world.processes[worker].pid, signal.SIGCONT)
    done = batches.filter(status=Status.COMPLETED, success_count=2)
    world.wait_until(lambda: done.count() == 2, "the end of what had begun")
    time.sleep(1.5)  # as many sweeps as would begin another
    assert (held.count(), done.count()) == (8, 2)

    control.resume(run_of(submission), by=alice)
    world.wait_until(lambda: done.count() == 10, "the end of all")
    assert list(verify()) == []
