"""The virtual host of chaos: disturbed as configured, removed afterwards."""

import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from kombu import Connection, Queue

from batches.management.chaos.brokers import Broker, OwnVirtualHost, broker_for
from tests.services import free_port, need_program, need_server

pytestmark = pytest.mark.processes
URL = "amqp://guest:guest@127.0.0.1:5672/"


def own_virtual_hosts() -> set[str]:
    """Return those that this process created, by name."""
    control = need_program("rabbitmqctl")
    listed = subprocess.check_output([control, "-q", "list_vhosts", "name"], text=True).split()
    mine = OwnVirtualHost(URL, control).name.rpartition("_")[0]
    return {name for name in listed if name.startswith(f"{mine}_")}


@pytest.fixture
def own():
    need_server("RabbitMQ", 5672)
    need_program("rabbitmqctl")
    broker = broker_for(URL, Path())
    yield broker
    broker.stop()


@pytest.fixture
def connection(own):
    with Connection(own.url) as connection:
        yield connection


def send_one(connection):
    queue = Queue("batches")(connection.channel())
    queue.declare()
    with closing(connection.Producer()) as producer:
        producer.publish("told", routing_key="batches")


def waiting(own) -> int:
    with Connection(own.url) as connection:
        return Queue("batches")(connection.channel()).queue_declare(passive=True).message_count


def is_cut(connection) -> bool:
    try:
        connection.drain_events(timeout=5)
    except TimeoutError:
        return False
    except connection.connection_errors:
        return True
    raise AssertionError("nobody told it anything")


def test_it_is_made_and_removed(own):
    assert own_virtual_hosts() == {own.name}
    assert (own.url, own.remark) == (f"{URL}{own.name}", "")

    own.stop()
    own.stop()

    assert own_virtual_hosts() == set()


@pytest.mark.parametrize(("how", "left"), [("connections", 1), ("connections and messages", 0)])
def test_broker_connections_cut_and_messages_lost(own, connection, how, left):
    assert set(own.harms) == {"connections", "connections and messages"}
    send_one(connection)

    own.harm(how)

    assert is_cut(connection)
    assert waiting(own) == left


def test_purging_missing_queues_is_safe(own):
    own.harm("connections and messages")

    with Connection(own.url) as connection:
        assert connection.connect().connected


@pytest.mark.parametrize("host", ["rabbit.example.org:5672", "127.0.0.1:{free}"])
def test_existing_vhost_used_if_not_creatable(host):
    url = f"amqp://guest:guest@{host.format(free=free_port())}/given"

    given = broker_for(url, Path())

    assert type(given) is Broker
    assert (given.url, dict(given.harms)) == (url, {})
    assert "can't create a virtual host" in given.remark
    assert own_virtual_hosts() == set()
