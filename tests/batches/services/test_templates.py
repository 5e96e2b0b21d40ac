"""Valid templates, their body, and the preview of a run."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from django.db import OperationalError, connection
from django.db.models import ProtectedError
from django.db.models.signals import pre_save
from django.utils import timezone

from batches.errors import Invalid, NotAllowed, NothingToDo
from batches.models import BatchOperation, Source, Submission, Template
from batches.operations import OPERATIONS
from batches.services.engine.run_batch import run_batch
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.templates import store
from batches.services.templates.runs import run_due_templates
from batches.services.templates.slots import upcoming
from batches.services.templates.spec import body_of_template, clean_template, template_body
from batches.services.templates.store import create_template, edit_template, preview_template
from content.models import Content
from tests.batches.follow_ups import done, undo
from tests.batches.operations.cases import CASES
from tests.batches.orders import price_batch
from tests.batches.templates import FIRST, save_template
from tests.factories import make_contents


@pytest.fixture(autouse=True)
def _before_the_first_slot(time_machine):
    time_machine.move_to(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False)


@pytest.fixture
def items(alice, wallet_of):
    return [content.pk for content in make_contents(wallet_of(alice), 3)]


def wrong(body):
    with pytest.raises(Invalid) as refusal:
        clean_template(body)
    return refusal.value.errors


GOOD = {
    "name": "Weekly",
    "operationType": "update-price",
    "updatePayload": {"newPrice": 5},
    "contentIds": ["a"],
}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "A" * 101}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": 5}, "name"),
        ({"operationType": "explode"}, "operationType"),
        ({"operationType": ["update-price"]}, "operationType"),
        ({"updatePayload": []}, "updatePayload"),
        ({"updatePayload": {}}, "newPrice"),
        ({"updatePayload": {"newPrice": -1}}, "newPrice"),
        ({"updatePayload": {"newPrice": 1, "undo": {}}}, "updatePayload.undo"),
        ({"contentIds": []}, "contentIds"),
        ({"contentIds": ["a", "a"]}, "contentIds"),
        ({"filter": {}}, "contentIds"),
        ({"creator": "bob"}, "creator"),
        ({"errorPolicy": "maybe"}, "errorPolicy"),
        ({"repeat": "hourly"}, "repeat"),
        ({"firstRun": "9999-01-31T12:00"}, "firstRun"),
        ({"firstRun": 5}, "firstRun"),
        ({"repeat": "daily"}, "firstRun"),
        ({"firstRun": "2026-03-05T09:00:00+01:00"}, "firstRun"),
        ({"firstRun": "2026-03-04T11:00"}, "firstRun"),
        ({"firstRun": "2026-03-04T11:00", "lastDay": "2026-12-31"}, "firstRun"),
        ({"firstRun": FIRST, "lastDay": "2026-03-04"}, "lastDay"),
        ({"firstRun": FIRST, "lastDay": "x"}, "lastDay"),
        ({"lastDay": "2026-12-31"}, "lastDay"),
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"next_run_at": "2026-03-05T09:00"}, "next_run_at"),
        ({"by": "bob"}, "by"),
    ],
)
def test_invalid_template_fields_refused(change, path):
    assert list(wrong({**GOOD, **change})) == [path]


def test_all_that_is_wrong_is_named_at_once():
    assert set(wrong({"filter": {"size": 5}, "repeat": 1})) == {
        "name",
        "operationType",
        "filter.size",
        "repeat",
    }


def test_permissions_to_save_templates(alice, bob, carol, viewer, staff, wallet_of, items):
    hers = wallet_of(alice).pk
    for who in (bob, carol, viewer):
        with pytest.raises(NotAllowed):
            save_template(who, contentIds=items, creator=hers)
    with pytest.raises(Invalid):
        save_template(staff, contentIds=items)
    assert not Template.objects.exists()
    assert save_template(staff, contentIds=items, creator=hers).by == staff
    assert save_template(alice, contentIds=items).creator == wallet_of(alice)
    assert not Template.objects.visible_to(bob).exists()
    assert Template.objects.visible_to(alice).count() == 2
    assert Template.objects.visible_to(viewer).count() == 2


def test_template_needs_permission_for_creator(alice, bob, wallet_of, items):
    template = save_template(alice, contentIds=items)
    body = {**body_of_template(template), "creator": wallet_of(bob).pk}
    with pytest.raises(NotAllowed):
        edit_template(template, clean_template(body), by=alice)
    assert Template.objects.get().creator == wallet_of(alice)


@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize("wanted", [None, {"search": "x"}])
def test_a_template_reads_back_as_it_was_sent(alice, wallet_of, items, kind, wanted):
    body = {
        "name": "Again",
        "creator": wallet_of(alice).pk,
        "operationType": kind,
        "updatePayload": CASES[kind].body,
        "errorPolicy": "reject-all",
        "repeat": "monthly",
        "firstRun": "2026-03-31T23:30",
        "timeZone": "America/New_York",
        "lastDay": "2026-12-31",
        **({"filter": wanted} if wanted else {"contentIds": items}),
    }
    template = create_template(clean_template(body), by=alice)
    assert body_of_template(template) == body
    assert body_of_template(Template.objects.get()) == body
    assert clean_template(body_of_template(template)) == clean_template(body)


@pytest.mark.parametrize("percent", [10, -12.5, 0.01, 1000])
def test_a_payload_that_was_cleaned_is_clean(percent):
    """A template's is cleaned at each run once more."""
    operation = OPERATIONS["update-price"]
    clean = operation.clean_payload({"percentChange": percent})
    assert operation.clean_payload(clean) == clean


