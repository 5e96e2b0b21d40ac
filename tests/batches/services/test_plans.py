"""All that keeps several batches waiting, changed at once, and once only."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models.signals import post_init
from django.utils import timezone

from batches.errors import Invalid, InvalidTransition, NothingToDo
from batches.models import BatchOperation, Dependency, Source, Status
from batches.operations import OPERATIONS
from batches.services.orders.dependencies import depend_on
from batches.services.runs import draft, schedule
from batches.services.runs.confirm import confirm
from batches.services.runs.draft import Waiting
from batches.services.runs.plans import plan_anew, start_now
from tests.batches.messages import told
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
    schedule.reschedule(BatchOperation.objects.get(pk=two[0].pk), in_days(3))

    plan_anew(two, Waiting(shown, None, []), by=alice)

    assert BatchOperation.objects.get(pk=two[0].pk).scheduled_for == shown


def test_what_changes_a_batch_leaves_the_object_passed_in_as_it_was(alice, items, two):
    batch = two[0]
    before = (batch.scheduled_for, batch.is_paused, batch.waits_for, batch.updated_at)

    assert schedule.reschedule(batch, None).scheduled_for is None
    assert schedule.pause(batch).is_paused
    assert depend_on(batch, [(two[1].pk, When.ALWAYS)], by=alice).waits_for == 1

    assert (batch.scheduled_for, batch.is_paused, batch.waits_for, batch.updated_at) == before


def test_what_is_started_now_is_told_of_once(messages, alice, items):
    later, held = (price_batch(alice, [key], scheduledFor=in_days(1).isoformat()) for key in items)
    schedule.pause(held)
    messages()

    assert start_now([later, held]) == 2

    assert messages() == told(later, held)
    started = BatchOperation.objects.values_list("scheduled_for", "is_paused")
    assert set(started) == {(None, False)}


def test_a_run_of_which_all_begins_at_that_moment_can_not_be_moved(alice, items):
    submission = confirm(
        draft.prepare(
            by=alice,
            source=Source.PAGE,
            operation=OPERATIONS["update-price"],
            payload={"newPrice": 7_000_000},
            content_ids=items,
        ).pk,
        by=alice,
    )

    def begin(instance, **_):
        if instance.status == Status.PENDING:
            BatchOperation.objects.filter(pk=instance.pk).update(status=Status.PROCESSING)

    post_init.connect(begin, sender=BatchOperation)
    try:
        with pytest.raises(NothingToDo, match="has begun"):
            schedule.move_times_of_submission(submission, {"scheduled_for": in_days(2)})
    finally:
        post_init.disconnect(begin, sender=BatchOperation)

    assert BatchOperation.objects.get().scheduled_for is None


def test_a_begin_and_an_end_that_are_changed_at_once_fit_together(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice), 1)
    now = timezone.now()
    days = {number: now + timedelta(days=number) for number in (1, 3, 8, 10)}
    times = {"scheduledFor": days[1].isoformat(), "until": days[10].isoformat()}
    batch = price_batch(alice, [item.pk], **times)
    seen_by_two = [BatchOperation.objects.get(pk=batch.pk) for _ in range(2)]

    schedule.reschedule(seen_by_two[0], days[8])
    with pytest.raises(Invalid):
        schedule.change_until(seen_by_two[1], days[3])

    batch.refresh_from_db()
    assert batch.scheduled_for < batch.until


def test_of_what_has_begun_no_time_is_judged_any_more(alice, wallet_of, work):
    (item,) = make_contents(wallet_of(alice), 1)
    batch = price_batch(alice, [item.pk])
    work()
    past = timezone.now() - timedelta(days=1)
    for change in (schedule.reschedule, schedule.change_until):
        with pytest.raises(InvalidTransition):
            change(batch, past)
