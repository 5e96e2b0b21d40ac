"""Many rows in one statement: found by their keys, written as `bulk_create` would have."""

from datetime import datetime

import pytest
from django.db import IntegrityError
from uuid_utils.compat import uuid7

from config.database import atomic
from config.rows import SQLITE_ROWS, among, insert_rows, new_keys
from content.models import Content, ContentChange
from tests.factories import make_contents

HOSTILE = "'; DROP TABLE x; -- %s %% \\ \" \n\t {} [] 名 🙂"


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


def test_what_is_there_already_is_refused_and_nothing_of_the_rest_stays(alice, wallet_of):
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


def test_what_is_equal_in_all_rows_arrives_in_each(alice, wallet_of):
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
