"""The systemd units: their commands start web, worker and sweeper."""

import os
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import PATIENCE_SECONDS, free_port, wait_for_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "docs" / "units"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
HOME, PROGRAMS = "/srv/content-batches", "/srv/content-batches/.venv/bin/"


def entries(unit: Path) -> dict[str, str]:
    lines = (line for line in unit.read_text().splitlines() if "=" in line and line[0] != "#")
    return dict(line.split("=", 1) for line in lines)


def command(name: str) -> list[str]:
    """ExecStart with this checkout and this Python instead of an installation's."""
    program, *arguments = shlex.split(entries(UNITS / name)["ExecStart"])
    assert program.startswith(PROGRAMS), "systemd wants a whole path"
    return [str(Path(sys.executable).with_name(Path(program).name)), *arguments]


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """The environment file, with what a machine without servers has."""
    given = entries(UNITS / "content-batches.env")
    own = {
        "SITE_URL": "http://localhost",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'database.sqlite3'}",
        "CELERY_BROKER_URL": "filesystem://",
        "EMAIL_URL": "",
        "SWEEP_SECONDS": "0.5",
    }
    return {"PATH": os.environ["PATH"], **given, **own}


@pytest.fixture
def started(environment) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """All three, on tables of their own; the web server on a free port."""
    migrate = [sys.executable, "manage.py", "migrate", "-v", "0"]
    subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
    processes = {}
    for name in SERVICES:
        arguments = command(name)
        if "--bind" in arguments:
            environment["PORT"] = str(free_port())
            arguments[arguments.index("--bind") + 1] = f"127.0.0.1:{environment['PORT']}"
        processes[name] = subprocess.Popen(
            arguments, cwd=ROOT, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
    yield processes
    for process in processes.values():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.processes
def test_each_unit_starts_and_stops(started, environment):
    wait_for_port(int(environment["PORT"]))
    url = f"http://127.0.0.1:{environment['PORT']}/readyz"

    def is_swept() -> bool:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return b'"worker": "ok"' in answer.read()

    wait_until(is_swept, "the worker's sweep, for which the sweeper asks", every=0.2)

    for name, process in started.items():
        process.send_signal(signal.SIGTERM)
        assert process.wait(int(entries(UNITS / name)["TimeoutStopSec"])) == 0, name


def test_the_units_belong_together():
    target = entries(UNITS / "content-batches.target")
    assert target["Wants"].split() == sorted(SERVICES, key=target["Wants"].index)
    for name in SERVICES:
        found = entries(UNITS / name)
        assert found["PartOf"] == "content-batches.target"
        assert found["WorkingDirectory"] == HOME
        assert found["EnvironmentFile"] == "/etc/content-batches.env"
        assert found["Restart"] == "always"


def test_the_environment_file_names_settings_that_there_are():
    table = (ROOT / "README.md").read_text().partition("## Settings")[2]
    for name in entries(UNITS / "content-batches.env"):
        assert f"`{name}`" in table
