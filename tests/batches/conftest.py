"""Fixtures for the broker and the clock."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from batches import queue
from config.celery import app
from tests.services import PATIENCE_SECONDS


@pytest.fixture
def messages(transactional_db) -> Callable[[], list[tuple[str, list[str]]]]:
    """Empty the in-memory broker, and return a function that reads the messages since."""

    def read() -> list[tuple[str, list[str]]]:
        if queue._sender is not None:
            queue._sender.drain(5)
        found = []
        with app.connection_for_read() as connection:
            for name in ("batches", "outbox", "sweep"):
                simple = connection.SimpleQueue(name)
                while simple.qsize():
                    message = simple.get(timeout=PATIENCE_SECONDS)
                    message.ack()
                    found.append((message.headers["task"], list(message.payload[0])))
                simple.close()
        return found

    read()
    return read


@pytest.fixture
def clock(time_machine) -> Callable[[str], None]:
    """A stopped clock in UTC that can be set; initially 4 March 2026 at noon."""

    def put(text: str) -> None:
        time_machine.move_to(datetime.fromisoformat(text).replace(tzinfo=UTC), tick=False)

    put("2026-03-04T12:00")
    return put
