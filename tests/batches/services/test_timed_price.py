"""A price with an end: a batch of its own restores the previous prices."""

from datetime import timedelta

import pytest
from django.utils import timezone

from batches.errors import Invalid, NothingToDo
from batches.models import BatchOperation, Notification, Status
from batches.services.engine import lifecycle
from batches.services.engine.run_batch import claim, run_batch, write_chunk
from batches.services.worker.sweep import sweep
from config.database import atomic
from content.models import Content, Wallet
from content.services.catalogue.changes import change_content
from tests.batches import runs
from tests.batches.follow_ups import abort, done, outcomes, prices, undo
from tests.batches.messages import queued_messages
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture
def items(alice, wallet_of):
    return [content.pk for content in make_contents(wallet_of(alice), 3)]


@pytest.fixture
def end():
    return (timezone.now() + timedelta(hours=1)).replace(microsecond=0)


def sale(by, items, end, **body):
    return price_batch(by, items, until=end.isoformat(), **body)


def the_undo(batch):
    return BatchOperation.objects.get(undo_of=batch)


def test_sale_ends_automatically(messages, alice, items, end, time_machine, settings):
    settings.BATCH_QUOTA_PER_HOUR = 1
    batch = done(sale(alice, items, end))
    back = the_undo(batch)
    assert (back.scheduled_for, back.status, back.requested_by) == (end, Status.PENDING, alice)
    assert (back.source, back.creator, back.until) == (batch.source, batch.creator, None)
    assert prices(items) == [7_000_000] * 3
    assert claim(back.pk) is None
    messages()

    time_machine.move_to(end, tick=False)
    sweep()

    assert queued_messages(back)[0] in messages()
    done(back)
    assert prices(items) == [1_000_000, 2_000_000, 3_000_000]
    assert BatchOperation.objects.count() == 2


def test_sale_starts_and_ends_on_time(alice, items, end, time_machine):
    start = end - timedelta(minutes=30)
    batch = sale(alice, items, end, scheduledFor=start.isoformat())
    time_machine.move_to(start, tick=False)
    done(batch)
    assert the_undo(batch).scheduled_for == end


def test_manual_change_during_sale_stays(alice, items, end, time_machine):
    batch = done(sale(alice, items, end))
    change_content(items[0], {"price": 5}, version=2, by=alice, cause="api")
    time_machine.move_to(end, tick=False)
    assert outcomes(done(the_undo(batch))) == ["conflict", "succeeded", "succeeded"]
    assert prices(items) == [5, 2_000_000, 3_000_000]


def test_only_changed_items_restored(alice, items, end):
    Content.objects.filter(pk=items[0]).update(price=7_000_000)
    batch = done(sale(alice, [*items, "unknown"], end))
    assert the_undo(batch).content_ids == items[1:]


def test_nothing_to_restore_without_changes(alice, items, end):
    Content.objects.update(price=7_000_000)
    done(sale(alice, items, end))
    lifecycle.cancel(sale(alice, items, end))
    done(sale(alice, items, end, expectedVersions=dict.fromkeys(items, 9)))
    assert BatchOperation.objects.filter(undo_of__isnull=False).count() == 0


@pytest.mark.parametrize("stop", [lifecycle.cancel, abort])
def test_cancelled_sale_restores_saved_items(alice, items, end, time_machine, settings, stop):
    settings.BATCH_CHUNK_ITEMS = 2
    batch = sale(alice, items, end)
    write_chunk(claim(batch.pk))
    batch.refresh_from_db()
    stop(batch)
    assert prices(items) == [7_000_000, 7_000_000, 3_000_000]
    time_machine.move_to(end, tick=False)
    done(the_undo(batch))
    assert prices(items) == [1_000_000, 2_000_000, 3_000_000]


def test_cancel_with_stale_read_restores_saved_items(alice, items, end, settings):
    """The page was opened before the worker saved anything: what it saved is put back too."""
    settings.BATCH_CHUNK_ITEMS = 2
    Wallet.objects.update(notify=Wallet.Notify.FAILURES)
    batch = sale(alice, ["unknown", *items], end)
    lease = claim(batch.pk)
    seen = BatchOperation.objects.get(pk=batch.pk)
    write_chunk(lease)

    stopped = lifecycle.cancel(seen)

    assert (stopped.success_count, stopped.failure_count) == (1, 1)
    assert the_undo(batch).content_ids == items[:1]
    assert Notification.objects.filter(batch=batch).count() == 1


def test_undo_is_atomic_with_end(alice, items, end):
    batch = sale(alice, items, end)
    lease = claim(batch.pk)

    @atomic
    def write_and_die():
        assert write_chunk(lease).is_finished
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_die()
    assert not BatchOperation.objects.filter(undo_of=batch).exists()
    assert prices(items) == [1_000_000, 2_000_000, 3_000_000]

    write_chunk(lease)
    assert the_undo(batch).status == Status.PENDING
    assert run_batch(batch.pk) is False
    assert BatchOperation.objects.count() == 2


def test_end_can_change_until_it_starts(alice, items, end):
    batch = sale(alice, items, end)
    other = end + timedelta(hours=1)
    runs.reschedule(batch, until=other)
    assert the_undo(done(batch)).scheduled_for == other


def test_a_sale_can_be_made_to_stay(alice, items, end):
    batch = runs.reschedule(sale(alice, items, end), until=None)
    done(batch)
    assert BatchOperation.objects.count() == 1


def test_end_becomes_the_time_of_its_undo(alice, items, end, time_machine):
    back = the_undo(done(sale(alice, items, end)))
    runs.reschedule(back, scheduled_for=end + timedelta(hours=1))
    time_machine.move_to(end, tick=False)
    assert claim(back.pk) is None


def test_early_undo_after_cancelling_scheduled_one(alice, items, end):
    batch = done(sale(alice, items, end))
    back = the_undo(batch)
    with pytest.raises(NothingToDo, match="already scheduled or running") as refusal:
        undo(batch, alice)
    assert refusal.value.details["batch_id"] == str(back.pk)
    runs.reschedule(back, scheduled_for=None)
    done(back)
    assert prices(items) == [1_000_000, 2_000_000, 3_000_000]


def test_an_end_before_the_start_is_refused(alice, items, end):
    with pytest.raises(Invalid) as refusal:
        sale(alice, items, end, scheduledFor=end.isoformat())
    assert list(refusal.value.errors) == ["until"]
    batch = sale(alice, items, end)
    with pytest.raises(Invalid) as refusal:
        runs.reschedule(batch, scheduled_for=end)
    assert list(refusal.value.errors) == ["scheduledFor"]


def test_late_sale_is_undone_at_once(alice, items, end, time_machine, work):
    """Held too long: as it is released, what it changes is put back at once."""
    batch = runs.pause(sale(alice, items, end))
    time_machine.move_to(end + timedelta(hours=1), tick=False)
    runs.resume(batch)
    done(batch)
    done(the_undo(batch))
    assert prices(items) == [1_000_000, 2_000_000, 3_000_000]
