"""Batches that start at a time or when they are resumed, not before."""

from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from batches import queue
from batches.errors import Invalid, InvalidTransition
from batches.models import BatchOperation, Source, Status
from batches.operations import OPERATIONS
from batches.services.engine import lifecycle
from batches.services.engine.run_batch import claim, run_batch
from batches.services.orders.schedule import Schedule
from batches.services.results.run import run_of
from batches.services.runs import confirm, control, draft
from batches.services.worker.sweep import sweep
from content.models import Content
from tests.batches import runs
from tests.batches.messages import queued_messages
from tests.batches.orders import price_batch, price_draft, price_run
from tests.factories import make_contents

HOUR = timedelta(hours=1)


@pytest.fixture
def item(alice, wallet_of):
    return make_contents(wallet_of(alice))[0]


def in_an_hour():
    return (timezone.now() + HOUR).replace(microsecond=0)


def later(by, content_ids, moment=None, **body):
    moment = moment or in_an_hour()
    return price_batch(by, content_ids, scheduledFor=moment.isoformat(), **body)


# ---------------------------------------------------------------- a time


def test_no_worker_gets_it_before_its_time(alice, item, time_machine):
    batch = later(alice, [item.pk])
    assert batch.is_blocked
    assert run_batch(batch.pk) is False
    assert BatchOperation.objects.upcoming().get() == batch

    time_machine.move_to(batch.scheduled_for - timedelta(seconds=1), tick=False)
    assert claim(batch.pk) is None
    time_machine.move_to(batch.scheduled_for, tick=False)

    assert run_batch(batch.pk)
    assert Content.objects.get().price == 7_000_000
    assert not BatchOperation.objects.upcoming().exists()


@pytest.mark.parametrize("seconds", [5, 40, 86_400])
def test_first_sweep_after_time_sends_it(messages, alice, item, time_machine, seconds):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    batch = later(alice, [item.pk], now + timedelta(seconds=seconds))
    time_machine.move_to(now + timedelta(seconds=seconds - 1), tick=False)
    assert sweep().batches == 0
    assert messages() == []

    time_machine.move_to(now + timedelta(seconds=seconds), tick=False)

    assert sweep().batches == 1
    assert messages() == queued_messages(batch)
    assert sweep().batches == 0


def test_backlog_does_not_hide_due_batches(messages, alice, item, wallet_of, time_machine):
    """As many messages wait at the broker as there are other batches: none is missing there."""
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    batch = later(alice, [item.pk], now + timedelta(seconds=31))
    for other in make_contents(wallet_of(alice), 3):
        price_batch(alice, [other.pk])
    queue.drain(5)
    time_machine.move_to(now + timedelta(seconds=32), tick=False)

    assert sweep().batches == 1
    assert queued_messages(batch)[0] in messages()


def test_another_time(alice, item, time_machine):
    batch = later(alice, [item.pk])
    first, second = batch.scheduled_for, in_an_hour() + HOUR

    changed = runs.reschedule(batch, scheduled_for=second)

    assert changed.scheduled_for == second
    time_machine.move_to(first, tick=False)
    assert claim(batch.pk) is None
    time_machine.move_to(second, tick=False)
    assert claim(batch.pk)


def test_at_once_after_all(messages, alice, item):
    batch = later(alice, [item.pk])
    runs.reschedule(batch, scheduled_for=None)
    assert messages() == queued_messages(batch)
    assert run_batch(batch.pk)


def test_short_delay_is_sent_when_due(messages, alice, item, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    batch = price_batch(alice, [item.pk])
    runs.reschedule(batch, scheduled_for=now + timedelta(seconds=3))
    messages()
    time_machine.move_to(now + timedelta(seconds=4), tick=False)

    sweep()

    assert messages() == queued_messages(batch)


def test_it_can_be_cancelled(alice, item, time_machine):
    batch = later(alice, [item.pk])
    lifecycle.cancel(batch)
    time_machine.move_to(batch.scheduled_for + HOUR, tick=False)
    assert not run_batch(batch.pk)
    assert Content.objects.get().version == 1


@pytest.mark.parametrize("change", ["reschedule", "start", "pause", "resume"])
def test_started_or_ended_batch_is_unchanged(alice, item, change):
    service = getattr(runs, change)
    times = {"scheduled_for": in_an_hour()} if change == "reschedule" else {}
    running = price_batch(alice, [item.pk])
    claim(running.pk)
    ended = lifecycle.cancel(price_batch(alice, [item.pk]))
    for batch in (running, ended):
        before = BatchOperation.objects.filter(pk=batch.pk).values().get()
        with pytest.raises(InvalidTransition):
            service(batch, **times)
        assert BatchOperation.objects.filter(pk=batch.pk).values().get() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2020-01-01T00:00:00Z", "past"),
        ("2026-13-01T00:00:00Z", "Write it like"),
        ("2099-01-01T00:00:00", "with an offset"),
        ("2099-01-01T00:00:00Z\0", "with an offset"),
        ("2099-W01-1T00:00:00Z", "with an offset"),
        ("20990101T000000Z", "with an offset"),
        ("9999-12-31T23:59:59-14:00", "out of range"),
        ("9998-12-31T23:59:59Z", "five years"),
        ("tomorrow", "Write it like"),
        ("2030-01-31", "with an offset"),
        ("", "Write it like"),
        (5, "as text"),
        (True, "as text"),
    ],
)
def test_times_that_cannot_be_meant(alice, item, text, words):
    with pytest.raises(Invalid) as refusal:
        price_batch(alice, [item.pk], scheduledFor=text)
    assert words in refusal.value.errors["scheduledFor"][0]
    assert not BatchOperation.objects.exists()


