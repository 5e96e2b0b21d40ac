"""The broker is a hint: lost messages are replaced, repeated ones do nothing."""

import pytest
from django.utils import timezone

from batches.models import Status
from content.models import ContentChange, ContractCall
from tests.faults.messages import lose_all_messages, tell_workers
from tests.faults.worlds import assert_exactly_once
from tests.services import free_port

WORLDS = ["files", "servers", "rabbit"]


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_fault_02_sweep_resends_lost_message(world, seven):
    batch = world.create_batch(seven)
    lose_all_messages(world)

    world.start_worker(sweeps=True)

    world.wait_for_end(batch)
    assert_exactly_once(batch)


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_fault_03_nine_of_ten_messages_do_nothing(world, seven):
    batch = world.create_batch(seven)
    tell_workers(world, batch, times=9)

    for _ in range(2):
        world.start_worker(pool="prefork")

    world.wait_for_end(batch)
    assert_exactly_once(batch)


def test_fault_06_create_does_not_wait_for_broker(world, seven):
    closed = f"redis://127.0.0.1:{free_port()}/0"

    batch = world.create_batch(seven, CELERY_BROKER_URL=closed)

    assert batch.status == Status.PENDING
    # The broker is back.
    world.start_worker(sweeps=True)
    world.wait_for_end(batch)
    assert_exactly_once(batch)


def test_a_batch_completes_while_the_chain_is_unreachable(world, seven):
    batch = world.create_batch(seven)
    first = world.start_worker(SANDBOX_FAILURE="unreachable")

    world.wait_for_end(batch)

    assert (batch.status, batch.success_count) == (Status.COMPLETED, 7)
    changes = ContentChange.objects.filter(cause=f"batch:{batch.pk}")
    assert {change.chain_state for change in changes} == {ContentChange.ChainState.RETRYING}
    assert all("unreachable" in change.chain_error for change in changes)

    # The node is back, and the pause is over.
    world.processes[first].kill()
    ContractCall.objects.update(due_at=timezone.now())
    world.start_worker(sweeps=True)
    confirmed = changes.filter(chain_state=ContentChange.ChainState.CONFIRMED)
    world.wait_until(lambda: confirmed.count() == len(seven), "the chain's answer")
    assert_exactly_once(batch)


@pytest.mark.parametrize("world", ["files"], indirect=True)
def test_a_worker_survives_half_a_message(world, seven):
    messages = world.folder / "broker" / "messages"
    messages.mkdir(parents=True, exist_ok=True)
    (messages / "0_x.batches.msg").touch()
    worker = world.start_worker(sweeps=True)
    world.wait_until(lambda: not list(messages.glob("0_x*")), "the message was taken")

    batch = world.create_batch(seven)

    world.wait_for_end(batch)
    assert_exactly_once(batch)
    assert world.processes[worker].poll() is None
