"""Before the first `migrate` every command and page reports the missing tables."""

import sys

import pytest
from django.db import connection
from django.test import Client

import manage
from tests.faults.worlds import looking_at
from tests.services import POSTGRESQL

WORDS = "There are no tables yet: run manage.py migrate"


@pytest.fixture
def without_tables(tmp_path, django_db_blocker):
    empty = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    url = POSTGRESQL if connection.vendor == "postgresql" else empty
    with django_db_blocker.unblock(), looking_at(url):
        yield


@pytest.mark.parametrize(
    "arguments",
    [
        ["import_catalogue", "items.csv", "--creator=alice"],
        ["run_batch", "update-price", "--price=1", "--creator=alice", "--ids=x"],
        ["sweep"],
        ["verify"],
    ],
)
def test_command_without_tables_names_migrate(without_tables, capsys, monkeypatch, arguments):
    monkeypatch.setattr(sys, "argv", ["manage.py", *arguments])

    with pytest.raises(SystemExit) as ended:
        manage.main()

    assert (ended.value.code, *capsys.readouterr()) == (2, "", f"{WORDS}\n")


def test_pages_and_api_without_tables(without_tables):
    client = Client(raise_request_exception=False)
    typed = {"username": "alice", "password": "x"}

    page = client.post("/login", typed)
    answer = client.post("/api/auth/login", typed, content_type="application/json")
    ready = client.get("/readyz")

    assert (page.status_code, answer.status_code, ready.status_code) == (503, 503, 503)
    assert WORDS in page.content.decode()
    assert (answer.json()["message"], ready.json()["database"]) == (WORDS, WORDS)
