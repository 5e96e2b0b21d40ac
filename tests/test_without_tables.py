"""Before the first `migrate`: one sentence that says so, from every command and every page."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.services import POSTGRESQL

ROOT = Path(__file__).resolve().parent.parent
WORDS = "There are no tables yet: run manage.py migrate"
PAGES = """
import json
from django.test import Client
client = Client(raise_request_exception=False, SERVER_NAME="localhost")
page = client.post("/login", {"username": "alice", "password": "x"})
api = client.post(
    "/api/auth/login", {"username": "alice", "password": "x"}, content_type="application/json"
)
ready = client.get("/readyz")
print(json.dumps([
    page.status_code, "%(words)s" in page.content.decode(),
    api.status_code, api.json()["message"],
    ready.status_code, ready.json()["database"],
]))
""" % {"words": WORDS}  # noqa: UP031


@pytest.fixture
def manage(tmp_path):
    """Runs manage.py on a database without tables."""

    def manage(*arguments):
        environment = {
            name: value for name, value in os.environ.items() if name not in {"LOG_LEVEL"}
        }
        url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env={
                **environment,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": POSTGRESQL if connection.vendor == "postgresql" else url,
            },
            capture_output=True,
            text=True,
            timeout=60,
        )

    return manage


@pytest.mark.parametrize(
    "arguments",
    [
        ["import_catalogue", "items.csv", "--creator=alice"],
        ["run_batch", "update-price", "--price=1", "--creator=alice", "--ids=x"],
        ["sweep"],
        ["verify"],
    ],
)
def test_a_command_says_what_to_run(manage, arguments):
    done = manage(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{WORDS}\n"


def test_pages_and_the_api_say_it_too(manage):
    done = manage("shell", "--no-imports", "-c", PAGES)

    assert done.stdout.strip() == f'[503, true, 503, "{WORDS}", 503, "{WORDS}"]', done.stderr
