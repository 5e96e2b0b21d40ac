"""Creating a batch: validation, permission, quota; nothing is written when refused."""

import pytest

from batches.errors import Invalid, NotAllowed, QuotaExceeded
from batches.models import BatchOperation, Status
from batches.operations import OPERATIONS
from batches.services.orders.order import clean_order
from content.models import Wallet
from tests.batches.orders import price_batch
from tests.conftest import person
from tests.factories import WalletFactory, address_of, make_contents

PRICE = OPERATIONS["update-price"]


def test_a_new_batch_waits_with_its_ids_frozen(alice, wallet_of):
    items = make_contents(wallet_of(alice), 2)
    batch = price_batch(alice, [items[1].pk, items[0].pk, "7"])

    batch.refresh_from_db()
    assert batch.content_ids == [items[1].pk, items[0].pk, "7"]
    assert (batch.status, batch.total_items, batch.outcome) == (Status.PENDING, 3, None)
    assert (batch.requested_by, batch.creator) == (alice, wallet_of(alice))
    assert not batch.items.exists()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"contentIds": []}, "contentIds"),
        ({}, "contentIds"),
        ({"contentIds": "7"}, "contentIds"),
        ({"contentIds": [str(n) for n in range(101)]}, "contentIds"),
        ({"contentIds": ["7", 7]}, "contentIds"),
        ({"contentIds": ["a", "b c"]}, "contentIds.1"),
        ({"contentIds": ["a", {"$ne": 1}]}, "contentIds.1"),
        ({"contentIds": ["a"], "status": "completed"}, "status"),
        ({"contentIds": ["a"], "creator": "SP1"}, "creator"),
        ({"contentIds": ["a"], "errorPolicy": "maybe"}, "errorPolicy"),
        ({"contentIds": ["a"], "expectedVersions": {"b": 1}}, "expectedVersions.b"),
        ({"contentIds": ["a"], "expectedVersions": {"a": 0}}, "expectedVersions.a"),
        ({"contentIds": ["a"], "expectedVersions": {"a": True}}, "expectedVersions.a"),
        ({"contentIds": ["a"], "expectedVersions": [1]}, "expectedVersions"),
        ({"contentIds": ["a"], "newPrice": -1}, "newPrice"),
        ({"contentIds": ["a"], "percentChange": 10}, "percentChange"),
    ],
)
def test_the_shape_is_refused_with_the_path(body, path):
    with pytest.raises(Invalid) as refusal:
        clean_order(PRICE, {"newPrice": 1, **body})
    assert path in refusal.value.errors


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(Invalid) as refusal:
        clean_order(PRICE, {"contentIds": [], "newPrice": "5", "nonsense": 1})
    assert set(refusal.value.errors) == {"contentIds", "newPrice", "nonsense"}


def test_a_price_is_needed():
    with pytest.raises(Invalid) as refusal:
        clean_order(PRICE, {"contentIds": ["a"]})
    assert set(refusal.value.errors) == {"newPrice"}


def test_two_wallets_need_an_address(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    WalletFactory(display_name="Second", owner=alice)
    with pytest.raises(Invalid) as refusal:
        price_batch(alice, [item.pk])
    assert "creator" in refusal.value.errors
    assert price_batch(alice, [item.pk], creator=address_of("Alice"))


@pytest.mark.parametrize("who", ["bob", "carol", "clerk", "viewer"])
def test_only_staff_specify_other_creators(alice, wallet_of, request, who):
    (item,) = make_contents(wallet_of(alice))
    with pytest.raises(NotAllowed):
        price_batch(request.getfixturevalue(who), [item.pk], creator=wallet_of(alice).pk)
    assert not BatchOperation.objects.exists()


def test_unknown_and_foreign_address_same_message(alice, bob, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    refusals = []
    for address in (wallet_of(bob).pk, address_of("nobody")):
        with pytest.raises(NotAllowed) as refusal:
            price_batch(alice, [item.pk], creator=address)
        refusals.append(refusal.value.message)
    assert len(set(refusals)) == 1


def test_selection_without_own_items_refused(alice, bob, wallet_of):
    (foreign,) = make_contents(wallet_of(bob))
    for policy in ("skip-failed", "reject-all"):
        with pytest.raises(NotAllowed):
            price_batch(alice, [foreign.pk, "unknown"], errorPolicy=policy)
    assert not BatchOperation.objects.exists()


def test_reject_all_lists_refused_items(alice, bob, wallet_of):
    (own,) = make_contents(wallet_of(alice))
    (foreign,) = make_contents(wallet_of(bob))
    with pytest.raises(Invalid) as refusal:
        price_batch(alice, [own.pk, foreign.pk, "unknown"], errorPolicy="reject-all")
    assert set(refusal.value.errors) == {"contentIds.1", "contentIds.2"}
    first, second = (words[0].split(": ")[1] for words in refusal.value.errors.values())
    assert first == second  # nobody learns that the foreign one exists
    assert not BatchOperation.objects.exists()


def test_staff_use_no_quota(alice, staff, wallet_of, settings):
    settings.BATCH_QUOTA_PER_HOUR = 2
    (item,) = make_contents(wallet_of(alice))
    for _ in range(3):
        price_batch(staff, [item.pk], creator=wallet_of(alice).pk)
    for _ in range(2):
        price_batch(alice, [item.pk])
    with pytest.raises(QuotaExceeded) as refusal:
        price_batch(alice, [item.pk])
    assert 3590 < refusal.value.details["reset_seconds"] <= 3600
    assert BatchOperation.objects.count() == 5
    assert Wallet.objects.get(owner=alice).quota_used == 2


def test_the_quota_is_new_after_an_hour(alice, wallet_of, settings, time_machine):
    settings.BATCH_QUOTA_PER_HOUR = 1
    (item,) = make_contents(wallet_of(alice))
    time_machine.move_to("2026-01-01T10:00:00Z")
    price_batch(alice, [item.pk])
    time_machine.move_to("2026-01-01T10:59:59Z")
    with pytest.raises(QuotaExceeded):
        price_batch(alice, [item.pk])
    time_machine.move_to("2026-01-01T11:00:00Z")
    assert price_batch(alice, [item.pk])


def test_validation_permission_quota_order(alice, carol, wallet_of, settings):
    settings.BATCH_QUOTA_PER_HOUR = 0
    make_contents(wallet_of(alice))
    with pytest.raises(Invalid):
        price_batch(carol, [])
    with pytest.raises(NotAllowed):
        price_batch(alice, ["unknown"])


def test_staff_must_specify_creator(staff, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    with pytest.raises(Invalid) as refusal:
        price_batch(staff, [item.pk])
    assert "creator" in refusal.value.errors


def test_an_inactive_creator_may_nothing(wallet_of, db):
    dora = person("dora", is_creator=True, is_active=False)
    (item,) = make_contents(wallet_of(dora))
    with pytest.raises(NotAllowed):
        price_batch(dora, [item.pk], creator=wallet_of(dora).pk)
