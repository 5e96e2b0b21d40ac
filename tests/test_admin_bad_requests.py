"""Malformed requests to the admin are refused with a message, and nothing is written."""

from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from knox.models import get_token_model

from batches.models import BatchOperation, Submission
from content.models import Content, ContentChange, User, Wallet
from tests.batches.orders import price_batch
from tests.factories import make_contents

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)
FAR_EAST, ODD, FAR_WEST = (
    "0001-01-01T00:00:00+14:00",
    "2026-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-14:00",
)


@pytest.fixture
def rows(alice, wallet_of, work):
    item = make_contents(wallet_of(alice), 1)[0]
    price_batch(alice, [item.pk])
    work()
    Group.objects.create(name="editors")
    get_token_model().objects.create(user=alice)
    return item


def list_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def counts():
    return [model.objects.count() for model in MODELS if model._meta.app_label != "admin"]


@pytest.mark.parametrize("key", ["x", "-1", "9" * 40, "a" * 24])
def test_impossible_key_chooses_nothing(signed_in, root, rows, key):
    before, client = counts(), signed_in(root)
    for model in {type(model._meta.pk): model for model in MODELS}.values():
        for more in (
            {"action": "delete_selected", "post": "yes"},
            {"action": "revoke", "index": "x"},
        ):
            answer = client.post(list_of(model), {"_selected_action": [key], **more})
            assert answer.status_code in (200, 302)
    assert counts() == before


@pytest.mark.parametrize("model", [User, BatchOperation])
def test_impossible_key_is_reported(signed_in, root, rows, model):
    data = {"action": "delete_selected", "_selected_action": ["x"], "index": "0"}
    answer = signed_in(root).post(list_of(model), data, follow=True)
    assert "Nothing was done; choose from the rows below." in answer.content.decode()


def typed(item, **changes):
    return {"title": "Mine", "price_stx": "1", "creator": item.creator_id, **changes}


def test_nul_in_form_refused_everywhere(signed_in, root, rows):
    before, client = counts(), signed_in(root)
    change = reverse("admin:content_content_change", args=[rows.pk])
    run = reverse("admin:content_content_run", args=["update-price"])
    for page, data in [
        (list_of(Content), {"action": "update-price", "_selected_action": "\0"}),
        (list_of(get_token_model()), {"action": "revoke", "_selected_action": "\0"}),
        (list_of(Wallet), {"action": "delete_selected", "_selected_action": "a\0"}),
        (run, {"selection": "\0", "new_price": "1"}),
        (run, {"selection": "\0", "new_price": "x"}),
        (change, typed(rows, creator="\0", opened_version="1")),
        (reverse("admin:content_content_add"), typed(rows, creator="\0", content_id="new")),
        (reverse("admin:content_content_add"), {"ti\0tle": "New"}),
        ("/profile", {"time_zone": "UTC\0"}),
        ("/batches/new/update-price", {"ids": "\0"}),
        ("/login", {"username": "\0", "password": "\0"}),
    ]:
        form = {"data": urlencode(data), "content_type": "application/x-www-form-urlencoded"}
        for sent in ({"data": data}, form):
            answer = client.post(page, **sent)
            assert answer.status_code == 400, (page, data)
            assert "The request was malformed" in answer.content.decode()
    assert counts() == before
    assert ContentChange.objects.count() == 2
    assert not Submission.objects.exists()


# In one transaction PostgreSQL would answer nothing after the first query that it can't read.
@pytest.mark.django_db(transaction=True)
def test_unreadable_filter_shows_whole_list(signed_in, root, rows):
    """Every kind of field once: the admin asks no more of a field than its type."""
    client, told = signed_in(root), 0
    fields = [field for model in MODELS for field in model._meta.concrete_fields]
    for field in {(type(field), field.primary_key): field for field in fields}.values():
        queries = [("__in", "9" * 40), ("__range", "1"), ("__regex", "(")]
        if "Date" in type(field).__name__:
            queries = [("__gte", FAR_EAST), ("__lt", FAR_WEST), ("__gte", ODD), ("__year", "0")]
        for lookup, value in queries:
            answer = client.get(list_of(field.model), {field.name + lookup: value})
            assert answer.status_code in (200, 302, 400), (field, lookup, value)
            if answer.status_code == 302:
                told += "filter or page does not exist" in client.get(answer.url).content.decode()
    assert told


def test_unreadable_export_redirects_to_list(signed_in, root, rows):
    client = signed_in(root)
    export = reverse("admin:content_content_export")
    for query in ({"x": "1"}, {"created_at__gte": "x"}):
        answer = client.get(export, query)
        assert (answer.status_code, answer.url) == (302, list_of(Content))
        assert "filter or page does not exist" in client.get(answer.url).content.decode()
    assert client.get(export).status_code == 200


@pytest.mark.parametrize("page", ["x", "0", "-1", "99", "9" * 5000])
def test_search_refuses_impossible_pages(signed_in, root, page):
    search = reverse("admin:search")
    assert signed_in(root).get(search, {"s": "content", "page": page}).status_code == 400
    assert signed_in(root).get(search, {"s": "content", "page": "1"}).status_code == 200


def test_search_requires_staff(signed_in, alice):
    assert signed_in(alice).get(reverse("admin:search"), {"s": "content"}).status_code == 302


@pytest.mark.parametrize("value", ["x", "-1", "%", '{"$ne": 1}'])
def test_impossible_owner_is_refused(signed_in, root, alice, wallet_of, value):
    client = signed_in(root)
    add = reverse("admin:content_wallet_add")
    change = reverse("admin:content_wallet_change", args=[wallet_of(alice).pk])
    assert client.get(add, {"owner": value}).status_code in (200, 400)
    for page in (add, change):
        assert client.post(page, {"owner": value}).status_code in (200, 400)
    assert wallet_of(alice).owner == alice


def test_impossible_permission_is_refused(signed_in, root):
    data = {"name": "editors", "permissions": "9" * 30}
    answer = signed_in(root).post(reverse("admin:auth_group_add"), data)
    assert answer.status_code in (200, 400)
    assert not Group.objects.exists()


@pytest.mark.parametrize("path", ["1/x/", "7/x/", "x/1/"])
def test_view_on_site_is_missing(signed_in, clerk, path):
    assert signed_in(clerk).get(f"/admin/r/{path}").status_code == 404
