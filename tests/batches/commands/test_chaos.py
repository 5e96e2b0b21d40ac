"""Chaos in its own processes: no damage, and no leftover files."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.services import PATIENCE_SECONDS, need_program, need_server, wait_until

ROOT = Path(__file__).resolve().parents[3]
KILLS = 3


@pytest.fixture
def environment(tmp_path):
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    }
    (tmp_path / "scratch").mkdir()
    return {**inherited, "DATA_DIR": str(tmp_path), "TMPDIR": str(tmp_path / "scratch")}


def chaos(*arguments):
    return [sys.executable, str(ROOT / "manage.py"), "chaos", *arguments]


def processes_in(folder):
    """Return the processes with this data folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"DATA_DIR={folder}/scratch/" in path.read_text(errors="replace"):
                found.append(path.parent.name)
    return found


@pytest.mark.processes
@pytest.mark.parametrize("how_started", [(), ("--forks",)])
def test_every_effect_once_after_kills(environment, tmp_path, how_started):
    done = subprocess.run(
        chaos("--kills", str(KILLS), "--seed", "7", "--json", *how_started),
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["isClean"]
    assert (found["lost"], found["doubled"], found["stuck"], found["faults"]) == (0, 0, 0, [])
    assert (found["seed"], sum(found["kills"].values())) == (7, KILLS)
    assert found["batches"] > 0
    assert found["items"] >= found["changes"] > 0
    assert found["recoveryP99Seconds"] >= found["recoveryP50Seconds"] > 0
    assert not list((tmp_path / "scratch").iterdir())
    assert not processes_in(tmp_path)


@pytest.fixture
def rabbitmqctl():
    need_server("RabbitMQ", 5672)
    return need_program("rabbitmqctl")


def virtual_hosts(rabbitmqctl, parent):
    """Return those that this run of chaos created."""
    listed = subprocess.check_output([rabbitmqctl, "-q", "list_vhosts", "name"], text=True)
    return [name for name in listed.split() if name.startswith(f"chaos_{parent.pid}_")]


@pytest.mark.processes
def test_virtual_host_removed_on_request(environment, tmp_path, rabbitmqctl):
    environment["CELERY_BROKER_URL"] = "amqp://guest:guest@127.0.0.1:5672/nobody-made-this"
    with started_and_stopped(environment, tmp_path, signal.SIGINT) as parent:
        assert len(virtual_hosts(rabbitmqctl, parent)) == 1

    assert virtual_hosts(rabbitmqctl, parent) == []


@pytest.mark.processes
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_broker_data_removed_on_request(environment, tmp_path, how):
    with started_and_stopped(environment, tmp_path, how):
        pass


@contextmanager
def started_and_stopped(environment, tmp_path, how):
    """Chaos with started processes, which are stopped afterwards."""
    parent = subprocess.Popen(
        chaos("--kills", "1000"),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: processes_in(tmp_path), "the first process", every=0.1)
        yield parent

        parent.send_signal(how)

        said, complaints = parent.communicate(timeout=PATIENCE_SECONDS)
    finally:
        parent.kill()
    assert (parent.returncode, said) == (130, "")
    assert complaints.strip() == "Stopped; everything was cleaned up."
    assert not list((tmp_path / "scratch").iterdir())
    assert not processes_in(tmp_path)


@pytest.mark.parametrize("wrong", [("--kills", "0"), ("--kills", "many"), ("--seconds", "-1")])
def test_chaos_refuses_wrong_numbers(wrong):
    with pytest.raises(CommandError, match="enter a whole number above zero"):
        call_command("chaos", *wrong)
