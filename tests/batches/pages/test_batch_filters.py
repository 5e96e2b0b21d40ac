"""Filters of the list of batches."""

from datetime import UTC, datetime

import pytest

from batches.models import BatchOperation
from content.models import User
from tests.batches.orders import price_batch
from tests.factories import WalletFactory, make_contents


def found(client, **query):
    return [batch.pk for batch, *_ in client.get("/batches", query).context["rows"]]


def batch_of(user, wallet, at=None):
    batch = price_batch(user, [make_contents(wallet)[0].pk], creator=wallet.pk)
    if at is not None:
        BatchOperation.objects.filter(pk=batch.pk).update(created_at=at)
    return batch.pk


@pytest.fixture
def two_wallets(alice, wallet_of):
    return wallet_of(alice), WalletFactory(owner=alice, display_name="Alice's label")


def test_by_operation_and_source(signed_in, alice, wallet_of):
    client, key = signed_in(alice), batch_of(alice, wallet_of(alice))
    assert found(client, operation="update-price", source="api", status="pending") == [key]
    assert found(client, operation="remove-content") == []
    assert found(client, source="admin") == []


@pytest.mark.parametrize("name", ["operation", "source", "status", "outcome"])
def test_unknown_filter_values_find_nothing(signed_in, alice, wallet_of, name):
    batch_of(alice, wallet_of(alice))
    answer = signed_in(alice).get("/batches", {name: "{$ne: 1}"})
    assert answer.context["rows"] == []
    assert "is not one of the available choices" in answer.content.decode()
    assert "filter is invalid" in answer.content.decode()


def test_several_wallets_offer_a_choice(signed_in, alice, bob, two_wallets, wallet_of):
    first, second = (batch_of(alice, wallet) for wallet in two_wallets)
    foreign = batch_of(bob, wallet_of(bob))
    client = signed_in(alice)
    assert found(client) == [second, first]
    assert found(client, creator=two_wallets[0].pk) == [first]
    assert found(client, creator=wallet_of(bob).pk) == []
    page = client.get("/batches").content.decode()
    assert "All my wallets" in page
    assert wallet_of(bob).pk not in page
    assert foreign not in found(client)


def test_single_wallet_has_no_choice(signed_in, alice, bob, wallet_of):
    key = batch_of(alice, wallet_of(alice))
    batch_of(bob, wallet_of(bob))
    client = signed_in(alice)
    assert 'name="creator"' not in client.get("/batches").content.decode()
    assert found(client, creator=wallet_of(bob).pk) == [key]


def test_staff_choose_creator_or_address(signed_in, viewer, alice, bob, two_wallets, wallet_of):
    first, second = (batch_of(alice, wallet) for wallet in two_wallets)
    foreign = batch_of(bob, wallet_of(bob))
    client = signed_in(viewer)
    assert found(client, creator="ALICE") == [second, first]
    assert found(client, creator=f" {two_wallets[1].pk} ") == [second]
    assert found(client, creator="bob") == [foreign]
    assert found(client, creator="nobody") == []
    assert found(client, creator="' OR 1=1") == []


def test_days_are_inclusive_in_viewers_zone(signed_in, alice, wallet_of):
    User.objects.filter(pk=alice.pk).update(time_zone="Pacific/Auckland")
    # Summer time: thirteen hours ahead of UTC.
    moments = [
        datetime(2026, 1, 9, 10, 59, 59, tzinfo=UTC),
        datetime(2026, 1, 9, 11, 0, tzinfo=UTC),
        datetime(2026, 1, 11, 10, 59, 59, tzinfo=UTC),
        datetime(2026, 1, 11, 11, 0, tzinfo=UTC),
    ]
    keys = [batch_of(alice, wallet_of(alice), moment) for moment in moments]
    client = signed_in(alice)
    assert found(client, day_from="2026-01-10", day_to="2026-01-11") == [keys[2], keys[1]]
    assert found(client, day_from="2026-01-12", day_to="2026-01-12") == [keys[3]]
    assert found(client, day_to="2026-01-09") == [keys[0]]
    assert len(found(client, day_from="2026-01-09")) == 4
    page = client.get("/batches?day_from=2026-01-10").content.decode()
    assert "Days in Pacific/Auckland" in page
    assert 'value="2026-01-10"' in page


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"day_from": "2026-02-02", "day_to": "2026-02-01"}, "day_to", "before the first day"),
        ({"day_from": "yesterday"}, "day_from", "Write the day like 2026-01-31."),
        ({"day_to": "2026-02-30"}, "day_to", "Write the day like 2026-01-31."),
        ({"day_from": "0001-01-01"}, "day_from", "Choose a day after 1970"),
        ({"day_to": "9999-12-31"}, "day_to", "Choose a day before 9999"),
    ],
)
def test_invalid_days_shown_at_field(signed_in, alice, wallet_of, query, field, words):
    batch_of(alice, wallet_of(alice))
    answer = signed_in(alice).get("/batches", query)
    assert answer.context["rows"] == []
    assert words in str(answer.context["form"][field].errors)
    assert words in answer.content.decode()


def test_pages_keep_the_filter(signed_in, alice, wallet_of, settings):
    settings.BATCH_QUOTA_PER_HOUR = 51
    for _ in range(51):
        batch_of(alice, wallet_of(alice))
    page = signed_in(alice).get("/batches?source=api&day_from=2000-01-01").content.decode()
    assert 'href="?source=api&amp;day_from=2000-01-01&amp;page=2"' in page