def test_any_offset_is_the_same_moment(alice, item):
    moment = in_an_hour().astimezone(UTC)
    there = moment.astimezone(timezone.get_fixed_timezone(-570)).isoformat()
    assert price_batch(alice, [item.pk], scheduledFor=there).scheduled_for == moment


@pytest.mark.parametrize("moment", [timezone.now() - HOUR, timezone.now() + timedelta(days=3000)])
def test_a_change_to_such_a_time_is_refused(alice, item, moment):
    batch = later(alice, [item.pk])
    with pytest.raises(Invalid) as refusal:
        runs.reschedule(batch, scheduled_for=moment)
    assert list(refusal.value.errors) == ["scheduledFor"]


def test_draft_with_invalid_times_refused(alice, item):
    for times, path in [
        ({"scheduled_for": timezone.now() - HOUR}, "scheduledFor"),
        ({"until": timezone.now() - HOUR}, "until"),
        ({"scheduled_for": in_an_hour() + HOUR, "until": in_an_hour()}, "until"),
    ]:
        with pytest.raises(Invalid) as refusal:
            price_draft(alice, [item.pk], **times)
        assert list(refusal.value.errors) == [path]


def test_only_a_price_can_be_given_an_end(alice, item):
    for kind in ("remove-content", "restore-content", "update-metadata"):
        payload = {"updates": {"title": "A"}} if kind == "update-metadata" else {}
        with pytest.raises(Invalid) as refusal:
            draft.draft(
                by=alice,
                source=Source.PAGE,
                operation=OPERATIONS[kind],
                payload=payload,
                content_ids=[item.pk],
                schedule=Schedule(until=in_an_hour()),
            )
        assert list(refusal.value.errors) == ["until"]
    batch = later(alice, [item.pk])
    BatchOperation.objects.update(kind="remove-content", payload={"removalReason": ""})
    batch.refresh_from_db()
    with pytest.raises(Invalid) as refusal:
        runs.reschedule(batch, until=in_an_hour() + HOUR)
    assert list(refusal.value.errors) == ["until"]


# ---------------------------------------------------------------- on hold


@pytest.fixture
def three(alice, wallet_of, settings):
    """A submission of three batches."""
    settings.BATCH_MAX_ITEMS = 1
    items = make_contents(wallet_of(alice), 3)
    return price_run(alice, [each.pk for each in items])


def statuses(submission):
    return [batch.status for batch in run_of(submission).batches]


def test_paused_batch_waits_until_resumed(messages, alice, item, time_machine):
    batch = runs.pause(price_batch(alice, [item.pk]))
    messages()
    assert claim(batch.pk) is None
    time_machine.move_to(timezone.now() + timedelta(days=1), tick=False)
    assert sweep().batches == 0

    runs.resume(batch)

    assert messages() == queued_messages(batch)
    assert run_batch(batch.pk)


def test_paused_batch_ignores_its_time(alice, item, time_machine):
    batch = runs.pause(later(alice, [item.pk]))
    time_machine.move_to(batch.scheduled_for + HOUR, tick=False)
    assert claim(batch.pk) is None
    runs.resume(batch)
    assert claim(batch.pk)


def test_a_released_batch_still_waits_for_its_time(messages, alice, item):
    batch = runs.resume(runs.pause(later(alice, [item.pk])))
    assert claim(batch.pk) is None
    assert messages() == []


def test_pause_leaves_running_batches(messages, three, work):
    first, second, third = run_of(three).batches
    run_batch(first.pk)
    lease = claim(second.pk)
    messages()

    progress = control.pause(run_of(three), by=three.by)
    work()

    assert [batch.is_paused for batch in progress.batches] == [False, False, True]
    assert progress.is_paused
    assert statuses(three) == [Status.COMPLETED, Status.PROCESSING, Status.PENDING]

    assert not control.resume(run_of(three), by=three.by).is_paused
    assert messages() == queued_messages(third)
    work()
    assert statuses(three) == [Status.COMPLETED, Status.PROCESSING, Status.COMPLETED]
    assert lease is not None


def test_pause_and_resume_are_idempotent(three, work):
    for verb, is_paused in ((control.resume, False), (control.pause, True)):
        for _ in range(2):
            assert verb(run_of(three), by=three.by).is_paused == is_paused
    control.resume(run_of(three), by=three.by)
    work()
    with pytest.raises(InvalidTransition, match="This run is done and can no longer be paused"):
        control.pause(run_of(three), by=three.by)


def test_paused_batch_can_be_cancelled(three, work):
    control.pause(run_of(three), by=three.by)
    control.cancel(run_of(three), by=three.by)
    assert set(statuses(three)) == {Status.CANCELLED}
    three.refresh_from_db()
    assert three.unfinished == 0


def test_submission_starts_at_its_time(messages, alice, item, time_machine):
    moment = in_an_hour()
    submission = price_draft(alice, [item.pk], scheduled_for=moment)
    confirm.confirm(submission.pk, by=alice)
    assert messages() == []
    batch = BatchOperation.objects.get()
    assert (batch.scheduled_for, claim(batch.pk)) == (moment, None)
    time_machine.move_to(moment, tick=False)
    assert claim(batch.pk)


def test_end_passed_before_confirmation(alice, item, time_machine):
    submission = price_draft(alice, [item.pk], until=timezone.now() + timedelta(minutes=10))
    time_machine.move_to(timezone.now() + timedelta(minutes=11), tick=False)
    with pytest.raises(Invalid) as refusal:
        confirm.confirm(submission.pk, by=alice)
    assert list(refusal.value.errors) == ["until"]
    assert not BatchOperation.objects.exists()
