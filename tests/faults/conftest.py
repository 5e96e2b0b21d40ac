"""The installations for fault tests."""

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from content.models import Wallet
from tests import mongodb_shim
from tests.conftest import person
from tests.factories import make_contents
from tests.faults.databases import OwnPostgreSQL
from tests.faults.messages import lose_all_messages
from tests.faults.worlds import World, looking_at
from tests.services import (
    POSTGRESQL,
    dies_with_its_parent,
    free_port,
    missing,
    mongodb_server,
    need_program,
    need_server,
    wait_for_port,
)

# Of this process alone: another checkout may run its tests on the same servers.
TEMPLATE = f"faults_template_{os.getpid()}"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.processes)


def pytest_generate_tests(metafunc):
    """`FAULT_REPEATS=25 pytest -m failpoint`: a death at each named place, so many times."""
    repeats = int(os.environ.get("FAULT_REPEATS", "1"))
    if repeats > 1 and metafunc.definition.get_closest_marker("failpoint"):
        metafunc.fixturenames.append("time")
        metafunc.parametrize("time", range(1, repeats + 1))


def _postgresql(name: str) -> str:
    return POSTGRESQL.rsplit("/", 1)[0] + f"/{name}"


def _execute(*statements: str) -> None:
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    World(file.parent, f"sqlite:///{file}", "filesystem://").migrate()
    return file


@pytest.fixture(scope="session")
def postgresql_template(tmp_path_factory) -> Iterator[str]:
    need_server("PostgreSQL", 5432)
    drop = f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)"
    _execute(drop, f"CREATE DATABASE {TEMPLATE}")
    folder = tmp_path_factory.mktemp("template")
    World(folder, _postgresql(TEMPLATE), "filesystem://").migrate()
    yield TEMPLATE
    _execute(drop)


@pytest.fixture
def files(tmp_path, sqlite_template) -> Iterator[World]:
    """SQLite and the broker of plain files: the newcomer's laptop."""
    shutil.copy(sqlite_template, tmp_path / "database.sqlite3")
    world = World(tmp_path, f"sqlite:///{tmp_path / 'database.sqlite3'}", "filesystem://")
    yield world
    world.stop()


@pytest.fixture
def redis_url(tmp_path) -> Iterator[str]:
    """A Redis of its own: what other tests left behind must not take its messages."""
    port = free_port()
    command = [need_program("redis-server"), "--port", str(port), "--save", ""]
    server = subprocess.Popen(
        [*command, "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        preexec_fn=dies_with_its_parent,
    )
    wait_for_port(port)
    yield f"redis://127.0.0.1:{port}/0"
    server.kill()
    server.wait()


@pytest.fixture
def rabbitmq_url() -> Iterator[str]:
    """A virtual host of its own on the RabbitMQ of this machine."""
    need_server("RabbitMQ", 5672)
    control, name = need_program("rabbitmqctl"), f"faults_{uuid.uuid4().hex[:12]}"
    rights = ["set_permissions", "-p", name, "guest", ".*", ".*", ".*"]
    for arguments in (["add_vhost", name], rights):
        subprocess.run([control, "-q", *arguments], check=True)
    yield f"amqp://guest:guest@127.0.0.1:5672/{name}"
    subprocess.run([control, "-q", "delete_vhost", name], check=True)


@pytest.fixture(params=["filesystem", "redis", "rabbitmq"])
def any_broker(request, files, django_db_blocker) -> Iterator[World]:
    """Each broker in turn, on SQLite; nothing but the broker's URL differs."""
    if request.param != "filesystem":
        files.broker_url = request.getfixturevalue(f"{request.param}_url")
    with django_db_blocker.unblock(), looking_at(files.database_url):
        yield files
        files.stop()  # before the broker goes


@pytest.fixture
def servers(tmp_path, redis_url, postgresql_template) -> Iterator[World]:
    """PostgreSQL and Redis: a real installation."""
    with _postgresql_world(tmp_path, redis_url, postgresql_template) as world:
        yield world


@contextmanager
def _postgresql_world(folder: Path, broker_url: str, template: str) -> Iterator[World]:
    name = f"faults_{uuid.uuid4().hex[:12]}"
    _execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    world = World(folder, _postgresql(name), broker_url)
    yield world
    world.stop()
    _execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def rabbit_url() -> Iterator[str]:
    """A virtual host of its own on this machine's RabbitMQ."""
    need_server("RabbitMQ", 5672)
    control, name = need_program("rabbitmqctl"), TEMPLATE
    if subprocess.run([control, "-q", "list_vhosts"], capture_output=True).returncode:
        missing("rabbitmqctl may not make a virtual host")
    subprocess.run([control, "-q", "delete_vhost", name], capture_output=True, check=False)
    subprocess.run([control, "-q", "add_vhost", name], check=True)
    everything = ("-p", name, "guest", ".*", ".*", ".*")
    subprocess.run([control, "-q", "set_permissions", *everything], check=True)
    yield f"amqp://guest:guest@127.0.0.1:5672/{name}"
    subprocess.run([control, "-q", "delete_vhost", name], check=True)


@pytest.fixture
def rabbit(tmp_path, rabbit_url, postgresql_template) -> Iterator[World]:
    """PostgreSQL and RabbitMQ."""
    with _postgresql_world(tmp_path, rabbit_url, postgresql_template) as world:
        lose_all_messages(world)
        yield world


@pytest.fixture(scope="session")
def mongodb_port() -> Iterator[int]:
    """A server that speaks MongoDB's protocol and keeps nothing."""
    mongodb_shim.install()
    with mongodb_server() as port:
        yield port


@pytest.fixture
def documents(tmp_path, mongodb_port) -> Iterator[World]:
    """MongoDB's protocol and the broker of plain files."""
    name = f"faults_{uuid.uuid4().hex[:12]}"
    world = World(tmp_path, f"mongodb://127.0.0.1:{mongodb_port}/{name}", "filesystem://")
    world.migrate()
    yield world
    world.stop()


@pytest.fixture
def own_postgresql(tmp_path) -> Iterator[World]:
    """PostgreSQL of its own, which may be stopped, and the broker of plain files."""
    database = OwnPostgreSQL()
    world = World(tmp_path, database.url, "filesystem://", database=database)
    try:
        world.migrate()
        yield world
    finally:
        world.stop()
        database.remove()


@pytest.fixture
def small_disk(tmp_path, sqlite_template) -> Iterator[World]:
    """SQLite and plain files on a disk of a few megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        missing("a small disk can only be mounted by root")
    shutil.copy(sqlite_template, disk / "database.sqlite3")
    world = World(disk, f"sqlite:///{disk / 'database.sqlite3'}", "filesystem://")
    yield world
    world.stop()
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Accepts connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener.getsockname()[1]


@pytest.fixture(params=["files", "servers"])
def world(request, django_db_blocker) -> Iterator[World]:
    """Each installation in turn, with the test's own queries going to its database."""
    world = request.getfixturevalue(request.param)
    with django_db_blocker.unblock(), looking_at(world.database_url):
        yield world


@pytest.fixture
def seven(world) -> list[str]:
    """Seven items of alice, three chunks' worth, all of them on the chain, and one left alone."""
    alice = person("alice", is_creator=True)
    wallet = Wallet.objects.get(owner=alice)
    contents = make_contents(wallet, 8, onchain_id=lambda number: number)
    return [content.pk for content in contents[:7]]
