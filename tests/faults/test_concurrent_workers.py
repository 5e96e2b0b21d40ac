"""Concurrent processes for the same work: one gets it, nothing runs twice."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import BatchItem, BatchOperation, Source, Status
from batches.operations import OPERATIONS
from batches.services.integrity.verify import verify
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from content.models import Content, ContentChange, User, Wallet
from tests.factories import make_contents
from tests.faults.messages import tell_workers
from tests.faults.worlds import assert_exactly_once

# Nobody here dies: a lease that ends on a busy machine would have a second claim win, rightly.
LONG_LEASE = {"BATCH_LEASE_SECONDS": "60"}
DATABASES = ["files", "servers", "documents"]


def make_batches(content_ids, times, **body):
    alice = User.objects.get(username="alice")
    orders = [
        clean_order(OPERATIONS["update-price"], {"contentIds": content_ids, **each})
        for each in [body] * times
    ]
    return [create_batch(order, by=alice, source=Source.API) for order in orders]


def run_workers(world, count, work, batches=()):
    keys = [str(batch.pk) for batch in batches]
    return json.loads(world.run("tests.faults.workers", str(count), work, *keys, **LONG_LEASE))


@pytest.mark.parametrize("world", DATABASES, indirect=True)
def test_fault_04_one_of_eight_workers_claims(world, seven):
    batch = world.create_batch(seven)

    won = run_workers(world, 8, "run", [batch])

    assert sorted(won) == [0] * 7 + [1]
    batch.refresh_from_db()
    assert (batch.status, batch.success_count) == (Status.COMPLETED, 7)
    assert list(verify()) == []
    assert ContentChange.objects.filter(version=2).count() == 7
    assert not ContentChange.objects.filter(version=3).exists()


@pytest.mark.parametrize("world", ["servers", "rabbit"], indirect=True)
def test_fault_04_eight_children_run_a_batch_once(world, seven):
    batch = world.create_batch(seven)
    tell_workers(world, batch, times=7)

    world.start_worker(pool="prefork", sweeps=True, WORKER_CONCURRENCY="8")

    world.wait_for_end(batch)
    assert_exactly_once(batch)


@pytest.mark.parametrize("world", DATABASES, indirect=True)
def test_fault_18_concurrent_batches_leave_gapless_history(world, seven):
    batches = make_batches(seven, 6, percentChange=10)

    won = run_workers(world, 4, "run", batches)

    assert sum(won) == 6
    assert set(BatchOperation.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    assert list(verify()) == []
    outcomes = BatchItem.objects.values_list("outcome", flat=True)
    assert (len(outcomes), set(outcomes)) == (42, {BatchItem.Outcome.SUCCEEDED})
    for key in seven:
        changes = list(ContentChange.objects.filter(content_id=key).order_by("version"))
        assert [change.version for change in changes] == [1, 2, 3, 4, 5, 6, 7]
        prices = [change.after["price"] for change in changes]
        assert [change.before["price"] for change in changes[1:]] == prices[:-1]
        assert Content.objects.get(pk=key).price == prices[-1]


@pytest.mark.parametrize("world", DATABASES, indirect=True)
def test_fault_25_one_of_eight_sweepers_queues(world, seven):
    batches = make_batches(seven, 20, newPrice=1)
    heard_of = timezone.now() - timedelta(hours=1)
    BatchOperation.objects.update(queued_at=heard_of)

    won = run_workers(world, 8, "sweep")

    assert sum(won) == len(batches)
    assert not BatchOperation.objects.filter(queued_at=heard_of).exists()


def test_fault_25_two_sweepers_run_each_batch_once(world, seven):
    more = make_contents(Wallet.objects.get(), 2, onchain_id=None)
    BatchOperation.objects.update(queued_at=timezone.now() - timedelta(hours=1))
    for _ in range(2):
        world.start_worker(sweeps=True)

    batch = world.create_batch(seven)
    other = world.create_batch([content.pk for content in more])

    world.wait_for_end(other)
    world.wait_for_end(batch)
    assert list(verify()) == []
    assert ContentChange.objects.filter(version=2).count() == 9
    assert not ContentChange.objects.filter(version=3).exists()
