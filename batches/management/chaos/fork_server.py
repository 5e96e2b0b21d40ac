"""Starts Celery processes as forks of one that has already loaded the program.

Loading takes seconds of CPU time, most of the time of a long `chaos` run. A forked process is
like any other: it has its own session and can be killed with -9.
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
    """A process started by the fork server, with the required part of `Popen`'s interface."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """Return None while it runs, like `Popen`; the exit code is unknown."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired if it has not ended within `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("celery", timeout or 0)
            time.sleep(POLL_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


class ForkServer:
    """The parent's side: requests forks and ends the fork server, but not the forks."""

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
        """Run `celery` with these arguments; its output is appended to the log."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "log": log.name}) + "\n")
        self._process.stdin.flush()
        return Fork(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End the fork server; safe to repeat."""
        self._process.communicate()


def _load() -> None:
    """Load everything a worker and beat need, without opening connections."""
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
    """Turn a forked process into Celery: own session, output to the log."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    silence = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((silence, 0), (output, 1), (output, 2)):
        os.dup2(file, number)
    sys.argv = ["celery", *arguments]
    from celery.__main__ import main

    sys.exit(main())


def serve() -> None:
    """Fork once for each input line and answer with the process id, until the input ends."""
    _load()
    # The kernel reaps ended children, so `Fork.poll` sees that they ended.
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
