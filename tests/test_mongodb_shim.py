"""The shim changes queries, never results."""

from threading import Event, Thread

import pytest
from django.db import connection

from config.database import atomic
from content.models import Content
from tests.factories import make_contents
from tests.mongodb_shim import rewrite


def test_documents_become_paths():
    pipeline = [
        {"$lookup": {"from": "wallet", "as": "w", "pipeline": [{"$project": {"a": {"b": 1}}}]}},
        {"$project": {"w": {"name": 1, "owner": {"_id": 1}}, "price": 1}},
        {"$addFields": {"total": {"$add": ["$price", 1]}, "a": {"b": "$price"}}},
    ]

    assert rewrite(pipeline) == [
        {"$lookup": {"from": "wallet", "as": "w", "pipeline": [{"$project": {"a.b": 1}}]}},
        {"$project": {"w.name": 1, "w.owner._id": 1, "price": 1}},
        {"$addFields": {"total": {"$add": ["$price", 1]}, "a.b": "$price"}},
    ]


def test_everything_else_stays_as_it_is():
    pipeline = [
        {"$match": {"price": {"$gt": 5}}},
        {"$group": {"_id": {"kind": "$kind"}, "n": {"$sum": 1}}},
        {"$project": {"x": {"$literal": {"a": 1}}, "empty": {}}},
        {"$limit": 3},
    ]

    assert rewrite(pipeline) == pipeline


@pytest.mark.django_db(transaction=True)
def test_update_many_does_not_block_transaction(alice, wallet_of):
    """What the server keeps both waiting for, for good, unless the shim is there."""
    (item,) = make_contents(wallet_of(alice))
    ours, has_begun = Content.objects.filter(pk=item.pk), Event()

    def write_beside() -> None:
        try:
            has_begun.set()
            ours.update(title="Beside")
        finally:
            connection.close()

    beside = Thread(target=write_beside, daemon=True)

    @atomic
    def write_twice() -> None:
        ours.update(price=1)
        if not has_begun.is_set():
            beside.start()
            has_begun.wait(5)
            beside.join(0.5)  # by now it waits for us, as on every database
        ours.update(price=2)

    write_twice()
    beside.join(20)

    item.refresh_from_db()
    assert not beside.is_alive()
    assert (item.price, item.title) == (2, "Beside")
