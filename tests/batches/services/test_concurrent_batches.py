"""Concurrent requests for the same rows: each waits for the other, or is refused."""

from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connection

from batches.errors import InvalidTransition
from batches.models import BatchItem, BatchOperation, Status
from batches.services.engine.lifecycle import record
from batches.services.engine.run_batch import claim, run_batch
from batches.services.quota import take_quota
from content.models import Content, Wallet
from tests.batches.orders import price_batch
from tests.factories import make_contents


def all_at_once(calls: list[Callable[[], object]]) -> list[Exception]:
    """Call each in a thread of its own; what they raised."""
    raised: list[Exception] = []

    def call(function: Callable[[], object]) -> None:
        try:
            function()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [Thread(target=call, args=[function]) for function in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_batches_on_same_items_serialized(alice, wallet_of):
    items = make_contents(wallet_of(alice), 25)
    keys = [item.pk for item in items]
    batches = [price_batch(alice, keys, percentChange=10) for _ in range(6)]

    assert all_at_once([lambda key=batch.pk: run_batch(key) for batch in batches]) == []

    assert set(BatchOperation.objects.values_list("status", "success_count")) == {
        (Status.COMPLETED, 25)
    }
    assert BatchItem.objects.count() == 6 * 25
    assert set(Content.objects.values_list("version", flat=True)) == {7}
    # 10 % six times over, rounded each time.
    assert Content.objects.get(pk=keys[0]).price == 1_771_561


def test_old_lease_records_nothing(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    assert claim(batch.pk)
    known = BatchOperation.objects.get(pk=batch.pk)
    BatchOperation.objects.update(lease_until=known.created_at)
    assert claim(batch.pk)

    with pytest.raises(InvalidTransition):
        record(known, success_count=1)

    stands = BatchOperation.objects.get(pk=batch.pk)
    assert (stands.status, stands.success_count) == (Status.PROCESSING, 0)
    assert stands.lease_token != known.lease_token


def test_concurrent_quota_use_is_counted(alice, wallet_of):
    take_quota(wallet_of(alice))
    ours, theirs = (Wallet.objects.get(pk=wallet_of(alice).pk) for _ in range(2))

    take_quota(ours)
    take_quota(theirs, 2)

    assert Wallet.objects.get(pk=ours.pk).quota_used == theirs.quota_used == 4
