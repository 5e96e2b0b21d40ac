"""What chaos counts: each kind of damage, made by hand, is found, and nothing else is."""

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
    """Three items, all on the chain: two batches saved them, one result says failed."""
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


def test_an_effect_that_happened_twice_is_doubled(batch):
    Content.objects.filter(pk=batch.content_ids[0]).update(version=F("version") + 1)

    assert damage() == (0, 1, 0)
    # Told by the other way of counting as well.
    assert any("it is at version 4" in words for words in recount().faults)


def test_an_effect_without_its_result_is_doubled_and_the_result_lost(batch):
    BatchItem.objects.filter(batch=batch, content_id=batch.content_ids[0]).delete()

    assert damage() == (1, 1, 0)


def test_a_result_without_its_effect_is_lost(batch):
    Content.objects.filter(pk=batch.content_ids[0]).update(version=F("version") - 1)

    assert damage() == (1, 0, 0)


def test_a_call_that_the_chain_executed_twice_is_doubled(batch):
    told = SandboxTransaction.objects.order_by("pk").first()
    SandboxTransaction.objects.create(
        tx_id="0xagain", function=told.function, arguments=told.arguments
    )

    assert damage() == (0, 3, 0)


def test_a_call_that_the_chain_never_heard_of_is_lost(batch):
    SandboxTransaction.objects.order_by("pk").first().delete()

    assert damage() == (3, 0, 0)


def test_a_batch_that_was_accepted_and_is_not_there_is_lost(batch):
    assert damage(accepted=[batch.pk, uuid7()]) == (1, 0, 0)


def test_a_batch_that_ran_although_it_was_cancelled_is_lost(batch):
    assert damage(accepted=[batch.pk], cancelled=[batch.pk]) == (1, 0, 0)


def test_what_never_ended_is_stuck(batch):
    BatchOperation.objects.filter(pk=batch.pk).update(status=Status.PROCESSING)
    assert damage() == (0, 0, 1)

    ContractCall.objects.update(state=ContractCall.State.BROADCAST)
    assert damage() == (0, 0, 1 + ContractCall.objects.count())
