"""Editing one item in the admin: through services.changes, never over a concurrent change."""

import csv
import io

import pytest
from django.urls import reverse

from content.models import Content, ContentChange
from content.services.catalogue.changes import change_content
from tests.conftest import grant
from tests.factories import make_contents

LIST = reverse("admin:content_content_changelist")
ADD = reverse("admin:content_content_add")


@pytest.fixture
def item(alice, wallet_of):
    return make_contents(wallet_of(alice), 1, description="One\nTwo")[0]


def page(item, name="change"):
    return reverse(f"admin:content_content_{name}", args=[item.pk])


def typed(item, **changes):
    """What the browser posts for the item as it is, but for the changes."""
    return {
        "title": item.title,
        "description": item.description.replace("\n", "\r\n"),
        "content_type": item.content_type,
        "price_stx": "1",
        "creator": item.creator_id,
        "url": item.url,
        "token_gating": "{}",
        "refund_window_days": item.refund_window_days,
        "onchain_id": "",
        "opened_version": item.version,
        **changes,
    }


def test_an_edit_leaves_a_change_with_its_author(signed_in, staff, item):
    client = signed_in(staff)
    assert 'value="1"' in client.get(page(item)).content.decode()
    answer = client.post(page(item), typed(item, price_stx="1,234.5", title="New"))
    assert answer.status_code == 302, answer.context["errors"]
    item.refresh_from_db()
    assert (item.price, item.title, item.version) == (1_234_500_000, "New", 2)
    change = ContentChange.objects.get(content=item, version=2)
    assert change.before == {"title": change.before["title"], "price": 1_000_000}
    assert (change.cause, change.by) == ("admin", staff)
    history = client.get(page(item, "history")).content.decode()
    assert "1 STX → 1,234.5 STX" in history
    assert "manually" in history


def test_an_edit_that_changes_nothing_leaves_nothing(signed_in, staff, item):
    assert signed_in(staff).post(page(item), typed(item)).status_code == 302
    assert ContentChange.objects.filter(content=item).count() == 1


def test_stale_form_refused_with_typed_values(signed_in, staff, root, item):
    change_content(item.pk, {"price": 5_000_000}, version=1, by=root, cause="api")
    answer = signed_in(staff).post(page(item), typed(item, title="Mine", price_stx="7"))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "Price: 1 STX → 5 STX" in text
    assert 'value="Mine"' in text
    assert 'value="7"' in text
    item.refresh_from_db()
    assert (item.price, item.version) == (5_000_000, 2)
    assert item.title != "Mine"


def test_a_form_without_its_version_is_refused(signed_in, staff, item):
    answer = signed_in(staff).post(page(item), typed(item, title="Mine", opened_version=""))
    assert "reload the page" in answer.content.decode()
    item.refresh_from_db()
    assert item.version == 1


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("price_stx", "-1", "Enter a price in STX"),
        ("price_stx", "1e3", "Enter a price in STX"),
        ("price_stx", "9223372036854775808", "between 0 and"),
        ("title", "", "required"),
        ("title", "a\u202eb", "can&#x27;t be shown"),
        ("title", "a" * 256, "at most 255"),
        ("description", "a" * 10_001, "10,000 are allowed"),
        ("token_gating", '{"enabled": 1}', "true or false"),
        ("token_gating", "{", "is not JSON: line 1, column 2"),
        ("token_gating", "7" * 5000, "too many digits"),
        ("token_gating", "[" * 100_000, "nested too deeply"),
        ("token_gating", '{"enabled": true, "enabled": false}', "same field twice"),
        ("token_gating", '{"\\ud800": true}', "incomplete character"),
        ("token_gating", '{"enabled": true, "tokenContract": "\\ud800"}', "can&#x27;t be shown"),
        ("token_gating", '{"enabled": NaN}', "not valid JSON"),
        ("refund_window_days", "366", "between 0 and 365"),
        ("onchain_id", "-1", "between 0 and"),
        ("onchain_id", "9223372036854775808", "less than or equal"),
        ("creator", "SP000", "valid choice"),
        ("url", "javascript:alert(1)", "valid URL"),
    ],
)
def test_bad_values_are_refused_beside_the_field(signed_in, staff, item, field, text, words):
    answer = signed_in(staff).post(page(item), typed(item, **{field: text}))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    item.refresh_from_db()
    assert item.version == 1


def test_a_gate_that_stays_is_no_change(signed_in, staff, item):
    gate = '{"enabled": true, "tokenContract": "SP1.club", "minBalance": 5}'
    client = signed_in(staff)
    assert client.post(page(item), typed(item, token_gating=gate)).status_code == 302
    item.refresh_from_db()
    assert item.token_gating == {"enabled": True, "tokenContract": "SP1.club", "minBalance": 5}
    assert "SP1.club" in client.get(page(item)).content.decode()
    again = typed(item, token_gating=gate.replace("SP1", "SP\\u0031"))
    assert client.post(page(item), again).status_code == 302
    item.refresh_from_db()
    assert item.version == 2


def test_bookkeeping_can_not_be_posted(signed_in, staff, item):
    extra = {"is_removed": "on", "version": "77", "updated_by": "me", "content_id": "other"}
    signed_in(staff).post(page(item), typed(item, title="New", **extra))
    item = Content.objects.get(pk=item.pk)
    assert (item.version, item.is_removed) == (2, False)
    assert item.updated_by == f"user:{staff.pk}"
    assert Content.objects.count() == 1


def test_viewers_look_and_do_not_touch(signed_in, viewer, item):
    client = signed_in(viewer)
    assert "1 STX" in client.get(page(item)).content.decode()
    assert client.post(page(item), typed(item, title="Mine")).status_code == 403
    assert client.get(page(item, "history")).status_code == 200
    item.refresh_from_db()
    assert item.version == 1


def test_new_item_has_history_and_unique_id(signed_in, staff, item):
    client = signed_in(grant(staff, "add_content"))
    assert client.get(ADD).status_code == 200
    new = {**typed(item, title="Fresh", price_stx="2.5"), "content_id": "fresh-1"}
    assert client.post(ADD, new).status_code == 302
    content = Content.objects.get(pk="fresh-1")
    assert (content.price, content.version) == (2_500_000, 1)
    assert ContentChange.objects.get(content=content).cause == "admin"
    again = client.post(ADD, {**new, "title": "Other"})
    assert again.status_code == 200
    assert "already exists" in again.content.decode()
    assert client.post(ADD, {**new, "content_id": "a b"}).status_code == 200
    assert Content.objects.count() == 2


def test_no_delete_in_admin(signed_in, root, item):
    client = signed_in(root)
    assert client.post(page(item, "delete"), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [item.pk], "post": "yes"}
    client.post(LIST, data)
    assert Content.objects.filter(pk=item.pk).exists()


def test_the_export_holds_no_formulas(signed_in, viewer, alice, wallet_of):
    make_contents(wallet_of(alice), 1, title='=HYPERLINK("https://example.org")')
    client = signed_in(viewer)
    address = reverse("admin:content_content_export")
    form = client.get(address)
    assert form.status_code == 200
    fields = {
        f"contentresource_{name}": "on" for name in ("content_id", "title", "price", "creator")
    }
    answer = client.post(address, {"format": "0", **fields})
    row = next(csv.DictReader(io.StringIO(answer.content.decode())))
    assert row["title"] == '\'=HYPERLINK("https://example.org")'
    assert row["price_micro_stx"] == "1000000"
    assert row["creator"] == wallet_of(alice).pk
