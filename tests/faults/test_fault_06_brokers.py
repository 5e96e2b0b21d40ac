"""All brokers behave the same; only CELERY_BROKER_URL differs."""

import signal
import subprocess
import time
from contextlib import closing

import pytest
import redis
from kombu import Connection

from batches.models import BatchOperation, Status
from config.brokers import broker_settings
from content.models import Wallet
from tests.conftest import person
from tests.factories import make_contents
from tests.faults.worlds import NEW_PRICE, World, assert_exactly_once
from tests.services import free_port, need_program

SWEEPS_SECONDS = 4
BATCHES = 3


@pytest.fixture
def items(any_broker) -> list[str]:
    """Seven items of alice, and one left alone."""
    wallet = Wallet.objects.get(owner=person("alice", is_creator=True))
    contents = make_contents(wallet, 8, onchain_id=lambda number: number)
    return [content.pk for content in contents[:7]]


def messages(world: World, *, purge: bool = False) -> int:
    """How many messages wait for the workers; with `purge` they are lost as well."""
    url, options = broker_settings(world.broker_url, world.folder)
    with closing(Connection(url, transport_options=options)) as connection:
        channel = connection.channel()
        if purge:
            channel.queue_purge("batches")
        try:
            return channel.queue_declare("batches", passive=True).message_count
        except connection.channel_errors:
            return 0


def test_batch_completes_after_worker_kill(any_broker, items):
    first = any_broker.start_worker(sweeps=True, FAILPOINT="chunk-written")
    batch = any_broker.create_batch(items)
    assert any_broker.exit_of(first) == -signal.SIGKILL

    second = any_broker.start_worker(sweeps=True)

    any_broker.wait_for_end(batch)
    assert_exactly_once(batch, price=NEW_PRICE)
    any_broker.processes[second].send_signal(signal.SIGTERM)
    assert any_broker.exit_of(second) == 0


def test_backlog_queued_once_and_resent_when_lost(any_broker, items):
    any_broker.start_worker(queues="sweep,outbox", sweeps=True)  # nobody runs batches
    for number in range(BATCHES):
        any_broker.create_batch(items[number : number + 1])
    any_broker.wait_until(lambda: messages(any_broker) >= BATCHES, "the messages")
    # A message that was slow to arrive may have been told again before: no more than once.
    level = messages(any_broker)
    assert level <= 2 * BATCHES

    end = time.monotonic() + SWEEPS_SECONDS
    while time.monotonic() < end:
        assert messages(any_broker) == level
        time.sleep(0.2)

    messages(any_broker, purge=True)  # the broker forgets everything
    any_broker.wait_until(lambda: messages(any_broker) >= BATCHES, "the messages, told again")

    any_broker.start_worker()
    done = BatchOperation.objects.filter(status=Status.COMPLETED, success_count=1)
    any_broker.wait_until(lambda: done.count() == BATCHES, "the end of all")


@pytest.mark.parametrize("any_broker", ["redis", "rabbitmq"], indirect=True)
def test_fault_06_beat_and_workers_reconnect(any_broker, items):
    any_broker.start_worker(pool="prefork", sweeps=True)
    before = any_broker.create_batch(items[:1])
    any_broker.wait_for_end(before)

    cut_connections(any_broker)

    # Of the first of these only the sweep tells the worker.
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    swept = any_broker.create_batch(items[1:2], CELERY_BROKER_URL=nowhere)
    any_broker.wait_for_end(swept)
    told = any_broker.create_batch(items[2:3])
    any_broker.wait_for_end(told)
    done = BatchOperation.objects.filter(status=Status.COMPLETED, success_count=1)
    assert done.count() == 3


def cut_connections(world: World) -> None:
    """As a broker does that is restarted; what it holds stays."""
    if world.broker_url.startswith("redis"):
        redis.Redis.from_url(world.broker_url).execute_command("CLIENT", "KILL", "TYPE", "normal")
        return
    name = world.broker_url.rpartition("/")[2]
    command = [need_program("rabbitmqctl"), "-q", "close_all_connections", "--vhost", name, "test"]
    subprocess.run(command, check=True)
