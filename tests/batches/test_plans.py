"""All that keeps several batches waiting, changed at once, and once only."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models.signals import post_init
from django.utils import timezone

from batches.models import BatchOperation, Dependency
from batches.services import waiting
from batches.services.dependencies import depend_on
from batches.services.drafts import Waiting
from batches.services.plans import plan_anew
from tests.batches.orders import price_batch
from tests.factories import make_contents


When = Dependency.When


class Deadlock(Exception):
    """As PostgreSQL's driver says it."""

    sqlstate = "40P01"


@contextmanager
def deadlock_once(is_time):
    """The transaction in which a batch is read of which that is true ends, and is repeated."""
    raised = []

    def break_off(instance, **_):
        if not raised and is_time(instance):
            raised.append(instance.pk)
            raise OperationalError("deadlock detected") from Deadlock()

    post_init.connect(break_off, sender=BatchOperation)
    try:
        yield raised
    finally:
        post_init.disconnect(break_off, sender=BatchOperation)


@pytest.fixture
def items(alice, wallet_of):
    return [item.pk for item in make_contents(wallet_of(alice), 2)]


@pytest.fixture
def two(alice, items):
    return [price_batch(alice, [key], scheduledFor=in_days(1).isoformat()) for key in items]


def in_days(days):
    return (timezone.now() + timedelta(days=days)).replace(microsecond=0)


@pytest.mark.django_db(transaction=True)
def test_a_plan_whose_transaction_is_repeated_is_kept(alice, two):
    moment, seen = in_days(2), set()

    def both_are_planned(batch):
        if batch.scheduled_for == moment:
            seen.add(batch.pk)
        return len(seen) == len(two)

    with deadlock_once(both_are_planned) as raised:
        assert plan_anew(two, Waiting(moment, None, []), by=alice) == 2

    assert raised
    assert set(BatchOperation.objects.values_list("scheduled_for", flat=True)) == {moment}


def test_a_plan_is_compared_with_what_stands_and_not_with_what_was_read(alice, two):
    shown = two[0].scheduled_for
    waiting.reschedule(BatchOperation.objects.get(pk=two[0].pk), in_days(3))

    plan_anew(two, Waiting(shown, None, []), by=alice)

    assert BatchOperation.objects.get(pk=two[0].pk).scheduled_for == shown


def test_what_changes_a_batch_leaves_the_object_passed_in_as_it_was(alice, items, two):
    batch = two[0]
    before = (batch.scheduled_for, batch.is_paused, batch.waits_for, batch.updated_at)

    assert waiting.reschedule(batch, None).scheduled_for is None
    assert waiting.pause(batch).is_paused
    assert depend_on(batch, [(two[1].pk, When.ALWAYS)], by=alice).waits_for == 1

    assert (batch.scheduled_for, batch.is_paused, batch.waits_for, batch.updated_at) == before
