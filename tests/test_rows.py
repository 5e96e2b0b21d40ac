"""The hand-written SQL reads and writes what querysets would, on every database."""

from contextlib import suppress
from datetime import datetime
from threading import Thread
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError
from django.db.transaction import TransactionManagementError
from uuid_utils.compat import uuid7

from batches.models import BatchOperation
from config.database import atomic, on_commit
from config.rows import (
    ByKey,
    Plus,
    among,
    insert_rows,
    new_keys,
    read_locked,
    read_row,
    update_among,
    update_rows,
)
from config.rows.insert import SQLITE_ROWS
from content.models import Content, ContentChange
from tests.factories import make_contents

MOMENT = datetime.fromisoformat("2026-03-29T01:30:00.123+00:00")
HOSTILE = "'; DROP TABLE x; -- %s %% \\ \" \n\t {} [] 名 🙂"


def batch_of(person, wallet):
    return BatchOperation.objects.create(
        creator=wallet, requested_by=person, source="api", payload={"removalReason": HOSTILE}
    )


@atomic
def insert(**columns):
    insert_rows(ContentChange, **columns)


def test_every_value_arrives_as_it_is(alice, wallet_of):
    first, second = make_contents(wallet_of(alice), 2)
    keys = [uuid7(), uuid7()]
    moment = datetime.fromisoformat("2026-03-29T01:30:00.123+00:00")

    insert(
        same={"by_id": alice.pk, "cause": HOSTILE, "at": moment},
        each={
            "id": keys,
            "content_id": [first.pk, second.pk],
            "version": [2, 2**31 - 1],
            "before": [{"title": HOSTILE}, {}],
            "after": [
                {"price": 2**63 - 1, "removed_at": None, "refundable": True, "list": [1, "2"]},
                {HOSTILE: {"deep": [None, False, -1]}},
            ],
            "chain_error": [HOSTILE, ""],
        },
    )

    one, other = (ContentChange.objects.get(pk=key) for key in keys)
    assert (one.content_id, one.version, one.by_id) == (first.pk, 2, alice.pk)
    assert (one.cause, one.chain_error, one.at) == (HOSTILE, HOSTILE, moment)
    assert one.before == {"title": HOSTILE}
    assert one.after == {
        "price": 2**63 - 1,
        "removed_at": None,
        "refundable": True,
        "list": [1, "2"],
    }
    assert (one.chain_state, one.contract_call_id) == ("none", None)
    assert (other.content_id, other.version, other.before) == (second.pk, 2**31 - 1, {})
    assert other.after == {HOSTILE: {"deep": [None, False, -1]}}
    assert other.chain_error == ""


