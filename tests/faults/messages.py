"""Lost and repeated messages of an installation."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from kombu import Connection

from batches.models import BatchOperation
from config.brokers import broker_settings
from config.celery import app
from tests.faults.worlds import World

QUEUES = ("batches", "outbox", "sweep")


def lose_all_messages(world: World) -> None:
    if world.broker_url.startswith("redis"):
        redis.Redis.from_url(world.broker_url).flushdb()
    elif world.broker_url.startswith("amqp"):
        with _connection(world) as connection:
            for name in QUEUES:
                connection.default_channel.queue_delete(name)
    else:
        messages = world.folder / "broker" / "messages"
        assert list(messages.iterdir())
        shutil.rmtree(messages)
        messages.mkdir()


def tell_workers(world: World, batch: BatchOperation, times: int) -> None:
    """The message of a batch, so many times."""
    with _connection(world) as connection:
        for _ in range(times):
            app.send_task("batches.run_batch", args=[str(batch.pk)], connection=connection)


@contextmanager
def _connection(world: World) -> Iterator[Connection]:
    url, options = broker_settings(world.broker_url, world.folder)
    with Connection(url, transport_options=options) as connection:
        yield connection
