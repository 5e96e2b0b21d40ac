"""The MongoDB stand-in: a process that dies in a transaction blocks nobody forever."""

from collections.abc import Iterator

import pytest
from pymongo import MongoClient

from tests.services import PATIENCE_SECONDS, mongodb_server

LIVES_SECONDS = 1
pytestmark = pytest.mark.processes


@pytest.fixture
def url() -> Iterator[str]:
    with mongodb_server("--transaction-seconds", str(LIVES_SECONDS)) as port:
        yield f"mongodb://127.0.0.1:{port}/?timeoutMS={PATIENCE_SECONDS * 1000}"


@pytest.fixture
def client(url) -> Iterator[MongoClient]:
    with MongoClient(url) as client:
        yield client


@pytest.fixture
def left(url) -> Iterator[None]:
    """Two transactions that have written, of somebody who is never heard of again."""
    with MongoClient(url) as somebody:
        items = somebody.shop.items
        items.insert_many([{"_id": name, "price": 1} for name in ("moon", "sun")])
        for name in ("moon", "sun"):
            session = somebody.start_session()
            session.start_transaction()
            items.update_one({"_id": name}, {"$set": {"price": 2}}, session=session)
        yield


def test_written_document_unlocked_for_others(left, client):
    """Though nobody asks within a transaction: a write to one the shim leaves alone."""
    client.shop.items.update_one({"_id": "moon"}, {"$set": {"price": 3}})

    assert client.shop.items.find_one({"_id": "moon"}) == {"_id": "moon", "price": 3}


def test_written_collection_can_be_dropped(left, client):
    client.shop.drop_collection("items")
    client.shop.items.insert_one({"_id": "earth"})

    assert list(client.shop.items.find()) == [{"_id": "earth"}]


def test_its_database_can_be_dropped_soon(left, client):
    client.drop_database("shop")

    assert "shop" not in client.list_database_names()