def test_duplicate_insert_rolls_back_all(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    before = ContentChange.objects.count()

    with pytest.raises(IntegrityError):
        insert(
            same={"content_id": item.pk, "cause": "api"},
            each={"id": [uuid7(), uuid7()], "version": [2, 1]},
        )

    assert ContentChange.objects.count() == before


def test_no_rows_are_no_statement(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_rows(ContentChange, same={"cause": "api"}, each={"id": [], "version": []})


def test_moments_may_not_differ_from_row_to_row(alice, wallet_of):
    """Their form depends on the database."""
    (item,) = make_contents(wallet_of(alice))

    with pytest.raises((TypeError, ValueError)):
        insert(
            same={"content_id": item.pk, "cause": "api"},
            each={"id": [uuid7()], "version": [2], "at": [object()]},
        )


def test_common_values_inserted_in_each_row(alice, wallet_of):
    """And there may be more of them than one statement takes."""
    items = make_contents(wallet_of(alice), 2 * SQLITE_ROWS + 1)

    insert(
        same={"cause": "api"},
        each={
            "id": new_keys(len(items)),
            "content_id": [item.pk for item in items],
            "version": [2] * len(items),
            "before": [{"title": HOSTILE}] * len(items),
            "after": [{"price": item.price} for item in items],
        },
    )

    changes = ContentChange.objects.filter(version=2).select_related("content")
    assert len(changes) == len(items)
    assert {change.after["price"] == change.content.price for change in changes} == {True}
    assert [change.before for change in changes] == [{"title": HOSTILE}] * len(items)


def test_the_items_among_some_keys_are_found(alice, wallet_of):
    first, second, _ = make_contents(wallet_of(alice), 3)
    found = lambda keys: sorted(Content.objects.filter(among(keys)).values_list("pk", flat=True))  # noqa: E731

    assert found([second.pk, first.pk, "unknown", HOSTILE, first.pk]) == [first.pk, second.pk]
    assert found([]) == []
    assert Content.objects.filter(among([first.pk])).update(price=5) == 1
    assert Content.objects.filter(price=5).get() == first


def everything(item):
    """Of its row, as it stands in the database."""
    return Content.objects.filter(pk=item.pk).values().get()


def test_row_read_with_related_objects(alice, wallet_of):
    batch = batch_of(alice, wallet_of(alice))
    batch.refresh_from_db()
    names = ("payload", "created_at", "until", "creator__owner_id", "requested_by__is_staff")

    found = read_row(BatchOperation, names, pk=batch.pk, lease_token=None, status=batch.status)

    assert found == batch
    assert isinstance(found.pk, UUID)
    assert found.get_deferred_fields() >= {"kind", "status", "content_ids", "lease_token"}
    assert (found.payload, found.created_at, found.until) == (
        batch.payload,
        batch.created_at,
        None,
    )
    assert found.creator == wallet_of(alice)
    assert found.creator.owner_id == alice.pk
    assert found.creator.get_deferred_fields() >= {"email", "display_name"}
    assert found.requested_by == alice
    assert found.requested_by.is_staff is False


def test_no_row_if_one_value_differs(alice, wallet_of):
    batch = batch_of(alice, wallet_of(alice))

    for other in ({"lease_token": uuid7()}, {"status": "failed"}, {"is_paused": True}):
        assert read_row(BatchOperation, ("kind",), **{"pk": batch.pk} | other) is None


def test_rows_read_in_key_order(alice, wallet_of):
    """In the same by everybody, or they would wait for each other."""
    _, second, first = make_contents(
        wallet_of(alice), 3, content_id=lambda number: f"item-{10**9 - number}"
    )
    Content.objects.filter(pk=second.pk).update(
        token_gating={"deep": [1]}, removed_at=MOMENT, title=HOSTILE
    )
    names = ("pk", "creator_id", "title", "token_gating", "removed_at", "is_removed", "onchain_id")

    @atomic
    def read():
        return read_locked(Content, names, [second.pk, "unknown", first.pk, HOSTILE])

    one, other = read()
    assert one == (first.pk, first.creator_id, first.title, {}, None, False, None)
    assert other == (second.pk, second.creator_id, HOSTILE, {"deep": [1]}, MOMENT, False, None)
    assert (other.pk, other.removed_at) == (second.pk, MOMENT)


def test_update_writes_matching_rows_only(alice, wallet_of):
    item, other = make_contents(wallet_of(alice), 2)
    before, kept = everything(item), everything(other)
    where = {"pk": item.pk, "removed_at": None, "is_removed": False}

    values = {"version": Plus(2), "title": HOSTILE, "removed_at": MOMENT, "onchain_id": None}
    assert update_rows(Content, where, values) == 1
    assert update_rows(Content, where, {"title": "Again"}) == 0

    assert everything(item) == before | {"version": 3, "title": HOSTILE, "removed_at": MOMENT}
    assert everything(other) == kept


def test_each_row_gets_its_own_values(alice, wallet_of):
    first, second, other = make_contents(wallet_of(alice), 3)
    before = {item.pk: everything(item) for item in (first, second)}
    kept = everything(other)
    values = {
        "price": ByKey({first.pk: 2**53 + 1, second.pk: 0}),
        "title": ByKey({first.pk: HOSTILE, second.pk: "1"}),
        "removed_at": ByKey({first.pk: MOMENT, second.pk: None}),
        "refundable": ByKey({first.pk: True, second.pk: False}),
        "token_gating": ByKey({first.pk: {"a": [None, "x"]}, second.pk: {}}),
        "onchain_id": ByKey({first.pk: None, second.pk: 7}),
        "version": Plus(1),
    }

    assert update_among(Content, [first.pk, second.pk], values) == 2

    for item in (first, second):
        own = {name: value.values[item.pk] for name, value in values.items() if name != "version"}
        assert everything(item) == before[item.pk] | own | {"version": 2}
    assert everything(other) == kept


def test_no_keys_are_no_rows(alice, wallet_of):
    make_contents(wallet_of(alice))

    assert read_locked(Content, ("pk",), []) == []
    assert update_among(Content, [], {"price": 5}) == 0


def test_nothing_is_locked_outside_of_a_transaction(alice, wallet_of, transactional_db):
    (item,) = make_contents(wallet_of(alice))

    with pytest.raises(TransactionManagementError):
        read_locked(Content, ("pk",), [item.pk])


def test_error_ends_outer_transaction(alice, wallet_of, transactional_db):
    """Whoever catches it: nothing stays, and nobody is told."""
    item, other = make_contents(wallet_of(alice), 2)
    Content.objects.filter(pk=other.pk).update(onchain_id=7)
    told = []

    @atomic
    def write(fail):
        update_rows(Content, {"pk": item.pk}, {"title": "Changed"})
        on_commit(lambda: told.append("committed"))
        with suppress(DatabaseError):
            fail()

    def take_what_is_taken():
        update_rows(Content, {"pk": item.pk}, {"onchain_id": 7})

    def insert_what_is_there():
        insert_rows(
            ContentChange,
            same={"cause": "api"},
            each={"id": [uuid7()], "content_id": [item.pk], "version": [1]},
        )

    for fail in (take_what_is_taken, insert_what_is_there):
        write(fail)
        assert told == []
        assert Content.objects.get(pk=item.pk).title == item.title


def test_values_by_key_need_plain_keys(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    kept = everything(item)

    for price in (ByKey({item.pk: 5, 'a"b': 6}), ByKey({item.pk: object()})):
        with pytest.raises((ValueError, TypeError)):
            update_among(Content, [item.pk], {"price": price})
    assert everything(item) == kept


def test_an_object_is_no_key(alice, wallet_of):
    batch = batch_of(alice, wallet_of(alice))

    with pytest.raises(TypeError, match="Give the key that creator holds"):
        update_rows(BatchOperation, {"creator": wallet_of(alice)}, {"kind": "x"})
    with pytest.raises(TypeError, match="Give the key that undo_of holds"):
        update_rows(BatchOperation, {"pk": batch.pk}, {"undo_of": batch})


def test_each_thread_has_own_converters(alice, wallet_of):
    """They belong to a connection, which would stay open with them."""
    from config.rows.read import _parts

    ours = _parts(Content, ("price",))
    theirs = []
    thread = Thread(target=lambda: theirs.append(_parts(Content, ("price",))))
    thread.start()
    thread.join()

    assert _parts(Content, ("price",)) is ours
    assert theirs[0] is not ours
