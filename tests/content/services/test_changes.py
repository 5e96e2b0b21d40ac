"""The only writer of content: versions, history, stale forms."""

import pytest
from django.utils import timezone

from content.errors import AlreadyExists, StaleVersion
from content.models import Content, ContentChange
from content.services.catalogue.changes import (
    Change,
    add_contents,
    apply_changes,
    change_content,
    from_history,
    lock_contents,
)
from tests.factories import make_contents


def test_history_is_gapless(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    for price in (5, 6, 7):
        change_content(item.pk, {"price": price}, version=None, by=alice, cause="api")
    history = list(ContentChange.objects.filter(content=item).order_by("version"))
    assert [change.version for change in history] == [1, 2, 3, 4]
    assert history[0].after["title"] == item.title
    assert [change.before.get("price") for change in history] == [None, 1_000_000, 5, 6]
    assert [change.after["price"] for change in history] == [1_000_000, 5, 6, 7]
    assert Content.objects.get(pk=item.pk).updated_by == f"user:{alice.pk}"


def test_a_stale_version_is_refused(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    change_content(item.pk, {"price": 5}, version=1, by=alice, cause="api")
    with pytest.raises(StaleVersion):
        change_content(item.pk, {"price": 6}, version=1, by=alice, cause="api")
    assert Content.objects.get(pk=item.pk).price == 5


def test_unchanged_values_not_written(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    after = {"price": item.price, "title": item.title}
    assert change_content(item.pk, after, version=1, by=alice, cause="api").version == 1
    assert ContentChange.objects.count() == 1


def test_unknown_item(alice):
    with pytest.raises(Content.DoesNotExist):
        change_content("unknown", {"price": 1}, version=None, by=alice, cause="api")


def test_different_fields_and_values_in_one_go(alice, wallet_of):
    first, second, third = make_contents(wallet_of(alice), 3)
    now = timezone.now()
    apply_changes(
        [
            Change(first, {"price": 5}),
            Change(second, {"price": 6}),
            Change(
                third, {"is_removed": True, "removed_at": now, "token_gating": {"enabled": True}}
            ),
        ],
        by=alice,
        cause="admin",
    )
    rows = Content.objects.in_bulk([first.pk, second.pk, third.pk])
    assert (rows[first.pk].price, rows[second.pk].price) == (5, 6)
    assert rows[third.pk].token_gating == {"enabled": True}
    change = ContentChange.objects.get(content=third, version=2)
    # MongoDB keeps milliseconds.
    restored = from_history(change.after)["removed_at"]
    assert abs((restored - rows[third.pk].removed_at).total_seconds()) < 0.001


HOSTILE = "'; DROP TABLE x; -- %s %% \\ \" $[0] \n\t {} 名 🙂"


def test_another_value_for_each_of_many_items(alice, bob, wallet_of):
    """Of every kind, and under every id that there may be."""
    names = ["7", "007", "a.b", "A.b", "_:-.", "x" * 64]
    items = [make_contents(wallet_of(alice), content_id=name)[0] for name in names]
    (other,) = make_contents(wallet_of(bob))
    afters = {
        item.pk: {
            "price": 10**15 - number,
            "title": f"{number} {HOSTILE}",
            "description": "" if number else HOSTILE,
            "refundable": bool(number % 2),
            "refund_window_days": number,
            "token_gating": {"enabled": bool(number % 2), "deep": [number, HOSTILE, None]},
            "onchain_id": 2**63 - 1 - number if number else None,
        }
        for number, item in enumerate(items)
    }

    apply_changes([Change(item, afters[item.pk]) for item in items], by=alice, cause="admin")

    rows = Content.objects.in_bulk(names)
    for name, after in afters.items():
        assert {field: getattr(rows[name], field) for field in after} == after
        assert type(rows[name].refundable) is bool
        assert ContentChange.objects.get(content_id=name, version=2).after == after
    assert Content.objects.get(pk=other.pk).version == 1


def test_stale_item_refused(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    read = lock_contents([item.pk])[item.pk]
    change_content(item.pk, {"price": 5}, version=None, by=alice, cause="api")
    with pytest.raises(StaleVersion):
        apply_changes([Change(read, {"price": 6})], by=alice, cause="api")


def test_an_id_that_is_taken_is_refused(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    with pytest.raises(AlreadyExists):
        add_contents(
            [Content(content_id=item.pk, title="Twin", price=1, creator=wallet_of(alice))],
            by=alice,
            cause="api",
        )
    assert Content.objects.get(pk=item.pk).title == item.title
