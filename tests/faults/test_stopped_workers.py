"""Workers that are suspended, stopped, or killed by their batch every time."""

import os
import signal

import pytest

from batches.models import BatchItem, BatchOperation, Status
from batches.services.engine.run_batch import ABORTED_WORDS
from batches.services.integrity.verify import verify
from content.models import Content, ContentChange, Wallet
from tests.factories import make_contents
from tests.faults.test_concurrent_workers import make_batches
from tests.faults.worlds import assert_exactly_once

IMPATIENT = {"BATCH_LEASE_SECONDS": "1", "BATCH_TELL_AGAIN_SECONDS": "0.2", "SWEEP_SECONDS": "0.2"}


@pytest.mark.parametrize("world", ["files", "servers", "documents"], indirect=True)
def test_fault_05_a_stopped_worker_is_refused(world, seven):
    batch = world.create_batch(seven)
    stopped = world.start_worker(FAILPOINT="chunk-committed:stop")
    world.wait_until_stopped(stopped)
    assert BatchItem.objects.count() == 3

    world.start_worker(sweeps=True)
    world.wait_for_end(batch)

    os.kill(world.processes[stopped].pid, signal.SIGCONT)
    world.wait_until(lambda: "batch_left" in world.log_of(stopped), "the refusal")
    assert_exactly_once(batch)
    assert world.processes[stopped].poll() is None


# On SQLite whoever is stopped within a transaction keeps everybody from writing.
@pytest.mark.parametrize("world", ["servers"], indirect=True)
def test_fault_05_suspended_worker_rolls_back(world, seven):
    batch = world.create_batch(seven)
    stopped = world.start_worker(FAILPOINT="chunk-written:stop")
    world.wait_until_stopped(stopped)
    token = BatchOperation.objects.get().lease_token

    world.start_worker(sweeps=True)
    taken_over = BatchOperation.objects.exclude(lease_token=token)
    world.wait_until(taken_over.exists, "another worker")
    assert not BatchItem.objects.exists()

    os.kill(world.processes[stopped].pid, signal.SIGCONT)
    world.wait_until(lambda: "batch_left" in world.log_of(stopped), "the refusal")
    world.wait_for_end(batch)
    assert_exactly_once(batch)


@pytest.mark.parametrize(
    ("world", "pool"),
    [("files", "threads"), ("servers", "prefork"), ("rabbit", "prefork")],
    indirect=["world"],
)
def test_fault_21_stopping_worker_leaves_no_batch(world, seven, pool):
    ids = [content.pk for content in make_contents(Wallet.objects.get(), 40)]
    batches = make_batches(ids, 8, percentChange=1)
    world.start_worker(pool=pool, sweeps=True, BATCH_CHUNK_ITEMS="1")
    world.wait_until(BatchItem.objects.exists, "the first chunk")

    os.kill(world.processes[0].pid, signal.SIGTERM)

    assert world.exit_of(0) == 0
    assert not BatchOperation.objects.filter(status=Status.PROCESSING).exists()
    # Being asked to stop never counts as an attempt.
    assert set(BatchOperation.objects.values_list("attempts", "raised")) == {(0, 0)}
    assert list(verify()) == []

    world.start_worker(pool=pool, sweeps=True)
    for batch in batches:
        world.wait_for_end(batch)
    assert list(verify()) == []
    assert set(Content.objects.filter(pk__in=ids).values_list("version", flat=True)) == {9}


@pytest.mark.parametrize("world", ["files", "servers"], indirect=True)
def test_fault_22_failing_chunk_runs_item_by_item(world, seven):
    batch = world.create_batch(seven)
    other = world.create_batch(seven)

    world.start_worker(sweeps=True, FAILPOINT=f"effects-written:raise:{batch.pk}")

    world.wait_for_end(batch)
    assert (batch.status, batch.failure_count, batch.success_count) == (Status.COMPLETED, 7, 0)
    assert set(batch.items.values_list("code", flat=True)) == {"internal"}
    world.wait_for_end(other)
    assert (other.status, other.success_count) == (Status.COMPLETED, 7)
    assert ContentChange.objects.filter(version=2).count() == 7
    assert list(verify()) == []


@pytest.mark.parametrize("world", ["files", "servers"], indirect=True)
def test_fault_22_batch_aborted_after_three_errors(world, seven):
    batch = world.create_batch(seven)
    other = world.create_batch(seven)

    world.start_worker(sweeps=True, FAILPOINT=f"chunk-written:raise:{batch.pk}")

    _is_broken_off(world, batch, other)
    assert world.log_of(0).count("batch_raised") == 3


# With the broker of plain files a worker has threads and no children: see CELERY_WORKER_POOL.
@pytest.mark.parametrize("world", ["servers"], indirect=True)
def test_fault_22_batch_aborted_after_ten_kills(world, seven):
    batch = world.create_batch(seven)
    other = world.create_batch(seven)

    world.start_worker(
        pool="prefork", sweeps=True, FAILPOINT=f"chunk-written:die:{batch.pk}", **IMPATIENT
    )

    _is_broken_off(world, batch, other)
    assert BatchOperation.objects.get(pk=batch.pk).attempts == 11


def _is_broken_off(world, batch, other):
    world.wait_for_end(other)
    assert (other.status, other.success_count) == (Status.COMPLETED, 7)
    world.wait_for_end(batch)
    assert (batch.status, batch.error) == (Status.FAILED, ABORTED_WORDS)
    assert (batch.lease_token, batch.success_count, batch.failure_count) == (None, 0, 0)
    assert not batch.items.exists()
    assert ContentChange.objects.filter(version=2).count() == 7
    assert list(verify()) == []
