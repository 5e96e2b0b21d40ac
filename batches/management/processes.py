"""Child processes that are started and stopped together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

PATIENCE_SECONDS = 3.0


class Child(Protocol):
    """The required part of `Popen`'s interface."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...


class ProcessGroup:
    """Child processes, each in its own session, so that Ctrl-C reaches only the parent."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment, self.folder = dict(environment), folder
        self.children: dict[str, Child] = {}

    def start(
        self,
        name: str,
        *arguments: str,
        is_silent: bool = False,
        log: BinaryIO | None = None,
    ) -> None:
        """Run a Python module with these arguments; a silent one writes to stderr only.

        With a log, all output goes there.
        """
        self.children[name] = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=log or (subprocess.DEVNULL if is_silent else None),
            stderr=log,
            start_new_session=True,
        )

    def dead(self) -> str | None:
        """Return the name of a child that has ended, if any has."""
        for name, child in self.children.items():
            if child.poll() is not None:
                return name
        return None

    def stop(self, patience: float = PATIENCE_SECONDS) -> None:
        """Send SIGTERM to all, and kill those that do not end within `patience` seconds."""
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        end = time.monotonic() + patience
        for child in self.children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, end - time.monotonic()))
        for child in self.children.values():
            # The whole group: a killed parent leaves its own children behind.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
