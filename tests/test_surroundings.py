"""With an invalid configuration no process starts: one message, exit code 2."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config.brokers import broker_settings, check_broker
from config.preflight import check_setup, exit_on_configuration_error
from tests.faults.worlds import looking_at
from tests.services import PATIENCE_SECONDS, ROOT, free_port, mongodb_server, need_server

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
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture
def look(tmp_path, capsys, django_db_blocker):
    """What the check before a start says of a database, here in the tests' own process."""

    def look(url: str = f"sqlite:///{tmp_path}/empty.sqlite3", **options: object) -> str:
        with django_db_blocker.unblock(), looking_at(url):
            connection.settings_dict["OPTIONS"].update(options)
            code = 0
            try:
                with exit_on_configuration_error():
                    check_setup()
            except SystemExit as end:
                code = end.code
        said = capsys.readouterr()
        assert (said.out, code) == ("", 2 if said.err else 0)
        assert said.err.count("\n") == bool(said.err), said.err
        return said.err.strip()

    return look


@pytest.fixture
def database(tmp_path, django_db_blocker) -> Path:
    """A file that says that all migrations of this version were applied, which is all they ask."""
    file = tmp_path / "database.sqlite3"
    with django_db_blocker.unblock(), looking_at(f"sqlite:///{file}"):
        recorder = MigrationRecorder(connection)
        recorder.ensure_schema()
        for app, name in sorted(MigrationLoader(None).disk_migrations):
            recorder.record_applied(app, name)
    return file


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def test_sound_surroundings_pass_silently(database, tmp_path):
    """A real start: the other tests ask in their own process."""
    url = f"sqlite:///{database}"
    done = run(["-m", "config.preflight"], DATA_DIR=str(tmp_path), DATABASE_URL=url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.processes  # waits for two seconds, as each start does
def test_broker_that_is_down_is_no_error(tmp_path):
    broker = broker_settings(f"redis://127.0.0.1:{free_port()}/0", tmp_path)
    assert check_broker(*broker) is None


def test_empty_database_has_no_tables(look):
    assert look() == NO_TABLES


def test_missing_folder_is_named(look, tmp_path):
    said = look(f"sqlite:///{tmp_path}/nowhere/x.sqlite3")
    assert said == (
        f"DATABASE_URL names a file in {tmp_path}/nowhere, which is not a folder; "
        "create it, or name another."
    )
    assert not (tmp_path / "nowhere").exists()


def test_file_that_is_no_database(look, tmp_path):
    file = tmp_path / "letter"
    file.write_text("Dear Sir or Madam, " * 100)
    assert look(f"sqlite:///{file}") == (
        f"The database file {file} can't be used: file is not a database; "
        "name another file in DATABASE_URL, or restore a backup."
    )


def test_locked_file(look, database):
    change(database, "PRAGMA journal_mode=DELETE")
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN EXCLUSIVE")
        said = look(f"sqlite:///{database}", timeout=0.2)
    assert "is locked; wait for the other process, or end it." in said


@pytest.mark.parametrize(
    ("scheme", "options"), [("postgres", ""), ("mongodb", "?serverSelectionTimeoutMS=500")]
)
def test_database_server_is_down(look, scheme, options):
    port = free_port()
    said = look(f"{scheme}://someone:p4ssword@127.0.0.1:{port}/shop{options}")
    assert said == (
        f"The database at 127.0.0.1:{port} does not answer (connection refused); "
        "start it, or correct DATABASE_URL."
    )


@pytest.mark.processes
def test_database_server_is_silent(look):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        said = look(f"postgres://someone@127.0.0.1:{port}/shop?connect_timeout=2")
    assert said.startswith(f"The database at 127.0.0.1:{port} does not answer (no answer")


def test_database_does_not_exist(look):
    need_server("PostgreSQL", 5432)
    assert look("postgres://postgres@127.0.0.1:5432/nonesuch") == (
        "The database at 127.0.0.1:5432 has no database nonesuch; "
        "create it (createdb nonesuch), or correct DATABASE_URL."
    )


def test_database_user_is_unknown(look):
    need_server("PostgreSQL", 5432)
    said = look("postgres://nemo:p4ssword@127.0.0.1:5432/postgres")
    assert said == (
        "The database at 127.0.0.1:5432 refuses nemo; "
        "correct the user and the password in DATABASE_URL."
    )


@pytest.mark.processes
def test_mongodb_without_replica_set(look):
    with mongodb_server("--standalone") as port:
        said = look(f"mongodb://127.0.0.1:{port}/shop")
    assert said.startswith("This MongoDB is not a replica set")


def test_database_from_later_version(look, database):
    change(
        database,
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('batches', '0099_later', '2030-01-01')",
    )
    said = look(f"sqlite:///{database}")
    assert said == (
        "The database is newer than this program, which does not know its migration "
        "batches.0099_later; install the version that made it, or restore the backup from before "
        "the upgrade."
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["migrate"],
        *(
            pytest.param(arguments, marks=pytest.mark.processes)
            for arguments in (["runserver", "0"], ["createsuperuser", "--noinput"], ["verify"])
        ),
    ],
)
def test_newer_database_unchanged(database, tmp_path, arguments):
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
def test_no_process_starts_when_broker_refuses(database, tmp_path, name, url):
    """It could wait for good: nobody opens to it."""
    need_server("broker", 5672 if url.startswith("amqp") else 6379)

    _assert_refused(PROCESSES[name], database, tmp_path, url)


@pytest.mark.processes
@pytest.mark.parametrize("url", [url for url in REFUSED if url.startswith("amqp")])
def test_chaos_refused_by_the_only_broker(database, tmp_path, url):
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
    assert f" refuses the connection ({REFUSED[url]}" in done.stderr
    assert done.stderr.endswith("in CELERY_BROKER_URL.\n")
    assert "p4ssword" not in done.stderr


def test_removed_app_is_no_later_version(look, database):
    change(
        database,
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('formerly', '0001_initial', '2020-01-01')",
    )
    assert look(f"sqlite:///{database}") == ""


def test_database_from_earlier_version(look, database):
    change(
        database,
        "DELETE FROM django_migrations WHERE id IN "
        "(SELECT max(id) FROM django_migrations WHERE app = 'batches')",
    )
    said = look(f"sqlite:///{database}")
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
@pytest.mark.parametrize(
    ("name", "wrong"),
    # Every process once, and everything wrong once: the check is the same for all.
    [("command", wrong) for wrong in WRONG] + [(name, "no count") for name in PROCESSES],
)
def test_no_process_starts_when_misconfigured(tmp_path, name, wrong):
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
def test_no_process_starts_before_migrate(tmp_path, name):
    arguments = PROCESSES[name]
    if name == "web":
        arguments = [*arguments, f"127.0.0.1:{free_port()}"]
    done = run(arguments, DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{NO_TABLES}\n")
