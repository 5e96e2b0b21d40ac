"""Runs of templates: started, refused with a reason, manual, after a pause."""

import os
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from batches.errors import NotAllowed, NotFound, QuotaExceeded
from batches.models import BatchOperation, Source, Submission, Template, TemplateRun
from batches.operations import OPERATIONS
from batches.services.permissions import may_run
from batches.services.templates.runs import run_due_templates, run_now
from batches.services.templates.slots import take_slot, upcoming
from batches.services.templates.spec import body_of_template, clean_template
from batches.services.templates.store import edit_template, pause_template, resume_template
from config.failpoints import FailpointReached
from content.models import Content, Wallet
from content.services.catalogue.changes import change_content
from tests.batches.orders import price_batch
from tests.batches.templates import runs, save_template
from tests.factories import WalletFactory, make_contents


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def items(alice, wallet_of, clock):
    return [content.pk for content in make_contents(wallet_of(alice), 3)]


def reloaded(template):
    template.refresh_from_db()
    return template


# ---------------------------------------------------------------- refused, and listed


def refused_words(template):
    run = TemplateRun.objects.get(template=template)
    assert (run.state, run.submission) == ("refused", None)
    return run.words


def start_refused(template, clock):
    before = Submission.objects.count(), BatchOperation.objects.count()
    clock("2026-03-05T08:00")
    assert run_due_templates() == 1
    assert (Submission.objects.count(), BatchOperation.objects.count()) == before
    assert reloaded(template).next_run_at == at("2026-03-06T08:00")
    return refused_words(template)


def test_refused_by_the_quota(alice, items, clock, settings):
    settings.BATCH_QUOTA_PER_HOUR = 1
    template = save_template(alice, contentIds=items)
    clock("2026-03-05T07:59")
    price_batch(alice, items)
    assert start_refused(template, clock).startswith("At most 1 batches an hour")


def test_refused_without_permission_now(staff, wallet_of, alice, items, clock):
    template = save_template(staff, contentIds=items, creator=wallet_of(alice).pk)
    staff.user_permissions.clear()
    assert "may no longer change" in start_refused(template, clock)


def test_refused_for_a_closed_account(alice, items, clock):
    template = save_template(alice, contentIds=items)
    alice.is_active = False
    alice.save()
    assert "may no longer change" in start_refused(template, clock)


@pytest.mark.parametrize("how", ["ids", "filter"])
def test_refused_where_nothing_is_left(alice, bob, staff, wallet_of, items, clock, how):
    selection = {"contentIds": items} if how == "ids" else {"filter": {}}
    template = save_template(alice, **selection)
    for key in items:
        change_content(key, {"creator_id": wallet_of(bob).pk}, version=1, by=staff, cause="admin")
    assert start_refused(template, clock) == "None of the creator's items matches."
    assert not Content.objects.filter(version__gt=2).exists()


def test_refused_as_a_whole(alice, items, clock):
    template = save_template(alice, contentIds=items, errorPolicy="reject-all")
    Content.objects.filter(pk=items[0]).update(is_removed=True)
    assert start_refused(template, clock) == "1 of 3 items can't be changed, so no item is changed."


def test_after_a_refusal_the_next_slot_runs(alice, items, clock):
    template = save_template(alice, contentIds=items, errorPolicy="reject-all")
    Content.objects.filter(pk=items[0]).update(is_removed=True)
    start_refused(template, clock)
    Content.objects.update(is_removed=False)
    clock("2026-03-06T08:00")
    run_due_templates()
    assert [state for _, state in runs(template)] == ["refused", "started"]


# ---------------------------------------------------------------- which items


def test_filter_evaluated_at_the_run(alice, wallet_of, items, clock):
    template = save_template(alice, filter={"priceMin": 3_000_000})
    clock("2026-03-05T08:00")
    run_due_templates()
    (dearer,) = make_contents(wallet_of(alice), price=5_000_000)
    clock("2026-03-06T08:00")
    run_due_templates()
    chosen = [set(batch.content_ids) for batch in BatchOperation.objects.order_by("created_at")]
    assert chosen == [{items[2]}, {items[2], dearer.pk}]
    assert template.content_ids == []


def test_over_a_hundred_it_becomes_a_group(alice, wallet_of, items, clock, settings, work):
    settings.BATCH_MAX_ITEMS = 2
    template = save_template(alice, filter={})
    clock("2026-03-05T08:00")
    run_due_templates()
    submission = TemplateRun.objects.get(template=template).submission
    sizes = BatchOperation.objects.filter(submission=submission).values_list(
        "total_items", flat=True
    )
    assert sorted(sizes) == [1, 2]
    assert Wallet.objects.get(owner=alice).quota_used == 2
    work()
    assert set(Content.objects.values_list("price", flat=True)) == {7_000_000}


