"""A complete installation for one test: database, broker, real worker processes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connections

from batches.models import BatchItem, BatchOperation, Status
from config.database import database_from_url
from content.models import Content, ContentChange, SandboxTransaction
from tests.services import (
    PATIENCE_SECONDS,
    dies_with_its_parent,
    free_port,
    wait_for_port,
    wait_until,
)

ROOT = Path(__file__).resolve().parent.parent.parent
NEW_PRICE = 77_000_000
QUICK = {
    "BATCH_LEASE_SECONDS": "2",
    "BATCH_TELL_AGAIN_SECONDS": "1",
    "SWEEP_SECONDS": "0.5",
    "BATCH_CHUNK_ITEMS": "3",
}


@dataclass
class World:
    """Where the processes live; the test itself looks at the same database."""

    folder: Path
    database_url: str
    broker_url: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    # A server that the test may stop and start, where it has one of its own.
    database: Any = None

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in {"PATH", "HOME", "LANG", "TMPDIR"}
        }
        stand_in = {"DJANGO_SETTINGS_MODULE": "tests.settings_stand_in"}
        return {
            **inherited,
            **QUICK,
            **(stand_in if self.database_url.startswith("mongodb") else {}),
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": self.database_url,
            "CELERY_BROKER_URL": self.broker_url,
            "PYTHONPATH": str(ROOT),
            **more,
        }

    def migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "-v", "0"]
        subprocess.run(command, cwd=ROOT, env=self.environment(), check=True)

    def start_worker(
        self,
        *,
        pool: str = "solo",
        sweeps: bool = False,
        queues: str = "",
        **more: str,
    ) -> int:
        """A worker as in production but for its pool: `solo` dies whole. Returns its place."""
        command = [sys.executable, "-m", "celery", "-A", "config", "worker"]
        command += ["--pool", pool, "-l", "INFO"]
        if queues:
            command += ["-Q", queues]
        if sweeps:
            command += ["-B", "-s", str(self.folder / f"beat-{len(self.processes)}")]
        return self._start("worker", command, **more)

    def _start(self, name: str, command: list[str], **more: str) -> int:
        with (self.folder / f"{name}-{len(self.processes)}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=self.environment(**more),
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=dies_with_its_parent,
                )
            )
        return len(self.processes) - 1

    def start_web(self, *, workers: int = 4, **more: str) -> str:
        """So many web processes; returns where they listen."""
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--workers", str(workers)]
        self._start("web", [*command, "--bind", f"127.0.0.1:{port}"], **more)
        wait_for_port(port)
        return f"http://127.0.0.1:{port}"

    def exit_of(self, worker: int) -> int:
        """How that worker ended; -9 for a kill."""
        return self.processes[worker].wait(PATIENCE_SECONDS)

    def wait_until_stopped(self, worker: int) -> None:
        """Until that worker has stopped itself, as by SIGSTOP."""
        state = Path(f"/proc/{self.processes[worker].pid}/stat")
        self.wait_until(
            lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "the worker's stop"
        )

    def log_of(self, worker: int) -> str:
        return (self.folder / f"worker-{worker}.log").read_text()

    def stop(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def create_batch(
        self,
        content_ids: list[str],
        *,
        by: str = "alice",
        kind: str = "update-price",
        body: Mapping[str, object] | None = None,
        **more: str,
    ) -> BatchOperation:
        """Create a batch in a process of its own."""
        whole = {"contentIds": content_ids, **(body or {"newPrice": NEW_PRICE})}
        key = self.run("tests.faults.create", by, kind, json.dumps(whole), **more)
        return BatchOperation.objects.get(pk=key.strip())

    def run(self, module: str, *arguments: str, **more: str) -> str:
        """Run a module of the tests to its end in a process of its own; returns what it said."""
        answer = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def logs(self) -> str:
        return "\n".join(path.read_text()[-3000:] for path in sorted(self.folder.glob("*.log")))

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        try:
            wait_until(is_so, what, every=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None

    def wait_for_end(self, batch: BatchOperation) -> BatchOperation:
        """Wait until the batch has ended and the chain knows of it."""

        def is_over() -> bool:
            batch.refresh_from_db()
            queued = ContentChange.objects.filter(cause=f"batch:{batch.pk}", chain_state="queued")
            return batch.is_finished and not queued.exists()

        self.wait_until(is_over, "the end of the batch")
        return batch


def look_at(database_url: str) -> None:
    """Make the test's own queries go to that database."""
    connections["default"].close()
    settings = database_from_url(database_url)
    connections.databases["default"] = connections.configure_settings({"default": settings})[
        "default"
    ]
    del connections["default"]


@contextmanager
def looking_at(database_url: str) -> Iterator[None]:
    usual, settings = connections["default"], connections.databases["default"]
    look_at(database_url)
    try:
        yield
    finally:
        connections["default"].close()
        if connections["default"].vendor == "mongodb":
            connections["default"].close_pool()  # else the next URL would get this one's client
        connections.databases["default"] = settings
        # The same connection: a database in memory ends with its last one.
        connections["default"] = usual


def assert_exactly_once(batch: BatchOperation, *, price: int = NEW_PRICE) -> None:
    """Rows, counters, history and the chain's ledger all say: each item once, and no other."""
    batch.refresh_from_db()
    ids = sorted(batch.content_ids)
    assert (batch.status, batch.lease_token) == (Status.COMPLETED, None)
    assert (batch.success_count, batch.failure_count) == (len(ids), 0)
    items = BatchItem.objects.filter(batch=batch)
    assert sorted(items.values_list("content_id", flat=True)) == ids
    assert {item.outcome for item in items} == {BatchItem.Outcome.SUCCEEDED}
    changes = ContentChange.objects.filter(version__gt=1)
    assert sorted(changes.values_list("content_id", "version")) == [(key, 2) for key in ids]
    contents = Content.objects.filter(version=2)
    assert sorted(contents.values_list("pk", "price")) == [(key, price) for key in ids]
    told = sorted(
        argument["content-id"]
        for transaction in SandboxTransaction.objects.all()
        for argument in transaction.arguments
    )
    assert told == sorted(contents.values_list("onchain_id", flat=True))