def test_next_three_runs_in_its_zone(alice, items):
    template = save_template(alice, contentIds=items, repeat="monthly", firstRun="2026-03-31T09:00")
    assert [slot.local.isoformat()[:16] for slot in upcoming(template)] == [
        "2026-03-31T09:00",
        "2026-04-30T09:00",
        "2026-05-31T09:00",
    ]
    assert template.next_run_at == datetime(2026, 3, 31, 7, tzinfo=UTC)
    assert template.next_slot == "2026-03-31T09:00"


def test_past_start_continues_with_next_slot(alice, items):
    template = save_template(alice, contentIds=items, firstRun="2020-02-29T09:00", repeat="yearly")
    assert template.next_slot == "2027-02-28T09:00"


def test_template_with_runs_can_be_renamed(alice, items, time_machine):
    """Its times are past, and stay as they are; other ones have to be to come."""
    template = save_template(alice, contentIds=items, repeat="never")
    time_machine.move_to(datetime(2026, 4, 1, tzinfo=UTC), tick=False)
    run_due_templates()
    template.refresh_from_db()
    renamed = {**body_of_template(template), "name": "Once"}
    assert list(wrong(renamed)) == ["firstRun"]
    edit_template(template, clean_template(renamed, existing=template), by=alice)
    assert (Template.objects.get().name, Template.objects.get().next_run_at) == ("Once", None)
    with pytest.raises(Invalid):
        clean_template({**renamed, "firstRun": "2026-03-06T09:00"}, existing=template)


# ---------------------------------------------------------------- what it would do


def test_template_preview_is_current_and_stores_nothing(alice, items):
    template = save_template(
        alice, filter={"priceMin": 2_000_000}, updatePayload={"percentChange": 50}
    )
    preview = preview_template(template)
    assert preview.headline == "Change 2 of 2"
    assert (preview.moves.smallest, preview.moves.largest) == (1_000_000, 1_500_000)
    assert not Submission.objects.exists()
    assert not BatchOperation.objects.exists()
    assert not Content.objects.filter(version__gt=1).exists()


def test_template_preview_refused_like_run(alice, bob, staff, wallet_of, items):
    template = save_template(staff, contentIds=items[:1], creator=wallet_of(alice).pk)
    Content.objects.filter(pk=items[0]).update(creator=wallet_of(bob))
    with pytest.raises(Invalid, match="Please check") as refusal:
        preview_template(template)
    assert refusal.value.errors == {"contentIds": ["None of the creator's items matches."]}
    template = save_template(staff, contentIds=items[1:], creator=wallet_of(alice).pk)
    staff.user_permissions.clear()
    with pytest.raises(NotAllowed, match="may no longer"):
        preview_template(Template.objects.get(pk=template.pk))


def test_templates_limited_per_creator(alice, items, monkeypatch):
    monkeypatch.setattr(store, "MAX_KEPT", 1)
    one = save_template(alice, contentIds=items)
    with pytest.raises(Invalid, match="1 templates already"):
        save_template(alice, contentIds=items)
    assert Template.objects.get() == one


@pytest.mark.django_db(transaction=True)
def test_concurrent_creates_respect_the_limit(alice, items, monkeypatch):
    monkeypatch.setattr(store, "MAX_KEPT", 1)
    both, refused = Barrier(2), []

    def wait_for_the_other(**_):
        with suppress(BrokenBarrierError):  # where the other waits for us
            both.wait(0.5)

    def keep():
        try:
            save_template(alice, contentIds=items)
        except (Invalid, OperationalError) as error:  # SQLite in memory refuses instead of waiting
            refused.append(error)
        finally:
            connection.close()

    pre_save.connect(wait_for_the_other, sender=Template)
    turns = [Thread(target=keep) for _ in range(2)]
    try:
        for turn in turns:
            turn.start()
        for turn in turns:
            turn.join()
    finally:
        pre_save.disconnect(wait_for_the_other, sender=Template)

    assert (Template.objects.count(), len(refused)) == (1, 1)


def test_last_editor_can_not_be_deleted(alice, staff, items):
    template = save_template(alice, contentIds=items)
    edit_template(template, clean_template(body_of_template(template)), by=staff)
    with pytest.raises(ProtectedError):
        staff.delete()
    assert Template.objects.get() == template


def test_too_many_items_refused_with_count(alice, items, monkeypatch):
    monkeypatch.setattr(store, "MAX_ITEMS", 1)
    template = save_template(alice, filter={})
    with pytest.raises(Invalid, match="3 items match"):
        preview_template(template)


# ---------------------------------------------------------------- from what was done


def test_a_batch_is_kept_as_a_template(alice, wallet_of, items):
    batch = price_batch(alice, items, percentChange=12.5)
    body = {**template_body(batch), "name": "Again"}
    template = create_template(clean_template(body), by=alice)
    assert template.content_ids == items
    assert (template.payload, template.creator) == ({"percentChange": 12.5}, wallet_of(alice))


@pytest.mark.parametrize("kind", OPERATIONS)
def test_every_operation_saved_as_template(alice, items, kind):
    order = clean_order(OPERATIONS[kind], {"contentIds": items, **CASES[kind].body})
    batch = create_batch(order, by=alice, source=Source.API)
    body = {**template_body(BatchOperation.objects.get(pk=batch.pk)), "name": "Again"}
    assert create_template(clean_template(body), by=alice).payload == batch.payload


def test_an_undo_cannot_be_repeated(alice, items):
    batch = price_batch(alice, items)
    run_batch(batch.pk)
    batch.refresh_from_db()
    with pytest.raises(NothingToDo):
        template_body(done(undo(batch, alice)))
    assert timezone.now() - batch.created_at < timedelta(minutes=1)
