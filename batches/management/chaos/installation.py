"""The target of chaos: two workers, their children, beat, and a broker of its own."""

import os
import random
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from batches.management.chaos.brokers import Broker
from batches.management.chaos.fork_server import ForkServer
from batches.management.processes import PATIENCE_SECONDS, ProcessGroup

WORKERS = ("worker one", "worker two")
BEAT = "beat"
# Like production, but with short waits, so that little time is spent waiting for leases.
QUICK = {
    "BATCH_LEASE_SECONDS": "2",
    "BATCH_TELL_AGAIN_SECONDS": "1",
    "SWEEP_SECONDS": "0.5",
    "BATCH_CHUNK_ITEMS": "5",
    "CONTRACT_CLIENT": "sandbox",
    "LOG_LEVEL": "CRITICAL",
    "PYTHONWARNINGS": "ignore",
}
# The targets besides the broker, with their weights.
TARGETS = {"worker": 4, "child": 4, "all workers": 2, BEAT: 1}


class Installation:
    """Starts everything, kills at random with -9, restarts, and ends everything."""

    def __init__(
        self, folder: Path, database_url: str, broker: Broker, *, uses_fork_server: bool = False
    ) -> None:
        self.folder, self.log = folder, folder / "processes.log"
        self.broker = broker
        environment = self._environment(database_url)
        self.group = ProcessGroup(environment, settings.BASE_DIR)
        self.fork_server = ForkServer(environment, settings.BASE_DIR) if uses_fork_server else None
        self.killed: dict[str, int] = {}

    def _environment(self, database_url: str) -> Mapping[str, str]:
        path = os.pathsep.join([str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")])
        return {
            **os.environ,
            **QUICK,
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": self.broker.url,
            "PYTHONPATH": path,
        }

    def start(self) -> None:
        """Start what does not run. Raises CommandError if there is no broker to start."""
        self.broker.start()
        for name in WORKERS:
            if not self._runs(name):
                worker = ("-A", "config", "-q", "worker")
                self._start(name, *worker, "-n", f"{name.replace(' ', '-')}@%h")
        if not self._runs(BEAT):
            self._start(BEAT, "-A", "config", "-q", "beat")

    def kill(self, chance: random.Random) -> str:
        """Kill a process with -9, or harm the broker; returns what was hit."""
        targets = {**TARGETS, **self.broker.harms}
        (target,) = chance.choices(list(targets), list(targets.values()))
        name = chance.choice(WORKERS)
        if target in self.broker.harms:
            self.broker.harm(target)
        elif target == "child" and (children := _children_of(self.group.children[name].pid)):
            with suppress(ProcessLookupError):
                os.kill(chance.choice(children), signal.SIGKILL)
        elif target == BEAT:
            self._kill(BEAT)
        elif target == "all workers":
            for each in WORKERS:
                self._kill(each)
        else:
            # Also if there are threads instead of children.
            target = "worker"
            self._kill(name)
        self.killed[target] = self.killed.get(target, 0) + 1
        return target

    def stop(self, patience: float = PATIENCE_SECONDS) -> None:
        """Stop everything within `patience` seconds, the broker last; safe to repeat."""
        try:
            self.group.stop(patience)
        finally:
            if self.fork_server is not None:
                self.fork_server.close()
            self.broker.stop()

    def _runs(self, name: str) -> bool:
        child = self.group.children.get(name)
        return child is not None and child.poll() is None

    def _start(self, name: str, *arguments: str) -> None:
        """Run `celery` with these arguments."""
        arguments = (*arguments, "--loglevel", "ERROR")
        with self.log.open("ab") as log:
            if self.fork_server is None:
                self.group.start(name, "celery", *arguments, log=log)
            else:
                self.group.children[name] = self.fork_server.fork(*arguments, log=log)

    def _kill(self, name: str) -> None:
        """Kill a process with its children, like a machine that goes down."""
        child = self.group.children[name]
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _children_of(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, of in pairs if int(of) == parent]
