"""Templates on the pages: the form to create and edit them."""

import re
from datetime import UTC, date, datetime

import pytest
import time_machine

from batches.models import Submission, Template
from content.models import Content
from tests.answers import text
from tests.batches.orders import price_batch
from tests.batches.pages.template_forms import NOW, TYPED, save_template
from tests.factories import WalletFactory


def test_empty_template_list_explains_templates(signed_in, alice, carol):
    assert "No templates yet" in text(signed_in(alice).get("/templates"))
    assert "New template" in text(signed_in(alice).get("/templates"))
    words = text(signed_in(carol).get("/templates"))
    assert "your account has no wallet that sells content" in words
    assert "New template" not in words


def test_new_template_asks_for_operation(signed_in, alice):
    client = signed_in(alice)
    page = client.get("/templates/new").content.decode()
    for kind in ("update-price", "update-metadata", "remove-content", "restore-content"):
        assert f'href="/templates/new?kind={kind}"' in page
        assert client.get(f"/templates/new?kind={kind}").status_code == 200
    assert "What should it do?" in text(client.get("/templates/new?kind=explode"))


def test_repeating_template_with_filter(signed_in, alice, wallet_of, contents):
    typed = {
        **TYPED,
        "filter-type": "video",
        "filter-price_from": "1.5",
        "filter-q": "Item",
        "repeat": "weekly",
        "first_run": "2030-01-04T18:00",
        "last_day": "2030-12-31",
    }
    client = signed_in(alice)
    answer = client.post("/templates/new", typed, follow=True)
    template = Template.objects.get()
    assert answer.redirect_chain == [(f"/templates/{template.pk}", 302)]
    assert template.creator == wallet_of(alice)
    assert template.payload == {"percentChange": -20}
    assert template.filter == {"search": "Item", "contentType": "video", "priceMin": 1_500_000}
    assert (template.repeat, template.time_zone) == ("weekly", "Europe/Berlin")
    assert (template.first_slot, template.last_day) == ("2030-01-04T18:00", date(2030, 12, 31))
    words = text(answer)
    assert "4 Jan 2030, 17:00 UTC 4 Jan 2030, 18:00 in Europe/Berlin" in words
    assert "18 Jan 2030" in words
    assert "25 Jan 2030" not in words
    assert "Change 2 of 2. This is a preview: nothing was changed." in words
    assert "all items on sale of the type Video from 1.5 STX with “Item”" in words
    assert not Submission.objects.exists()
    assert Content.objects.filter(version=1).count() == 3


def test_template_with_ids(signed_in, alice, contents):
    keys = [content.pk for content in contents]
    typed = {**TYPED, "selection": "ids", "content_ids": f" {keys[0]}, {keys[1]}\n{keys[0]}"}
    signed_in(alice).post("/templates/new", typed)
    template = Template.objects.get()
    assert (template.content_ids, template.filter) == (keys[:2], None)


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"name": ""}, "name", "This field is required."),
        ({"name": "x" * 101}, "name", "at most 100 characters"),
        ({"percent_change": ""}, "new_price", "Give a new price"),
        ({"selection": "ids"}, "content_ids", "Choose at least one item."),
        ({"selection": "ids", "content_ids": "a/b"}, "content_ids", "An id has 1 to 64 letters"),
        ({"selection": "all"}, "selection", "not one of the available choices"),
        ({"filter-price_from": "x"}, "filter-price_from", "Enter a price in STX"),
        ({"filter-price_from": "2", "filter-price_to": "1"}, "filter-price_to", "less than"),
        ({"repeat": "hourly"}, "repeat", "not one of the available choices"),
        ({"repeat": "daily"}, "first_run", "Set the time of the first run."),
        ({"first_run": "2020-01-01T00:00"}, "first_run", "This time is in the past."),
        ({"first_run": "at noon"}, "first_run", "Write it like"),
        ({"first_run": "2030-01-01T09:00", "last_day": "2029-12-31"}, "last_day", "later day"),
        ({"last_day": "2029-12-31"}, "last_day", "Set the first run too"),
        ({"last_day": "someday"}, "last_day", "Write the day like"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "not one of the available choices"),
    ],
)
def test_errors_shown_at_fields(signed_in, alice, contents, typed, field, words):
    answer = signed_in(alice).post("/templates/new", {**TYPED, **typed})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert f'id="id_{field}_error"' in page
    assert words in text(answer)
    assert not Template.objects.exists()


def test_template_from_batch_keeps_items(signed_in, alice, contents, work):
    batch = price_batch(alice, [content.pk for content in contents[:2]], newPrice=2_500_000)
    client = signed_in(alice)
    page = client.get(f"/templates/new?batch={batch.pk}").content.decode()
    assert 'name="new_price" value="2.5"' in page
    assert f"{contents[0].pk} {contents[1].pk}</textarea>" in page
    assert re.search(r'value="ids"[^>]* checked', page)


def test_template_from_run_keeps_items(signed_in, alice, contents, prepared):
    client = signed_in(alice)
    run = prepared(client, [content.pk for content in contents])
    page = client.get(f"/templates/new?submission={run.pk}").content.decode()
    assert 'name="percent_change" value="10"' in page
    assert contents[2].pk in page


