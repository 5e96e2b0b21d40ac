"""Texts of the admin's lists and log-in."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from config.unfold import unfold_settings
from content.models import ContentChange, Wallet
from tests.batches.orders import price_batch
from tests.conftest import grant
from tests.factories import make_contents

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)


def list_of(name):
    return reverse(f"admin:{name}_changelist")


def test_non_staff_gets_message_and_link(signed_in, alice):
    answer = signed_in(alice).get(reverse("admin:index"), follow=True)
    text = answer.content.decode()
    assert "You are signed in as alice, but this account can’t use the admin" in text
    assert 'href="/"' in text


def test_no_message_for_anonymous(client, db):
    assert "signed in as" not in client.get(reverse("admin:login")).content.decode()


def test_sidebar_matches_page_titles():
    groups = unfold_settings("X")["SIDEBAR"]["navigation"]
    names = {str(item["link"]): item["title"] for group in groups for item in group["items"]}
    for model in MODELS:
        address = list_of(f"{model._meta.app_label}_{model._meta.model_name}")
        if address in names:
            assert names[address].lower() == str(model._meta.verbose_name_plural).lower()


@pytest.mark.parametrize("model", MODELS, ids=[model._meta.label_lower for model in MODELS])
def test_empty_list_shows_hint(signed_in, root, model):
    address = list_of(f"{model._meta.app_label}_{model._meta.model_name}")
    client = signed_in(root)
    page = client.get(address)
    if page.context["cl"].result_count:
        assert "Nothing matches" in client.get(address, {"q": "no such words"}).content.decode()
        return
    text = page.content.decode()
    can_add = page.context["has_add_permission"]
    assert ("The first one can be added here" in text) == can_add
    assert (page.context["cl"].model_admin.empty_hint in text) == (not can_add)


def test_empty_list_names_missing_permission(signed_in, staff):
    text = signed_in(grant(staff, "view_group")).get(list_of("auth_group")).content.decode()
    assert "Only superusers can add groups." in text
    assert "The first one can be added here" not in text


def test_changes_show_titles_and_are_found_by_them(signed_in, viewer, alice, wallet_of):
    (one,) = make_contents(wallet_of(alice), title="Needle")
    (other,) = make_contents(wallet_of(alice), title="Haystack")
    client = signed_in(viewer)
    for words in ("needle", one.pk):
        answer = client.get(list_of("content_contentchange"), {"q": words})
        assert answer.context["cl"].result_count == 1
        assert "Needle" in answer.content.decode()
        assert other.pk not in answer.content.decode()
    assert client.get(list_of("content_contentchange"), {"q": "x"}).context["cl"].result_count == 0


def test_change_list_has_no_query_per_row(
    signed_in, viewer, alice, wallet_of, django_assert_max_num_queries
):
    make_contents(wallet_of(alice), 20)
    client = signed_in(viewer)
    with django_assert_max_num_queries(10):
        client.get(list_of("content_contentchange"))


def test_wallet_quota_shows_limit(signed_in, viewer, alice, carol):
    own = Wallet.objects.filter(owner=alice)
    client = signed_in(viewer)
    now = timezone.now()
    for since, words in ((now, "20 of 50"), (now - timedelta(hours=2), "0 of 50")):
        own.update(quota_used=20, quota_since=since)
        assert f">{words}<" in client.get(list_of("content_wallet")).content.decode()


def test_calls_shorten_transactions_in_lists(signed_in, root, alice, wallet_of, work):
    items = make_contents(wallet_of(alice), 1, onchain_id=7)
    price_batch(alice, [items[0].pk])
    work()
    call = ContentChange.objects.get(version=2).contract_call
    client = signed_in(root)
    for name in ("content_contractcall", "content_sandboxtransaction"):
        text = client.get(list_of(name)).content.decode()
        assert f"{call.tx_id[:10]}…{call.tx_id[-4:]}" in text
    page = reverse("admin:content_contractcall_change", args=[call.pk])
    assert call.tx_id in client.get(page).content.decode()
