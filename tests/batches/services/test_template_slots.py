"""Each slot of a template runs once, despite crashes and concurrent sweepers."""

from datetime import UTC, datetime, timedelta

import pytest

from batches.models import BatchOperation, Submission, Template, TemplateRun
from batches.services.engine.run_batch import run_batch
from batches.services.templates.runs import run_due_templates, start_run
from batches.services.templates.slots import take_slot, upcoming
from batches.services.templates.spec import body_of_template, clean_template
from batches.services.templates.store import edit_template, resume_template
from batches.services.worker.sweep import sweep
from content.models import Content
from tests.batches.orders import price_batch
from tests.batches.templates import runs, save_template
from tests.factories import make_contents


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def items(alice, wallet_of, clock):
    return [content.pk for content in make_contents(wallet_of(alice), 3)]


def reloaded(template):
    template.refresh_from_db()
    return template


def test_it_runs_at_its_slot_and_not_before(alice, items, clock, work):
    template = save_template(alice, contentIds=items)
    clock("2026-03-05T07:59")
    assert run_due_templates() == 0
    clock("2026-03-05T08:00")

    assert run_due_templates() == 1
    assert run_due_templates() == 0

    run = TemplateRun.objects.get()
    batch = BatchOperation.objects.get()
    assert (run.state, run.submission, run.is_manual) == ("started", batch.submission, False)
    assert (batch.source, batch.requested_by, batch.content_ids) == ("template", alice, items)
    assert reloaded(template).next_run_at == at("2026-03-06T08:00")
    work()
    assert set(Content.objects.values_list("price", flat=True)) == {7_000_000}


def test_the_sweep_starts_it(messages, alice, items, clock):
    save_template(alice, contentIds=items)
    clock("2026-03-05T08:00")
    sweep()
    key = str(BatchOperation.objects.get().pk)
    assert messages() == [("batches.run_batch", [key])]


def test_day_after_day_each_once(alice, items, clock):
    template = save_template(alice, contentIds=items)
    for day in range(5, 9):
        for hour in (7, 8, 9):
            clock(f"2026-03-{day:02}T{hour:02}:00")
            run_due_templates()
    assert runs(template) == [(f"2026-03-{day:02}T08:00", "started") for day in range(5, 9)]
    assert BatchOperation.objects.count() == 4


@pytest.mark.parametrize(
    ("first", "instants"),
    [
        # Missing on 8 March, twice on 1 November: fault 16.
        ("2026-03-07T02:30", ["2026-03-07T07:30", "2026-03-08T07:00", "2026-03-09T06:30"]),
        ("2026-10-31T01:30", ["2026-10-31T05:30", "2026-11-01T05:30", "2026-11-02T06:30"]),
    ],
)
def test_fault_16_clock_changes_run_each_day_once(alice, items, clock, first, instants):
    template = save_template(alice, contentIds=items, firstRun=first, timeZone="America/New_York")
    minute = at(instants[0]) - timedelta(hours=3)
    while minute <= at(instants[-1]) + timedelta(hours=3):
        clock(minute.isoformat()[:16])
        run_due_templates()
        minute += timedelta(minutes=30)
    assert runs(template) == [(instant, "started") for instant in instants]


def test_latest_missed_slot_runs_after_downtime(alice, items, clock):
    template = save_template(alice, contentIds=items)
    clock("2026-03-08T12:00")

    run_due_templates()

    assert runs(template) == [
        ("2026-03-05T08:00", "missed"),
        ("2026-03-06T08:00", "missed"),
        ("2026-03-07T08:00", "missed"),
        ("2026-03-08T08:00", "started"),
    ]
    assert BatchOperation.objects.count() == 1
    assert "latest" in TemplateRun.objects.filter(state="missed").first().words
    assert reloaded(template).next_run_at == at("2026-03-09T08:00")


def test_after_a_year_down_the_list_is_bounded(alice, items, clock):
    template = save_template(alice, contentIds=items)
    clock("2027-03-05T12:00")
    run_due_templates()
    assert len(runs(template)) == 51
    assert runs(template)[-1] == ("2027-03-05T08:00", "started")


def test_last_day_is_inclusive(alice, items, clock):
    template = save_template(alice, contentIds=items, lastDay="2026-03-06")
    clock("2026-03-06T08:00")
    run_due_templates()
    assert (reloaded(template).next_run_at, template.next_slot, upcoming(template)) == (
        None,
        "",
        [],
    )
    clock("2026-03-20T08:00")
    assert run_due_templates() == 0


