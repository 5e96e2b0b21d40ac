"""A run is rescheduled as a whole: all batches that have not started, or none."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models.signals import post_init
from django.utils import timezone

from batches.errors import Invalid, InvalidTransition, NotAllowed
from batches.models import BatchOperation, Dependency
from batches.services.orders.dependencies import depend_on
from batches.services.results.run import run_of
from batches.services.runs import control
from tests.batches import runs
from tests.batches.messages import queued_messages
from tests.batches.orders import price_batch, price_run
from tests.factories import make_contents

When = Dependency.When


class Deadlock(Exception):
    """As PostgreSQL's driver says it."""

    sqlstate = "40P01"


@contextmanager
def deadlock_once(is_time):
    """End the transaction that reads a batch of which that is true, once; it is repeated."""
    raised = []

    def abort(instance, **_):
        if not raised and is_time(instance):
            raised.append(instance.pk)
            raise OperationalError("deadlock detected") from Deadlock()

    post_init.connect(abort, sender=BatchOperation)
    try:
        yield raised
    finally:
        post_init.disconnect(abort, sender=BatchOperation)


@pytest.fixture
def items(alice, wallet_of):
    return [item.pk for item in make_contents(wallet_of(alice), 2)]


@pytest.fixture
def run(alice, items, settings):
    """Two batches that start tomorrow."""
    settings.BATCH_MAX_ITEMS = 1
    return run_of(price_run(alice, items, scheduled_for=in_days(1)))


def in_days(days):
    return (timezone.now() + timedelta(days=days)).replace(microsecond=0)


def starts():
    return set(BatchOperation.objects.values_list("scheduled_for", flat=True))


@pytest.mark.django_db(transaction=True)
def test_repeated_transaction_succeeds(alice, run):
    moment = in_days(2)

    with deadlock_once(lambda batch: batch.scheduled_for == moment) as raised:
        control.reschedule(run, scheduled_for=moment, by=alice)

    assert raised
    assert starts() == {moment}


def test_all_or_nothing(alice, run):
    batches = run.batches
    BatchOperation.objects.filter(pk=batches[1].pk).update(until=in_days(2))
    before = starts()
    with pytest.raises(Invalid) as refusal:
        control.reschedule(run, scheduled_for=in_days(3), by=alice)
    assert list(refusal.value.errors) == ["scheduledFor"]
    assert starts() == before


def test_compared_with_current_rows(alice, run):
    shown = run.batches[0].scheduled_for
    BatchOperation.objects.update(scheduled_for=in_days(3))

    control.reschedule(run, scheduled_for=shown, by=alice)

    assert starts() == {shown}


def test_passed_object_unchanged(alice, run):
    batch, other = run.batches
    before = (batch.scheduled_for, batch.is_paused, batch.waits_for, batch.updated_at)

    assert runs.reschedule(batch, scheduled_for=None).scheduled_for is None
    assert runs.pause(batch).is_paused
    assert depend_on(batch, [(other.pk, When.ALWAYS)], by=alice).waits_for == 1

    assert (batch.scheduled_for, batch.is_paused, batch.waits_for, batch.updated_at) == before


def test_start_clears_time_and_pause(messages, alice, run):
    runs.pause(run.batches[0])
    messages()

    control.start(run, by=alice)

    assert sorted(messages()) == sorted(queued_messages(*run.batches))
    assert set(BatchOperation.objects.values_list("scheduled_for", "is_paused")) == {(None, False)}


def test_wait_for_other_batches(alice, run, items):
    parent = price_batch(alice, items[:1], scheduledFor=in_days(1).isoformat())

    control.reschedule(run, depends_on=((parent.pk, When.ALWAYS),), by=alice)

    assert [batch.waits_for for batch in run.refreshed().batches] == [1, 1]
    assert starts() == {run.batches[0].scheduled_for, parent.scheduled_for}


def test_start_and_end_changed_at_once_fit_together(alice, items):
    days = {number: in_days(number) for number in (1, 3, 8, 10)}
    times = {"scheduledFor": days[1].isoformat(), "until": days[10].isoformat()}
    batch = price_batch(alice, items[:1], **times)
    seen_by_two = [BatchOperation.objects.get(pk=batch.pk) for _ in range(2)]

    runs.reschedule(seen_by_two[0], scheduled_for=days[8])
    with pytest.raises(Invalid):
        runs.reschedule(seen_by_two[1], until=days[3])

    batch.refresh_from_db()
    assert batch.scheduled_for < batch.until


def test_state_is_checked_before_times(alice, run, work):
    control.start(run, by=alice)
    work()
    past = timezone.now() - timedelta(days=1)
    for times in ({"scheduled_for": past}, {"until": past}):
        with pytest.raises(InvalidTransition, match="This run is done"):
            control.reschedule(run, by=alice, **times)


def test_others_may_not(bob, run):
    before = starts()
    for verb in (control.pause, control.resume, control.start, control.cancel):
        with pytest.raises(NotAllowed):
            verb(run, by=bob)
    with pytest.raises(NotAllowed):
        control.reschedule(run, scheduled_for=None, by=bob)
    assert starts() == before
