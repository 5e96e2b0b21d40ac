"""Optional servers and programs of tests. If missing, tests skip locally and fail in CI."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest

POSTGRESQL = os.environ.get("TEST_POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres")

ROOT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1
# How long a test waits for anything at all: what hangs fails, what is slow does not.
PATIENCE_SECONDS = 300


def need_server(name: str, port: int) -> None:
    """Go on only when something listens on that port of this machine."""
    if not listens(port):
        missing(f"no {name} listens on 127.0.0.1:{port}")


def need_program(*names: str) -> str:
    """The path of the first of these programs that is installed."""
    for name in names:
        if path := shutil.which(name):
            return path
    return missing(f"{names[0]} is not installed")


def missing(words: str) -> NoReturn:
    """Skip for that reason; in CI fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{words}, and in CI nothing is skipped", pytrace=False)
    pytest.skip(words)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(is_so: Callable[[], object], what: str, *, every: float = 0.05) -> None:
    """Wait for minutes at most: a machine that others use too takes its time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(every)


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def wait_for_port(port: int) -> None:
    """Until something listens on that port of this machine."""
    wait_until(lambda: listens(port), f"nothing listens on port {port}")


def dies_with_its_parent() -> None:
    """In a child on Linux: a test run that is itself killed leaves no process behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def mongodb_server(*options: str) -> Iterator[int]:
    """The port of a server of one's own that speaks MongoDB's protocol; its options are its own."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.mongodb_server", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=dies_with_its_parent,
    )
    with server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()