def test_non_repeating_template_runs_once(alice, items, clock):
    template = save_template(alice, contentIds=items, repeat="never")
    assert [slot.instant for slot in upcoming(template)] == [at("2026-03-05T08:00")]
    clock("2026-03-09T08:00")
    run_due_templates()
    clock("2026-03-10T08:00")
    run_due_templates()
    assert runs(template) == [("2026-03-05T08:00", "started")]


def test_manual_template_never_due(alice, items, clock):
    template = save_template(alice, contentIds=items, repeat="never", firstRun=None)
    clock("2029-01-01T00:00")
    assert (run_due_templates(), upcoming(template), runs(template)) == (0, [], [])


# ---------------------------------------------------------------- crashes and concurrency


def test_killed_between_taking_a_slot_and_starting_it(alice, items, clock, monkeypatch):
    template = save_template(alice, contentIds=items)
    clock("2026-03-05T08:00")
    assert take_slot(template.pk)
    assert runs(template) == [("2026-03-05T08:00", "due")]
    assert not BatchOperation.objects.exists()

    clock("2026-03-05T11:00")
    assert run_due_templates() == 1

    assert runs(template) == [("2026-03-05T08:00", "started")]
    assert BatchOperation.objects.count() == 1


def test_slot_taken_once(alice, items, clock):
    template = save_template(alice, contentIds=items)
    clock("2026-03-05T08:00")
    assert [take_slot(template.pk), take_slot(template.pk)] == [True, False]
    key = TemplateRun.objects.get().pk
    assert [start_run(key), start_run(key)] == [True, False]
    assert BatchOperation.objects.count() == Submission.objects.count() == 1


def test_stale_edit_repeats_no_slot(alice, items, clock):
    """Saved a moment later, it plans a slot again that was taken between: that is no second run."""
    template = save_template(alice, contentIds=items)
    clock("2026-03-05T08:00")
    run_due_templates()
    Template.objects.update(next_run_at=at("2026-03-05T08:00"))

    assert run_due_templates() == 0
    assert sweep()

    assert runs(template) == [("2026-03-05T08:00", "started")]
    assert reloaded(template).next_run_at == at("2026-03-06T08:00")


def test_zone_change_makes_another_slot(alice, items, clock):
    """At nine in Berlin it ran; moved to London, it runs at nine there on the same day."""
    template = save_template(alice, contentIds=items)
    clock("2026-03-05T08:00")
    run_due_templates()
    body = {**body_of_template(template), "timeZone": "Europe/London"}
    edit_template(template, clean_template(body), by=alice)
    clock("2026-03-05T09:00")

    run_due_templates()

    assert runs(template) == [("2026-03-05T08:00", "started"), ("2026-03-05T09:00", "started")]


def test_one_that_breaks_holds_up_no_other(alice, bob, wallet_of, items, clock, work):
    """Of a kind that is gone, or of a zone that is: the sweep goes on, and says so."""
    gone, lost = save_template(alice, contentIds=items), save_template(alice, contentIds=items)
    fine = save_template(bob, contentIds=[make_contents(wallet_of(bob))[0].pk])
    Template.objects.filter(pk=gone.pk).update(kind="explode")
    Template.objects.filter(pk=lost.pk).update(time_zone="Mars/Olympus")
    waiting = price_batch(alice, items)
    clock("2026-03-05T08:00")
    BatchOperation.objects.update(queued_at=at("2026-03-05T07:00"))

    swept = sweep()

    assert runs(fine) == [("2026-03-05T08:00", "started")]
    assert runs(gone) == [("2026-03-05T08:00", "refused")]
    assert "error on our side" in TemplateRun.objects.get(template=gone).words
    assert runs(lost) == []
    assert swept.batches == 1
    assert run_batch(waiting.pk)


def test_resume_of_active_keeps_due_slot(alice, items, clock):
    template = save_template(alice, contentIds=items)
    clock("2026-03-05T08:00")
    resume_template(template)
    assert run_due_templates() == 1
    assert runs(template) == [("2026-03-05T08:00", "started")]


def test_due_slot_survives_schedule_edit(alice, items, clock):
    template = save_template(alice, contentIds=items)
    clock("2026-03-06T12:00")  # nobody swept for a day
    later = clean_template(
        {**body_of_template(template), "lastDay": "2027-01-01"}, existing=template
    )

    edit_template(Template.objects.get(pk=template.pk), later, by=alice)

    run_due_templates()
    assert runs(template) == [("2026-03-05T08:00", "missed"), ("2026-03-06T08:00", "started")]
    assert reloaded(template).next_run_at == at("2026-03-07T08:00")
