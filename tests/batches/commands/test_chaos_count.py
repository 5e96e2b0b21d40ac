"""Chaos detects each kind of prepared damage, and nothing else."""

import pytest
from django.db.models import F
from uuid_utils.compat import uuid7

from batches.management.chaos.count import recount
from batches.models import BatchItem, BatchOperation, Status
from content.models import Content, ContractCall, SandboxTransaction
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture
def batch(alice, wallet_of, work):
    """Three items on the chain: two batches saved them, one result is failed."""
    contents = make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)
    keys = [content.pk for content in contents]
    price_batch(alice, keys, percentChange=10)
    work()
    batch = price_batch(alice, [*keys, "unknown"], newPrice=5_000_000)
    work()
    batch.refresh_from_db()
    return batch


def damage(**told):
    found = recount(**told)
    return found.lost, found.doubled, found.stuck


def test_ordinary_work_is_clean(batch):
    found = recount(list(BatchOperation.objects.values_list("pk", flat=True)))

    assert found.is_clean
    assert (found.batches, found.items, found.changes, found.cancelled) == (2, 7, 6, 0)
    assert (found.lost, found.doubled, found.stuck, found.faults) == (0, 0, 0, ())


def test_repeated_effect_is_doubled(batch):
    Content.objects.filter(pk=batch.content_ids[0]).update(version=F("version") + 1)

    assert damage() == (0, 1, 0)
    # The other count detects it too.
    assert any("it has version 4" in words for words in recount().faults)


def test_effect_without_result_counted(batch):
    BatchItem.objects.filter(batch=batch, content_id=batch.content_ids[0]).delete()

    assert damage() == (1, 1, 0)


def test_result_without_effect_is_lost(batch):
    Content.objects.filter(pk=batch.content_ids[0]).update(version=F("version") - 1)

    assert damage() == (1, 0, 0)


def test_call_executed_twice_is_doubled(batch):
    told = SandboxTransaction.objects.order_by("pk").first()
    SandboxTransaction.objects.create(
        tx_id="0xagain", function=told.function, arguments=told.arguments
    )

    assert damage() == (0, 3, 0)


def test_call_missing_on_chain_is_lost(batch):
    SandboxTransaction.objects.order_by("pk").first().delete()

    assert damage() == (3, 0, 0)


def test_missing_accepted_batch_is_lost(batch):
    assert damage(accepted=[batch.pk, uuid7()]) == (1, 0, 0)


def test_cancelled_batch_that_ran_is_lost(batch):
    assert damage(accepted=[batch.pk], cancelled=[batch.pk]) == (1, 0, 0)


def test_unfinished_batch_is_stuck(batch):
    BatchOperation.objects.filter(pk=batch.pk).update(status=Status.PROCESSING)
    assert damage() == (0, 0, 1)

    ContractCall.objects.update(state=ContractCall.State.BROADCAST)
    assert damage() == (0, 0, 1 + ContractCall.objects.count())