def test_form_saved_as_template(signed_in, alice, contents):
    keys = [content.pk for content in contents]
    typed = {
        "step": "review",
        "kind": "update-price",
        "ids": " ".join(keys),
        "percent_change": "12.5",
        "scheduled_for": "2030-01-01T09:00",
    }
    page = signed_in(alice).post("/templates/new", typed).content.decode()
    assert 'name="percent_change" value="12.5"' in page
    assert " ".join(keys) in page
    assert 'name="first_run" value="2030-01-01T09:00"' in page
    assert not Template.objects.exists()


def test_undo_not_saved_as_template(signed_in, alice, contents, work):
    batch = price_batch(alice, [contents[0].pk])
    work()
    client = signed_in(alice)
    draft = client.post(f"/batches/{batch.pk}/undo")["Location"].removeprefix("/submissions/")
    answer = client.get(f"/templates/new?submission={draft}", follow=True)
    assert "This can&#x27;t be saved as a template" in answer.content.decode()


@pytest.mark.parametrize("name", ["batch", "submission"])
@pytest.mark.parametrize("key", ["x", "01993d2e-0000-7000-8000-000000000000"])
def test_missing_source_not_saved(signed_in, alice, name, key):
    assert signed_in(alice).get(f"/templates/new?{name}={key}").status_code == 404


def test_foreign_batch_not_saved_as_template(signed_in, alice, bob, contents):
    batch = price_batch(alice, [contents[0].pk])
    assert signed_in(bob).get(f"/templates/new?batch={batch.pk}").status_code == 404


def test_several_wallets_require_creator(signed_in, alice, wallet_of, contents):
    label = WalletFactory(owner=alice, display_name="Alice's label")
    client = signed_in(alice)
    assert "Alice&#x27;s label" in client.get("/templates/new?kind=update-price").content.decode()
    answer = client.post("/templates/new", {**TYPED, "creator": WalletFactory().pk})
    assert answer.status_code == 400
    client.post("/templates/new", {**TYPED, "creator": label.pk})
    assert Template.objects.get().creator == label


def test_staff_enter_the_creator(signed_in, staff, alice, wallet_of, contents):
    client = signed_in(staff)
    answer = client.post("/templates/new", {**TYPED, "creator": "SPX"})
    assert answer.status_code == 400
    assert 'id="id_creator_error"' in answer.content.decode()
    client.post("/templates/new", {**TYPED, "creator": wallet_of(alice).pk})
    template = Template.objects.get()
    assert (template.creator, template.by) == (wallet_of(alice), staff)
    assert f"/templates/{template.pk}" in signed_in(alice).get("/templates").content.decode()


def test_edit_form_starts_with_current_values(signed_in, alice, contents):
    template = save_template(
        alice,
        filter={"contentType": "video", "priceMax": 2_000_000},
        repeat="monthly",
        firstRun="2030-01-31T09:00",
        timeZone="America/New_York",
        lastDay="2031-01-01",
        errorPolicy="reject-all",
    )
    client = signed_in(alice)
    page = client.get(f"/templates/{template.pk}/edit").content.decode()
    for given in (
        'name="name" value="Sale"',
        'name="percent_change" value="-10"',
        'name="filter-price_to" value="2"',
        'name="first_run" value="2030-01-31T09:00"',
        'name="last_day" value="2031-01-01"',
    ):
        assert given in page, given
    for chosen in ("America/New_York", "monthly", "video"):
        assert f'<option value="{chosen}" selected>' in page
    assert re.search(r'value="reject-all"[^>]* checked', page)
    typed = {**TYPED, "name": "Bigger sale", "percent_change": "-30", "repeat": "daily"}
    url = f"/templates/{template.pk}/edit"
    answer = client.post(url, {**typed, "first_run": ""})
    assert answer.status_code == 400
    assert "Set the time of the first run." in text(answer)
    assert client.post(url, {**typed, "first_run": "2030-02-01T10:00"}).status_code == 302
    template.refresh_from_db()
    assert (template.name, template.payload) == ("Bigger sale", {"percentChange": -30})
    assert template.next_run_at == datetime(2030, 2, 1, 9, tzinfo=UTC)
    assert template.filter == {}


def test_unknown_ids_shown_at_field(signed_in, alice, contents):
    typed = {**TYPED, "selection": "ids", "content_ids": "no-such another"}
    for url in ("/templates/new", f"/templates/{save_template(alice).pk}/edit"):
        answer = signed_in(alice).post(url, typed)
        assert answer.status_code == 400
        page = answer.content.decode()
        assert 'id="id_content_ids_error"' in page
        assert "None of these items belongs to this creator." in text(answer)
        assert "no-such another" in page


def test_rename_template_with_past_time(signed_in, alice, contents):
    with time_machine.travel(NOW, tick=False):
        template = save_template(alice, firstRun="2026-03-01T14:00", timeZone="UTC")
    typed = {**TYPED, "time_zone": "UTC", "first_run": "2026-03-01T14:00"}
    answer = signed_in(alice).post(f"/templates/{template.pk}/edit", typed)
    assert answer.status_code == 302, text(answer)
    template.refresh_from_db()
    assert (template.name, template.first_slot) == ("Weekend sale", "2026-03-01T14:00")
    moved = {**typed, "first_run": "2026-03-01T15:00"}
    assert signed_in(alice).post(f"/templates/{template.pk}/edit", moved).status_code == 400
