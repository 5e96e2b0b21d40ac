"""What chaos kills: two workers, their children, the beat, and a Redis of its own."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError

from batches.management.processes import Family

WORKERS = ("worker one", "worker two")
BEAT, BROKER = "beat", "broker"
QUEUES = "batches,outbox,sweep"
BROKER_SECONDS = 10.0
# As in production but for the waits, or most of the time would pass waiting for leases to end.
QUICK = {
    "BATCH_LEASE_SECONDS": "2",
    "BATCH_TELL_AGAIN_SECONDS": "1",
    "SWEEP_SECONDS": "0.5",
    "BATCH_CHUNK_ITEMS": "5",
    "CONTRACT_CLIENT": "sandbox",
    "LOG_LEVEL": "CRITICAL",
    "PYTHONWARNINGS": "ignore",
}
# What is hit, and how often in comparison.
TARGETS = {"worker": 4, "child": 4, "all workers": 2, BEAT: 1, BROKER: 2}


class Installation:
    """Starts everything, kills by chance with -9, starts again what is gone, and ends all."""

    def __init__(self, folder: Path, database_url: str, broker_url: str) -> None:
        self.folder, self.log = folder, folder / "processes.log"
        self.has_redis = urlsplit(broker_url).scheme == "redis"
        self.port = _free_port() if self.has_redis else 0
        self.broker_url = f"redis://127.0.0.1:{self.port}/0" if self.has_redis else broker_url
        self.family = Family(self._environment(database_url), settings.BASE_DIR)
        self.killed: dict[str, int] = {}

    def _environment(self, database_url: str) -> Mapping[str, str]:
        path = os.pathsep.join([str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")])
        return {
            **os.environ,
            **QUICK,
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": self.broker_url,
            "PYTHONPATH": path,
        }

    def start(self) -> None:
        """Start what does not run. Raises CommandError where there is no Redis to start."""
        if self.has_redis and not self._runs(BROKER):
            self._start_redis()
        for name in WORKERS:
            if not self._runs(name):
                worker = ("celery", "-A", "config", "-q", "worker", "-Q", QUEUES)
                self._start(name, *worker, "-n", f"{name.replace(' ', '-')}@%h")
        if not self._runs(BEAT):
            self._start(BEAT, "celery", "-A", "config", "-q", "beat")

    def kill(self, chance: random.Random) -> str:
        """Kill something with -9; returns what it was."""
        targets = {**TARGETS, BROKER: TARGETS[BROKER] if self.has_redis else 0}
        (target,) = chance.choices(list(targets), list(targets.values()))
        name = chance.choice(WORKERS)
        if target == "child" and (children := _children_of(self.family.children[name].pid)):
            with suppress(ProcessLookupError):
                os.kill(chance.choice(children), signal.SIGKILL)
        elif target in {BEAT, BROKER}:
            self._kill(target)
        elif target == "all workers":
            for each in WORKERS:
                self._kill(each)
        else:
            # Also where there are threads instead of children.
            target = "worker"
            self._kill(name)
        self.killed[target] = self.killed.get(target, 0) + 1
        return target

    def stop(self) -> None:
        """End all, politely first; safe to repeat."""
        self.family.stop()

    def _runs(self, name: str) -> bool:
        child = self.family.children.get(name)
        return child is not None and child.poll() is None

    def _start(self, name: str, *arguments: str) -> None:
        with self.log.open("ab") as log:
            self.family.start(name, *arguments, "--loglevel", "ERROR", log=log)

    def _start_redis(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise CommandError("Install redis-server: chaos kills one of its own.", returncode=2)
        # Nothing is kept: a broker that is killed forgets all messages.
        self.family.adopt(
            BROKER,
            subprocess.Popen(  # noqa: S603
                [program, "--port", str(self.port), "--save", "", "--dir", str(self.folder)],
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            ),
        )
        end = time.monotonic() + BROKER_SECONDS
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        raise CommandError("redis-server did not start.", returncode=1)

    def _kill(self, name: str) -> None:
        """With its children: what a machine that goes down takes along."""
        child = self.family.children[name]
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children_of(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, of in pairs if int(of) == parent]
