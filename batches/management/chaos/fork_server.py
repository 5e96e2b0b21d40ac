"""Starts Celery's processes as forks of one that has loaded the program already.

Loading it takes seconds of a processor each time, which is most of what a long run of `chaos` would
spend. What is forked is a process like any other: in a session of its own, killed with -9 like any.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

POLL_SECONDS = 0.02


class Fork:
    """One process that the fork server has started; the part of `Popen` that is needed of it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """None while it runs, as `Popen`'s; how it ended is not known."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired when it has not ended after so many seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("celery", timeout or 0)
            time.sleep(POLL_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


class ForkServer:
    """The parent's end: asks for forks, and ends the fork server but none of them."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "batches.management.chaos.fork_server"],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def fork(self, *arguments: str, log: BinaryIO) -> Fork:
        """Run `celery` with these arguments; all that it says goes to the end of the log."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "log": log.name}) + "\n")
        self._process.stdin.flush()
        return Fork(int(self._process.stdout.readline()))

    def close(self) -> None:
        """Safe to repeat."""
        self._process.communicate()


def _load() -> None:
    """All that a worker and a beat would load, and no connection to anything."""
    import django

    django.setup()
    from celery.apps import beat, worker  # noqa: F401
    from celery.bin import celery  # noqa: F401
    from celery.concurrency import prefork  # noqa: F401
    from celery.worker import consumer  # noqa: F401
    from kombu.transport import filesystem, pyamqp, redis  # noqa: F401

    from config.celery import app

    app.loader.import_default_modules()  # also the tasks
    app.finalize()


def _become(arguments: list[str], log: str) -> None:
    """What a process is after `fork`: on its own, heard in the log, and Celery."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    silence = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((silence, 0), (said, 1), (said, 2)):
        os.dup2(file, number)
    sys.argv = ["celery", *arguments]
    from celery.__main__ import main

    sys.exit(main())


def serve() -> None:
    """Fork for each line that comes in, and answer the new process's id, until nobody asks."""
    _load()
    # So that the system forgets those that ended, and `Fork.poll` sees that they did.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(asked["arguments"], asked["log"])
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
