"""The demo as a newcomer starts it: real processes, real HTTP."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.services import PATIENCE_SECONDS, free_port

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.processes


@pytest.fixture
def environment(tmp_path):
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "LOG_LEVEL"}
    }
    return {**inherited, "DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}


def demo(*arguments, **options):
    return [sys.executable, str(ROOT / "manage.py"), "demo", *arguments]


def test_demo_once_runs_twice(environment):
    for _ in range(2):
        done = subprocess.run(
            demo("--once"),
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        for line in ("update-price: 3 of 4", "retry: 3 of 3", "undo: 3 of 3", "scheduled: 3 of 3"):
            assert f"\n{line}\n" in done.stdout
        assert "All results are as expected." in done.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_demo_starts_and_stops_cleanly(environment, how):
    port = free_port()
    parent = subprocess.Popen(
        demo("--port", str(port)),
        env={**environment, "DEMO_PASSWORD": "let me in"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said = ""
        while "password" not in said:
            line = parent.stdout.readline()
            assert line, said
            said += line
        assert f"http://127.0.0.1:{port}/admin/" in said
        assert "let me in" in said
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").status == 200
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/nowhere")
        parent.send_signal(how)
        assert parent.wait(PATIENCE_SECONDS) == 0
        # Ordinary refusals and exits of child processes are not logged.
        assert parent.stdout.read().strip() == "Stopping …"
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port))
    finally:
        parent.kill()


def test_port_in_use_message(environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            demo("--port", port),
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    assert done.returncode == 2
    assert f"Can't listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
