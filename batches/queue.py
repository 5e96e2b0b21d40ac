"""Publishes messages after commit and in the background; imports no task.

The broker is a hint: the sweeper replaces messages that are lost or find this queue full. So no
request ever waits for a broker that is down or silent.
"""

import atexit
import os
import queue
import threading
from typing import Any

import structlog

from config.celery import app
from config.database import on_commit

log = structlog.get_logger(__name__)

MAX_WAITING = 1000
DRAIN_SECONDS = 2.0
NO_SUCH_QUEUE = "404"


class Sender:
    """One thread a process with a bounded queue of (task, arguments)."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.waiting: queue.Queue[tuple[str, tuple[str, ...]]] = queue.Queue(MAX_WAITING)
        self.thread = threading.Thread(target=self._run, name="broker-sender", daemon=True)
        self.thread.start()

    def put(self, name: str, arguments: tuple[str, ...]) -> None:
        try:
            self.waiting.put_nowait((name, arguments))
        except queue.Full:
            log.warning("broker_queue_full", task=name)

    def drain(self, seconds: float) -> None:
        """Wait up to `seconds` until the queue is empty."""
        done = threading.Thread(target=self.waiting.join, daemon=True)
        done.start()
        done.join(seconds)

    def _run(self) -> None:
        while True:
            name, arguments = self.waiting.get()
            try:
                app.send_task(name, args=arguments, retry=False)
            except Exception as error:
                # Transports raise anything; the row is stored, and the sweeper publishes it again.
                log.warning("broker_unreachable", task=name, error=str(error))
            finally:
                self.waiting.task_done()


def messages_waiting(queue_name: str) -> int | None:
    """Return the number of messages at the broker; None if unknown.

    Uses the network, for some seconds at most: never call it in a transaction.
    """
    try:
        with app.connection_for_write() as connection:
            return _count(connection, queue_name)
    except Exception as error:
        log.warning("broker_unreachable", task="count", error=str(error))
        return None


def _count(connection: Any, queue_name: str) -> int:
    try:
        return int(connection.channel().queue_declare(queue_name, passive=True).message_count)
    except connection.channel_errors as error:
        # Redis reports an empty queue like this, others a queue without any listener yet.
        if str(getattr(error, "reply_code", "")) == NO_SUCH_QUEUE:
            return 0
        raise


_sender: Sender | None = None
_lock = threading.Lock()


def enqueue(name: str, *arguments: str) -> None:
    """Publish the task after commit; never blocks, never raises."""
    on_commit(lambda: _current_sender().put(name, arguments))


def drain(seconds: float) -> None:
    """Wait until all messages have reached the broker, at most `seconds`."""
    _current_sender().drain(seconds)


def _current_sender() -> Sender:
    global _sender
    with _lock:
        # A fork copies the object but not its thread.
        if _sender is None or _sender.process != os.getpid():
            _sender = Sender()
            atexit.register(_sender.drain, DRAIN_SECONDS)
    return _sender
