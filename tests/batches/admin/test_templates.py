"""Templates in the admin: create, preview, run, pause, delete."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batches.models import BatchOperation, Submission, Template, TemplateRun
from batches.services.templates.runs import run_due_templates
from content.models import Content, User
from tests.answers import text
from tests.batches.admin.addresses import page
from tests.batches.orders import make_template, price_batch
from tests.factories import make_contents

LIST = reverse("admin:batches_template_changelist")
ADD = reverse("admin:batches_template_add")
HOSTILE = "<script>alert(1)</script>{{7*7}}"


def typed(wallet, **changes):
    return {
        "name": "Sale",
        "creator": wallet.pk,
        "new_price": "5",
        "error_policy": "skip-failed",
        "selection": "filter",
        "filter-type": "video",
        "repeat": "weekly",
        "first_run": (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT09:00"),
        "time_zone": "America/New_York",
        **changes,
    }


@pytest.fixture
def items(alice, wallet_of):
    return make_contents(wallet_of(alice), 3)


@pytest.fixture
def template(alice, items):
    return make_template(alice)


def test_staff_create_template_for_any_creator(signed_in, staff, alice, bob, items, wallet_of):
    client = signed_in(staff)
    assert "?kind=update-price" in client.get(ADD).content.decode()
    address = f"{ADD}?kind=update-price"
    assert 'type="datetime-local"' in client.get(address).content.decode()
    answer = client.post(address, typed(wallet_of(alice)))
    template = Template.objects.get()
    assert (answer.status_code, answer.url) == (302, page("change", template))
    assert (template.creator, template.by, template.kind) == (
        wallet_of(alice),
        staff,
        "update-price",
    )
    assert template.payload == {"newPrice": 5_000_000}
    assert template.filter == {"contentType": "video"}
    assert (template.repeat, template.time_zone) == ("weekly", "America/New_York")
    assert template.next_run_at > timezone.now()
    assert LogEntry.objects.get().object_id == str(template.pk)
    assert not Submission.objects.exists()


def test_invalid_input_shown_at_fields(signed_in, staff, alice, bob, wallet_of):
    wrong = {"name": "", "new_price": "-1", "filter-price_from": "x", "first_run": "noon"}
    answer = signed_in(staff).post(f"{ADD}?kind=update-price", typed(wallet_of(alice), **wrong))
    assert answer.status_code == 200
    for refusal in ("This field is required", "Enter a price in STX", "Write it like"):
        assert refusal in text(answer)
    assert not Template.objects.exists()


@pytest.mark.parametrize("query", ["?kind=format-disk", "?kind=", "?kind=%00", "?batch="])
def test_new_template_requires_operation(signed_in, staff, query):
    answer = signed_in(staff).get(f"{ADD}{query}")
    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or "What should it do?" in text(answer)


def test_batch_saved_as_template(signed_in, staff, alice, bob, items, wallet_of, work):
    batch = price_batch(alice, [items[0].pk, items[1].pk], percentChange=12.5)
    work()
    client = signed_in(staff)
    address = f"{ADD}?batch={batch.pk}"
    shown = client.get(reverse("admin:batches_batchoperation_change", args=[batch.pk]))
    assert address in shown.content.decode()
    form = client.get(address).content.decode()
    assert 'value="12.5"' in form
    assert items[1].pk in form
    data = typed(wallet_of(alice), selection="ids", content_ids=items[2].pk, new_price="")
    client.post(address, {**data, "percent_change": "12.5"})
    assert Template.objects.get().content_ids == [items[2].pk]
    assert client.get(f"{ADD}?batch=x").status_code == 404
    assert client.get(f"{ADD}?batch={items[0].creator.owner_id}").status_code == 404


def test_template_page_shows_change_and_schedule(signed_in, viewer, alice, items):
    User.objects.filter(pk=viewer.pk).update(time_zone="Europe/Berlin")
    with time_machine.travel(datetime(2026, 3, 6, tzinfo=UTC), tick=False):
        template = make_template(
            alice,
            name=HOSTILE,
            repeat="daily",
            firstRun="2026-03-07T02:30",
            timeZone="America/New_York",
        )
        answer = signed_in(viewer).get(page("change", template))
        seen = text(answer)
        for line in (
            "7 Mar 2026, 08:30 CET , 7 Mar 2026, 07:30 UTC",
            # An hour that the clock change skips.
            "8 Mar 2026, 08:00 CET , 8 Mar 2026, 07:00 UTC",
            "9 Mar 2026, 07:30 CET , 9 Mar 2026, 06:30 UTC",
        ):
            assert line in seen
        assert seen.count("America/New_York)") == 3
        assert "Change 3 of 3" in seen
        assert "Prices change by +4 STX to +6 STX, by +5 STX on average." in seen
        assert "It has not run yet." in seen
        assert "<script>alert(1)" not in answer.content.decode()
        assert "Run now" not in seen
    assert not Submission.objects.exists()


def test_edit_requires_run_permission(signed_in, staff, alice, bob, template, wallet_of):
    client = signed_in(staff)
    form = client.get(page("edit", template)).content.decode()
    assert 'value="Weekly sale"' in form
    data = typed(wallet_of(alice), name="Renamed", new_price="2", repeat="monthly")
    assert client.post(page("edit", template), data).url == page("change", template)
    template.refresh_from_db()
    assert (template.name, template.payload, template.by) == (
        "Renamed",
        {"newPrice": 2_000_000},
        staff,
    )
    refused = client.post(page("edit", template), {**data, "name": ""})
    assert "This field is required" in text(refused)
    template.refresh_from_db()
    assert template.name == "Renamed"


def test_manual_run_and_history(signed_in, staff, template, work):
    client = signed_in(staff)
    answer = client.post(page("run", template))
    run = TemplateRun.objects.get()
    progress = reverse("admin:batches_submission_progress", args=[run.submission_id])
    assert answer.url == progress
    work()
    batch = BatchOperation.objects.get()
    assert (batch.source, batch.success_count, batch.requested_by) == ("template", 3, staff)
    Content.objects.update(is_removed=True)
    refused = client.post(page("run", template), follow=True)
    assert "Not started: None of the creator&#x27;s items matches." in text(refused)
    TemplateRun.objects.create(
        template=template,
        slot="2026-01-01T09:00",
        due_at=timezone.now() - timedelta(days=1),
        state=TemplateRun.State.MISSED,
        words="Nothing ran at that time.",
    )
    seen = text(client.get(page("change", template)))
    for word in ("Started", "Not started", "Missed", "Nothing ran at that time.", "It would not"):
        assert word in seen
    assert progress in client.get(page("change", template)).content.decode()
    assert BatchOperation.objects.count() == 1


def test_paused_template_does_not_run(signed_in, staff, alice, items):
    with time_machine.travel(datetime(2026, 2, 1, tzinfo=UTC)) as clock:
        template = make_template(alice, repeat="daily", firstRun="2026-02-02T09:00")
        client = signed_in(staff)
        client.post(page("pause", template))
        assert "Paused" in text(client.get(page("change", template)))
        clock.move_to(datetime(2026, 2, 4, 12, tzinfo=UTC))
        assert run_due_templates() == 0
        client = signed_in(staff)
        client.post(page("resume", template))
        assert run_due_templates() == 0
        template.refresh_from_db()
        assert template.next_run_at == datetime(2026, 2, 5, 9, tzinfo=UTC)
        assert not BatchOperation.objects.exists()


def test_delete_keeps_started_batches(signed_in, staff, template):
    client = signed_in(staff)
    client.post(page("run", template))
    assert "Are you sure" in text(client.get(page("delete", template)))
    client.post(page("delete", template), {"post": "yes"})
    assert not Template.objects.exists()
    assert not TemplateRun.objects.exists()
    assert Submission.objects.count() == BatchOperation.objects.count() == 1


def test_templates_deleted_with_permission(signed_in, staff, viewer, alice, template):
    make_template(alice, name="Other")
    keys = [str(key) for key in Template.objects.values_list("pk", flat=True)]
    data = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    signed_in(viewer).post(LIST, data)
    assert Template.objects.count() == 2
    signed_in(staff).post(LIST, data)
    assert not Template.objects.exists()


def test_staff_run_only_permitted_kinds(signed_in, staff, alice, template):
    permission = staff.user_permissions.get(codename="run_update_price")
    staff.user_permissions.remove(permission)
    client = signed_in(User.objects.get(pk=staff.pk))
    for name in ("run", "pause", "resume", "edit"):
        assert client.post(page(name, template)).status_code == 403
    assert client.post(page("delete", template), {"post": "yes"}).status_code == 403
    assert client.get(f"{ADD}?kind=update-price").status_code == 403
    assert "?kind=update-price" not in client.get(ADD).content.decode()
    data = {"action": "delete_selected", "_selected_action": [str(template.pk)], "post": "yes"}
    client.post(LIST, data)
    assert Template.objects.filter(is_paused=False).exists()
    assert not TemplateRun.objects.exists()


def test_buttons_require_csrf_and_post(staff, template):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)
    for name in ("run", "pause", "resume", "edit", "delete"):
        assert strict.post(page(name, template)).status_code == 403
        if name not in {"edit", "delete"}:
            assert strict.get(page(name, template)).status_code == 405
    assert strict.post(f"{ADD}?kind=update-price").status_code == 403
    assert not TemplateRun.objects.exists()


def test_template_page_refuses_post(signed_in, root, template):
    client = signed_in(root)
    assert client.post(page("change", template), {"name": "x"}).status_code == 405
    template.refresh_from_db()
    assert template.name == "Weekly sale"


def test_removed_kind_shown_and_not_run(signed_in, root, template):
    Template.objects.update(kind="format-disk")
    client = signed_in(root)
    assert "This operation no longer exists." in text(client.get(page("change", template)))
    assert client.post(page("run", template)).status_code == 403


def test_invisible_template_not_runnable(signed_in, alice, clerk, template):
    for person in (alice, clerk):
        answer = signed_in(person).post(page("run", template))
        assert answer.status_code == (404 if person is clerk else 302)
    assert not TemplateRun.objects.exists()


def test_list_pages_query_count_constant(signed_in, viewer, alice, template, wallet_of):
    client = signed_in(viewer)

    def cost(address):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    addresses = [LIST, page("change", template), reverse("admin:batches_templaterun_changelist")]
    TemplateRun.objects.create(template=template, slot="0", due_at=timezone.now())
    few = [cost(address) for address in addresses]
    make_contents(wallet_of(alice), 20)
    for number in range(1, 20):
        make_template(alice, name=f"No. {number}")
        TemplateRun.objects.create(template=template, slot=f"{number}", due_at=timezone.now())
    assert [cost(address) for address in addresses] == few
