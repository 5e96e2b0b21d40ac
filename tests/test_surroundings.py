"""In wrong surroundings no process begins: one sentence, exit code 2, nothing half-started."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.services import ROOT, free_port, mongodb_server, need_server

NO_TABLES = "There are no tables yet: run manage.py migrate"
PROCESSES = {
    "command": ["manage.py", "sweep"],
    "migrate": ["manage.py", "migrate"],
    "runserver": ["manage.py", "runserver", "0"],
    "demo": ["manage.py", "demo"],
    "web": ["-m", "gunicorn", "config.wsgi", "--log-level", "error", "--bind"],
    "worker": ["-m", "celery", "-A", "config", "worker"],
    "sweeper": ["-m", "celery", "-A", "config", "beat"],
}


def run(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def look(tmp_path):
    """What a process that only looks has to say."""

    def look(**environment: str) -> str:
        done = run(["-m", "config.surroundings"], **{"DATA_DIR": str(tmp_path), **environment})
        assert done.stdout == ""
        assert done.returncode == (2 if done.stderr else 0)
        assert done.stderr.count("\n") == bool(done.stderr), done.stderr
        return done.stderr.strip()

    return look


@pytest.fixture(scope="session")
def migrated(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("migrated") / "database.sqlite3"
    environment = {"DATABASE_URL": f"sqlite:///{file}", "DATA_DIR": str(file.parent)}
    assert run(["manage.py", "migrate", "-v", "0"], **environment).returncode == 0
    return file


@pytest.fixture
def database(tmp_path, migrated) -> Path:
    """A database of its own, at home with this version."""
    return Path(shutil.copy(migrated, tmp_path / "database.sqlite3"))


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def test_all_is_well(look, database):
    assert look(DATABASE_URL=f"sqlite:///{database}") == ""


def test_a_broker_that_is_down_is_nothing_wrong(look, database):
    broker = f"redis://127.0.0.1:{free_port()}/0"
    assert look(DATABASE_URL=f"sqlite:///{database}", CELERY_BROKER_URL=broker) == ""


def test_an_empty_database_has_no_tables(look):
    assert look() == NO_TABLES


def test_a_folder_that_is_not_there(look, tmp_path):
    said = look(DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/x.sqlite3")
    assert said == (
        f"DATABASE_URL names a file in {tmp_path}/nowhere, which is no folder; "
        "make it, or name another."
    )
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_database(look, tmp_path):
    file = tmp_path / "letter"
    file.write_text("Dear Sir or Madam, " * 100)
    assert look(DATABASE_URL=f"sqlite:///{file}") == (
        f"The database file {file} can't be used: file is not a database; "
        "name another file in DATABASE_URL, or restore a backup."
    )


def test_a_locked_file(look, database):
    change(database, "PRAGMA journal_mode=DELETE")
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN EXCLUSIVE")
        said = look(DATABASE_URL=f"sqlite:///{database}", SQLITE_WAIT_SECONDS="0.2")
    assert "is locked; wait for the other process, or end it." in said


@pytest.mark.parametrize("scheme", ["postgres", "mongodb"])
def test_a_server_that_is_down(look, scheme):
    port = free_port()
    said = look(DATABASE_URL=f"{scheme}://someone:p4ssword@127.0.0.1:{port}/shop")
    assert said == (
        f"The database at 127.0.0.1:{port} does not answer (connection refused); "
        "start it, or correct DATABASE_URL."
    )


def test_a_server_that_says_nothing(look):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        said = look(DATABASE_URL=f"postgres://someone@127.0.0.1:{port}/shop?connect_timeout=2")
    assert said.startswith(f"The database at 127.0.0.1:{port} does not answer (no word")


def test_a_database_that_does_not_exist(look):
    need_server("PostgreSQL", 5432)
    assert look(DATABASE_URL="postgres://postgres@127.0.0.1:5432/nonesuch") == (
        "The database at 127.0.0.1:5432 has none of the name nonesuch; "
        "make it (createdb nonesuch), or correct DATABASE_URL."
    )


def test_a_person_whom_the_server_does_not_know(look):
    need_server("PostgreSQL", 5432)
    said = look(DATABASE_URL="postgres://nemo:p4ssword@127.0.0.1:5432/postgres")
    assert said == (
        "The database at 127.0.0.1:5432 refuses nemo; "
        "correct the user and the password in DATABASE_URL."
    )


def test_mongodb_without_transactions(look):
    with mongodb_server("--standalone") as port:
        said = look(DATABASE_URL=f"mongodb://127.0.0.1:{port}/shop")
    assert said.startswith("This MongoDB is no replica set")


def test_a_database_from_a_later_version(look, database):
    change(
        database,
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('batches', '0099_later', '2030-01-01')",
    )
    said = look(DATABASE_URL=f"sqlite:///{database}")
    assert said == (
        "The database is newer than this program, which does not know its migration "
        "batches.0099_later; install the version that made it, or restore the backup from before "
        "the upgrade."
    )


@pytest.mark.parametrize(
    "arguments", [["migrate"], ["runserver", "0"], ["createsuperuser", "--noinput"], ["verify"]]
)
def test_nothing_is_done_to_a_database_from_a_later_version(database, tmp_path, arguments):
    change(
        database,
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('batches', '0099_later', '2030-01-01')",
    )
    before = database.read_bytes()

    done = run(
        ["manage.py", *arguments], DATA_DIR=str(tmp_path), DATABASE_URL=f"sqlite:///{database}"
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The database is newer than this program")
    assert done.stderr.count("\n") == 1
    assert database.read_bytes() == before


REFUSED = {
    "amqp://guest:p4ssword@127.0.0.1:5672//": "Login was refused using authentication mechanism",
    "amqp://guest:guest@127.0.0.1:5672/nowhere": "vhost nowhere not found",
    "redis://127.0.0.1:6379/99999": "DB index is out of range",
}


@pytest.mark.processes
@pytest.mark.parametrize("url", REFUSED)
@pytest.mark.parametrize("name", ["worker", "sweeper"])
def test_no_process_begins_where_the_broker_refuses_it(database, tmp_path, name, url):
    """It could wait for good: nobody opens to it."""
    need_server("broker", 5672 if url.startswith("amqp") else 6379)

    _assert_refused(PROCESSES[name], database, tmp_path, url)


@pytest.mark.processes
@pytest.mark.parametrize("url", [url for url in REFUSED if url.startswith("amqp")])
def test_chaos_does_not_begin_where_it_has_no_broker_of_its_own_and_is_refused(
    database, tmp_path, url
):
    need_server("RabbitMQ", 5672)
    without_rabbitmqctl = {"PATH": str(tmp_path)}

    _assert_refused(["manage.py", "chaos"], database, tmp_path, url, **without_rabbitmqctl)


def _assert_refused(arguments, database, tmp_path, url, **environment):
    done = run(
        arguments,
        **{
            "DATA_DIR": str(tmp_path / "data"),
            "DATABASE_URL": f"sqlite:///{database}",
            "CELERY_BROKER_URL": url,
            **environment,
        },
    )

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert f" refuses us ({REFUSED[url]}" in done.stderr
    assert done.stderr.endswith("in CELERY_BROKER_URL.\n")
    assert "p4ssword" not in done.stderr


def test_what_an_app_left_behind_is_no_later_version(look, database):
    change(
        database,
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('formerly', '0001_initial', '2020-01-01')",
    )
    assert look(DATABASE_URL=f"sqlite:///{database}") == ""


def test_a_database_from_an_earlier_version(look, database):
    change(
        database,
        "DELETE FROM django_migrations WHERE id IN "
        "(SELECT max(id) FROM django_migrations WHERE app = 'batches')",
    )
    said = look(DATABASE_URL=f"sqlite:///{database}")
    assert said.startswith("The database is older than this program and lacks its migration")
    assert "batches.0" in said
    assert said.endswith(": run manage.py migrate")


WRONG = {
    "a malformed database": {"DATABASE_URL": "postgres://h:abc/db"},
    "a database in memory": {"DATABASE_URL": "sqlite://"},
    "a server that is down": {"DATABASE_URL": "postgres://u:p4ssword@127.0.0.1:1/x"},
    "a malformed broker": {"CELERY_BROKER_URL": "redis://[::1"},
    "a folder that can't be": {"DATA_DIR": "/dev/null/x"},
    "no count": {"BATCH_QUOTA_PER_HOUR": "abc"},
    "no time": {"SWEEP_SECONDS": "0"},
    "no key": {"SITE_URL": "https://shop.example.org"},
    "a short key": {"SITE_URL": "https://shop.example.org", "SECRET_KEY": "x"},
}


@pytest.mark.processes
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", PROCESSES)
def test_no_process_begins(tmp_path, name, wrong):
    folder = tmp_path / "data"
    arguments = PROCESSES[name]
    if name == "web":
        arguments = [*arguments, f"127.0.0.1:{free_port()}"]

    done = run(arguments, **{"DATA_DIR": str(folder), **WRONG[wrong]})

    assert done.returncode == 2, done.stderr
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert "Traceback" not in done.stderr
    assert "p4ssword" not in done.stderr
    left = [path.name for path in folder.rglob("*") if path.is_file()]
    assert set(left) <= {"secret-key"}


@pytest.mark.processes
@pytest.mark.parametrize("name", ["command", "runserver", "web", "worker", "sweeper"])
def test_no_process_begins_before_migrate(tmp_path, name):
    arguments = PROCESSES[name]
    if name == "web":
        arguments = [*arguments, f"127.0.0.1:{free_port()}"]
    done = run(arguments, DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{NO_TABLES}\n")
