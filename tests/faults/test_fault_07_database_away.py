"""The database stops while processes run: 503 with a message, then automatic recovery."""

import getpass
import json
import pwd
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from glob import glob
from pathlib import Path

import pytest
from django.db import connection

from batches.models import BatchOperation, Heartbeat
from content.models import ApiToken, User, Wallet
from tests.conftest import person
from tests.factories import make_contents
from tests.faults.worlds import (
    NEW_PRICE,
    World,
    assert_exactly_once,
    looking_at,
)
from tests.services import (
    PATIENCE_SECONDS,
    dies_with_its_parent,
    free_port,
    need_program,
    wait_for_port,
)

# The quickest of several takes five; it would take more than twenty if pages waited as long as
# workers do.
AT_MOST_SECONDS = 18.0
# What a web process waits for the lock.
LOCKED_SECONDS = 4.0
AWAY = "The database does not answer"


class Server:
    """A PostgreSQL of the test's own, which it may stop as it likes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to be run by root.
        self.user = "postgres" if getpass.getuser() == "root" else None
        if self.user:
            shutil.chown(folder, self.user)
            for parent in folder.parents:
                if parent.is_relative_to(folder.parents[3]):
                    parent.chmod(parent.stat().st_mode | 0o011)
        self._run("initdb", "-D", "data", "-A", "trust", "-U", "postgres", "--no-sync")

    def _program(self, name: str) -> str:
        found = sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"))  # noqa: PTH207
        return found[-1] if found else need_program(name)

    def _options(self) -> dict[str, object]:
        if self.user:
            group = pwd.getpwnam(self.user).pw_gid
            return {"user": self.user, "group": group, "extra_groups": []}
        return {}

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [self._program(name), *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            check=True,
            **self._options(),  # type: ignore[call-overload]
        )

    def start(self) -> None:
        options = ["-D", "data", "-p", str(self.port), "-k", "", "-h", "127.0.0.1", "-F"]
        with (self.folder / "server.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [self._program("postgres"), *options],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                preexec_fn=None if self.user else dies_with_its_parent,
                **self._options(),  # type: ignore[call-overload]
            )
        wait_for_port(self.port)
        time.sleep(0.5)  # it listens a moment before it serves

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast: all sessions end
            self.process.wait(PATIENCE_SECONDS)

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    folder = tmp_path / "postgresql"
    folder.mkdir()
    server = Server(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own(server, tmp_path, redis_url, django_db_blocker) -> Iterator[World]:
    world = World(tmp_path, server.url, redis_url)
    world.migrate()
    with django_db_blocker.unblock(), looking_at(world.database_url):
        yield world
    world.stop()


class Visitor:
    """Asks one web server; a refusal is an answer too."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.headers = {"Content-Type": "application/json"}

    def ask(self, path: str, body: object = None) -> tuple[int, dict[str, str], str, float]:
        """Status, headers, text and the seconds that it took."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=self.headers)
        begun = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                status, headers, text = answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            status, headers, text = error.code, dict(error.headers), error.read()
        return status, headers, text.decode(), time.monotonic() - begun

    def sign_in(self) -> None:
        _, token = ApiToken.objects.create(user=User.objects.get(username="alice"))
        self.headers["Authorization"] = f"Token {token}"
        assert self.ask("/api/me")[0] == 200  # and what is loaded at the first call is there


def seven_of_alice() -> list[str]:
    wallet = Wallet.objects.get(owner=person("alice", is_creator=True))
    contents = make_contents(wallet, 8, onchain_id=lambda number: number)
    return [content.pk for content in contents[:7]]


def test_serves_without_database_and_recovers(own, server):
    seven = seven_of_alice()
    visitor = Visitor(own.start_web(workers=1))
    visitor.sign_in()
    worker = own.start_worker(pool="prefork", sweeps=True)
    own.wait_until(Heartbeat.objects.exists, "the worker's first sweep")
    order = {"contentIds": seven, "newPrice": NEW_PRICE}

    server.stop()

    took = []
    for path, body in [("/api/batches/batch-update-price", order), ("/api/contents", None)]:
        status, headers, text, seconds = visitor.ask(path, body)
        assert (status, headers["Retry-After"]) == (503, "5"), text
        assert json.loads(text)["code"] == "unavailable"
        assert json.loads(text)["message"].startswith(AWAY)
        took.append(seconds)
    visitor.headers["Cookie"] = "sessionid=somebody"  # so that a session is looked for
    for path in ("/", "/content", "/login", "/admin/", "/admin/content/content/"):
        status, headers, text, seconds = visitor.ask(path)
        if status == 200:
            assert path == "/login"  # needs no database
            continue
        assert (status, headers["Retry-After"]) == (503, "5"), (path, text)
        assert AWAY in text
        assert "<h1>" in text
        took.append(seconds)
    assert min(took) < AT_MOST_SECONDS
    assert visitor.ask("/livez")[0] == 200
    assert visitor.ask("/readyz")[0] == 503
    time.sleep(3)  # several sweeps fail meanwhile
    assert own.processes[worker].poll() is None

    server.start()

    del visitor.headers["Cookie"]
    status, _, text, _ = visitor.ask("/api/batches/batch-update-price", order)
    assert status == 201, text
    status, _, text, _ = visitor.ask("/login")
    assert status == 200
    assert AWAY not in text
    connection.close()  # the test's own, which ended with the server
    batch = BatchOperation.objects.get()  # and nothing was stored of what was refused
    own.wait_for_end(batch)
    assert_exactly_once(batch, price=NEW_PRICE)
    assert own.processes[worker].poll() is None


@pytest.mark.parametrize("world", ["files"], indirect=True)
def test_locked_sqlite_answers_503_within_five_seconds(world, seven):
    """Row 8: a bounded wait, never 500, and what needs no database is answered at once."""
    visitor = Visitor(world.start_web(workers=1))
    visitor.sign_in()
    order = {"contentIds": seven, "newPrice": NEW_PRICE}
    with closing(sqlite3.connect(world.folder / "database.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with ThreadPoolExecutor() as aside:
            path = "/api/batches/batch-update-price"
            asked = [aside.submit(visitor.ask, path, order) for _ in range(3)]
            lives = []
            while not all(answer.done() for answer in asked):
                lives.append(visitor.ask("/livez"))
                time.sleep(0.2)
        other.execute("ROLLBACK")

    assert {status for status, *_ in lives} == {200}
    assert min(seconds for *_, seconds in lives) < LOCKED_SECONDS
    for status, headers, text, _ in (answer.result() for answer in asked):
        assert (status, headers["Retry-After"]) == (503, "5"), text
        assert json.loads(text)["code"] == "unavailable"
    assert min(answer.result()[-1] for answer in asked) < AT_MOST_SECONDS
    status, _, text, _ = visitor.ask("/api/batches/batch-update-price", order)
    assert status == 201, text
    world.start_worker(sweeps=True)
    assert_exactly_once(world.wait_for_end(BatchOperation.objects.get()), price=NEW_PRICE)