def test_ids_of_other_creators_left_out(alice, bob, staff, wallet_of, items, clock, work):
    template = save_template(staff, contentIds=items, creator=wallet_of(alice).pk)
    assert may_run(staff, wallet_of(bob), OPERATIONS["update-price"])
    change_content(items[0], {"creator_id": wallet_of(bob).pk}, version=1, by=alice, cause="admin")
    clock("2026-03-05T08:00")
    run_due_templates()
    work()
    batch = BatchOperation.objects.get()
    assert (batch.creator, batch.content_ids) == (wallet_of(alice), items[1:])
    assert Content.objects.get(pk=items[0]).price == 1_000_000
    assert runs(template)


def test_edit_before_run_is_no_conflict(alice, items, clock, work):
    """An item that was edited since the template was kept is no conflict."""
    save_template(alice, contentIds=items)
    change_content(items[0], {"price": 5}, version=1, by=alice, cause="api")
    clock("2026-03-05T08:00")
    run_due_templates()
    work()
    assert BatchOperation.objects.get().success_count == 3


# ---------------------------------------------------------------- paused, edited, by hand


def test_paused_template_misses_slots(alice, items, clock):
    template = save_template(alice, contentIds=items)
    pause_template(template)
    clock("2026-03-07T12:00")
    assert run_due_templates() == 0
    assert upcoming(template, 1)[0].instant == at("2026-03-08T08:00")

    resume_template(template)
    assert run_due_templates() == 0
    assert runs(template) == []
    clock("2026-03-08T08:00")
    run_due_templates()
    assert runs(template) == [("2026-03-08T08:00", "started")]


def test_paused_between_the_look_and_the_taking(alice, items, clock):
    template = save_template(alice, contentIds=items)
    clock("2026-03-05T08:00")
    pause_template(template)
    assert not take_slot(template.pk)


def test_edit_keeps_pause(alice, items, clock):
    template = save_template(alice, contentIds=items)
    seen = Template.objects.get(pk=template.pk)
    pause_template(template)
    order = clean_template({**body_of_template(seen), "name": "Nightly"})
    edit_template(seen, order, by=alice)
    assert (reloaded(template).name, template.is_paused) == ("Nightly", True)


def test_deleted_template_stays_deleted(alice, items, clock):
    template = save_template(alice, contentIds=items)
    seen = Template.objects.get(pk=template.pk)
    template.delete()
    with pytest.raises(NotFound):
        edit_template(seen, clean_template(body_of_template(seen)), by=alice)
    with pytest.raises(NotFound):
        resume_template(seen)
    with pytest.raises(NotFound):
        run_now(seen, by=alice)
    assert not Template.objects.exists()
    assert not BatchOperation.objects.exists()


def test_manual_run_uses_callers_permissions(alice, staff, items, clock):
    template = save_template(alice, contentIds=items)
    run = run_now(template, by=staff)
    assert (run.state, run.is_manual, run.submission.by) == ("started", True, staff)
    assert BatchOperation.objects.get().requested_by == staff
    assert reloaded(template).by == alice
    assert template.next_run_at == at("2026-03-05T08:00")
    assert TemplateRun.objects.get().submission.template_runs.get() == run
    run_now(template, by=staff)
    assert len(runs(template)) == 2


def test_paused_template_runs_manually(alice, items, clock):
    template = save_template(alice, contentIds=items)
    pause_template(template)
    assert run_now(template, by=alice).state == "started"


def test_refused_manual_run_is_listed(alice, bob, viewer, items, clock, settings):
    settings.BATCH_QUOTA_PER_HOUR = 1
    template = save_template(alice, contentIds=items)
    for who in (bob, viewer):
        with pytest.raises(NotAllowed):
            run_now(template, by=who)
    assert runs(template) == []
    price_batch(alice, items)
    with pytest.raises(QuotaExceeded):
        run_now(template, by=alice)
    assert refused_words(template).startswith("At most 1 batches")
    assert BatchOperation.objects.count() == 1


def test_dead_sweeper_leaves_no_manual_run(alice, staff, items, clock, monkeypatch):
    """It is never due, so nobody starts it by the right of another."""
    template = save_template(alice, contentIds=items)
    monkeypatch.setitem(os.environ, "FAILPOINT", "slot-taken:raise")
    run_now(template, by=staff)
    assert not TemplateRun.objects.filter(state="due").exists()
    clock("2026-03-05T08:00")
    with pytest.raises(FailpointReached):
        run_due_templates()
    assert [state for _, state in runs(template)] == ["started", "due"]


def test_whoever_edits_it_answers_for_its_runs(alice, staff, items, clock):
    template = save_template(alice, contentIds=items)
    edit_template(template, clean_template(body_of_template(template)), by=staff)
    clock("2026-03-05T08:00")
    run_due_templates()
    assert BatchOperation.objects.get().requested_by == staff
    assert timezone.now() == at("2026-03-05T08:00")
    assert BatchOperation.objects.get().source == Source.TEMPLATE


def test_lost_wallet_stops_templates(alice, items, clock):
    other = WalletFactory(owner=alice, is_creator=True)
    save_template(alice, filter={}, creator=other.pk)
    other.delete()
    assert not Template.objects.exists()
