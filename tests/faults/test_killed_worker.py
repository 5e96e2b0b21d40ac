"""A worker is killed at each critical point; another finishes, nothing runs twice."""

import pytest

from batches.models import BatchItem, Status
from content.models import ContentChange
from tests.faults.worlds import assert_exactly_once

KILLED = -9


@pytest.mark.failpoint
@pytest.mark.parametrize(
    ("place", "done"),
    [
        ("before-claim", 0),
        ("effects-written", 0),
        ("chunk-written", 0),
        ("chunk-committed", 3),
        ("before-acknowledgement", 7),
    ],
)
def test_fault_01_new_worker_resumes_killed_one(world, seven, place, done):
    batch = world.create_batch(seven)
    doomed = world.start_worker(FAILPOINT=place)
    assert world.exit_of(doomed) == KILLED
    # What stands is what was committed: effects and results go together.
    assert BatchItem.objects.count() == done
    assert ContentChange.objects.filter(version=2).count() == done

    world.start_worker(sweeps=True)

    world.wait_for_end(batch)
    assert_exactly_once(batch)


# With the broker of plain files a worker has threads and no children: see CELERY_WORKER_POOL.
@pytest.mark.parametrize("world", ["servers", "rabbit"], indirect=True)
def test_fault_01_child_dying_after_every_chunk(world, seven):
    batch = world.create_batch(seven)

    world.start_worker(pool="prefork", sweeps=True, FAILPOINT="chunk-committed")

    world.wait_for_end(batch)
    assert_exactly_once(batch)


@pytest.mark.failpoint
def test_fault_01_killed_worker_calls_chain_once(world, seven):
    batch = world.create_batch(seven)
    doomed = world.start_worker(FAILPOINT="call-sent")
    assert world.exit_of(doomed) == KILLED

    _let_leases_end()
    world.start_worker(sweeps=True)

    world.wait_for_end(batch)
    assert_exactly_once(batch)


def _let_leases_end() -> None:
    """As if the minute had passed that a worker may take over a call."""
    from django.utils import timezone

    from content.models import ContractCall

    ContractCall.objects.update(due_at=timezone.now())


def test_batch_waits_for_a_worker(world, seven):
    batch = world.create_batch(seven)
    assert batch.status == Status.PENDING

    world.start_worker()

    world.wait_for_end(batch)
    assert_exactly_once(batch)
