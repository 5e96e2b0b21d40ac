"""A silent broker; an unreachable, locked or full database: nothing is lost, work continues."""

import json
import os
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from django.db import connections

from batches.models import BatchItem, BatchOperation, Status
from batches.services.integrity.verify import verify
from config.brokers import SOCKET_SECONDS
from content.models import ApiToken, ContentChange, User
from tests.faults.worlds import World, assert_exactly_once
from tests.services import PATIENCE_SECONDS

LOCKED_SECONDS = 4  # what a visitor waits: SQLITE_WAIT_SECONDS of the web processes


class Caller:
    """Alice at one server."""

    def __init__(self, address: str) -> None:
        _, token = ApiToken.objects.create(user=User.objects.get(username="alice"))
        self.address = f"{address}/api"
        self.headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> tuple[int, dict]:
        return self._send(urllib.request.Request(self.address + path, headers=self.headers))

    def post(self, content_ids: list[str], **body: object) -> tuple[int, dict]:
        data = json.dumps({"contentIds": content_ids, **body}).encode()
        path = f"{self.address}/batches/batch-update-price"
        return self._send(urllib.request.Request(path, data, self.headers))

    @staticmethod
    def _send(request: urllib.request.Request) -> tuple[int, dict]:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {**json.load(error), "retryAfter": error.headers["Retry-After"]}


@pytest.mark.parametrize("world", ["files"], indirect=True)
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_fault_06_silent_broker_delays_no_request(world, seven, silent_port, scheme):
    silent = f"{scheme}://127.0.0.1:{silent_port}/"
    caller = Caller(world.start_web(CELERY_BROKER_URL=silent))
    caller.get("/me")  # the first request of a process imports a lot

    took = []
    for number in range(6):
        began = time.monotonic()
        status, _ = caller.post(seven, newPrice=number + 1)
        took.append(time.monotonic() - began)
        assert status == 201
    assert min(took) < SOCKET_SECONDS  # as long as each would wait for its word
    assert not BatchItem.objects.exists()

    # There is one that answers now: the backlog drains, once.
    world.start_worker(sweeps=True)
    for batch in BatchOperation.objects.all():
        world.wait_for_end(batch)
        assert (batch.status, batch.success_count) == (Status.COMPLETED, 7)
    assert list(verify()) == []
    assert ContentChange.objects.filter(version=7).count() == 7
    assert not ContentChange.objects.filter(version=8).exists()


@pytest.mark.parametrize("world", ["own_postgresql"], indirect=True)
def test_fault_07_work_continues_after_database_restart(world, seven):
    caller = Caller(world.start_web())
    batch = world.create_batch(seven)
    worker = world.start_worker(sweeps=True, FAILPOINT="chunk-written:stop")
    world.wait_until_stopped(worker)

    world.database.stop()
    status, body = caller.post(seven, newPrice=1)
    assert (status, body["code"], body["retryAfter"]) == (503, "unavailable", "5")
    os.kill(world.processes[worker].pid, signal.SIGCONT)
    world.wait_until(lambda: "batch_interrupted" in world.log_of(worker), "the interruption")
    world.database.start()
    connections["default"].close()  # the test's own

    world.wait_for_end(batch)
    assert_exactly_once(batch)
    assert not set(batch.items.values_list("code", flat=True)) - {""}
    assert world.processes[worker].poll() is None
    assert caller.post(seven, newPrice=1)[0] == 201
    # A line each, and no more: it is nobody's bug.
    assert "database_away" in world.log_of(worker)
    assert "Traceback" not in world.log_of(worker)


@pytest.mark.parametrize("world", ["files"], indirect=True)
def test_fault_08_locked_sqlite_waits_then_503(world, seven):
    caller = Caller(world.start_web())
    locked = sqlite3.connect(world.folder / "database.sqlite3", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")

    began = time.monotonic()
    status, body = caller.post(seven, newPrice=1)

    assert (status, body["code"], body["retryAfter"]) == (503, "unavailable", "5")
    assert time.monotonic() - began >= LOCKED_SECONDS
    assert caller.get("/batches")[0] == 200
    locked.execute("ROLLBACK")
    assert not BatchOperation.objects.exists()
    assert caller.post(seven, newPrice=1)[0] == 201


@pytest.mark.parametrize("world", ["small_disk"], indirect=True)
def test_fault_23_full_disk_fails_clearly_and_recovers(world: World, seven):
    caller = Caller(world.start_web())
    worker = world.start_worker(sweeps=True)
    world.wait_until(lambda: "ready." in world.log_of(worker), "the worker")
    os.killpg(world.processes[worker].pid, signal.SIGSTOP)
    batch = world.create_batch(seven)
    filler = world.folder / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True)

    status, body = _post_until_refused(caller, seven)
    assert (status, body["code"]) == (503, "unavailable")
    assert caller.get("/batches")[0] == 200
    os.killpg(world.processes[worker].pid, signal.SIGCONT)
    time.sleep(3)
    assert world.processes[worker].poll() is None

    filler.unlink()

    world.wait_for_end(batch)
    assert (batch.status, batch.success_count) == (Status.COMPLETED, 7)
    assert caller.post(seven, newPrice=1)[0] == 201
    for each in BatchOperation.objects.all():
        world.wait_for_end(each)
        assert (each.status, each.failure_count) == (Status.COMPLETED, 0)
    assert list(verify()) == []


def _post_until_refused(caller: Caller, content_ids: list[str]) -> tuple[int, dict]:
    """A few rows still fit into pages that the database has already."""
    for _ in range(40):
        status, body = caller.post(content_ids, newPrice=1)
        if status != 201:
            return status, body
    raise AssertionError("the disk never was full")
