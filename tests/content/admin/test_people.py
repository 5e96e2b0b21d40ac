"""Users, wallets and tokens in the admin: permissions of staff and superusers."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from knox.models import get_token_model

from content.models import ApiToken, User, Wallet
from tests.conftest import grant
from tests.factories import PASSWORD, address_of


def test_staff_makes_users_and_gives_them_wallets(signed_in, staff):
    rights = ["add_user", "change_user", "view_user", "add_wallet", "change_wallet"]
    client = signed_in(grant(staff, *rights))
    new = {
        "username": "dora",
        "time_zone": "Europe/Berlin",
        "usable_password": "true",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }
    answer = client.post(reverse("admin:content_user_add"), new)
    assert answer.status_code == 302, answer.context["errors"]
    dora = User.objects.get(username="dora")
    assert dora.check_password("correct horse battery")
    address = address_of("Dora")
    wallet = {"address": address, "owner": str(dora.pk), "is_creator": "on", "notify": "always"}
    assert client.post(reverse("admin:content_wallet_add"), wallet).status_code == 302
    assert Wallet.objects.get(pk=address).owner == dora
    twin = client.post(reverse("admin:content_wallet_add"), wallet)
    assert "already exists" in twin.content.decode()
    wrong = client.post(reverse("admin:content_wallet_add"), {**wallet, "address": "SP123"})
    assert "Stacks address" in wrong.content.decode()


def test_editing_wallet_keeps_quota(signed_in, root, alice, wallet_of):
    wallet = wallet_of(alice)
    client = signed_in(root)
    page = reverse("admin:content_wallet_change", args=[wallet.pk])
    assert client.get(page).status_code == 200
    Wallet.objects.filter(pk=wallet.pk).update(quota_used=7)
    data = {"display_name": "New", "owner": str(alice.pk), "is_creator": "on", "notify": "never"}
    assert client.post(page, {**data, "address": address_of("Other")}).status_code == 302
    wallet = Wallet.objects.get(owner=alice)
    assert (wallet.display_name, wallet.quota_used) == ("New", 7)


@pytest.mark.parametrize("name", ["A\r\nBcc: all", "A\nB", "A\u2028B", "A\u202eB", "x" * 101])
def test_invalid_display_name_refused(signed_in, root, alice, wallet_of, name):
    client = signed_in(root)
    data = {"display_name": name, "owner": str(alice.pk), "is_creator": "on", "notify": "never"}
    change = reverse("admin:content_wallet_change", args=[wallet_of(alice).pk])
    assert client.post(change, data).status_code == 200
    add = client.post(reverse("admin:content_wallet_add"), {**data, "address": address_of("New")})
    assert add.status_code == 200
    assert list(Wallet.objects.values_list("display_name", "notify")) == [("Alice", "failures")]


def user_form(user, **changes):
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return {"username": user.username, "time_zone": "UTC", "is_active": "on", **joined, **changes}


def test_superusers_give_rights(signed_in, root, alice):
    client = signed_in(root)
    page = reverse("admin:content_user_change", args=[alice.pk])
    assert client.get(page).status_code == 200
    right = Permission.objects.get(codename="run_update_price")
    answer = client.post(page, user_form(alice, is_staff="on", user_permissions=[str(right.pk)]))
    assert answer.status_code == 302, answer.context["errors"]
    alice = User.objects.get(pk=alice.pk)
    assert alice.is_staff
    assert alice.has_perm("batches.run_update_price")


def test_staff_can_not_grant_or_edit_staff(signed_in, staff, root, alice, clerk):
    client = signed_in(grant(staff, "change_user", "view_user"))
    rights = user_form(alice, is_staff="on", is_superuser="on")
    client.post(reverse("admin:content_user_change", args=[alice.pk]), rights)
    client.post(reverse("admin:content_user_change", args=[staff.pk]), user_form(staff, **rights))
    alice = User.objects.get(pk=alice.pk)
    assert not alice.is_staff
    assert not User.objects.get(pk=staff.pk).is_superuser
    for person in (root, clerk):
        change = reverse("admin:content_user_change", args=[person.pk])
        assert client.post(change, user_form(person, username="x")).status_code == 403
        password = reverse("admin:auth_user_password_change", args=[person.pk])
        assert client.post(password, {"password1": "x", "password2": "x"}).status_code == 403


@pytest.fixture
def tokens(alice, bob):
    return [get_token_model().objects.create(user=person)[0] for person in (alice, bob)]


def test_tokens_revoked_and_digest_hidden(signed_in, root, tokens):
    client = signed_in(root)
    page = reverse("admin:content_apitoken_changelist")
    text = client.get(page).content.decode()
    for token in tokens:
        assert token.token_key in text
        assert token.digest not in text
    data = {"action": "revoke", "index": "0", "_selected_action": [tokens[0].token_key]}
    assert client.post(page, data).status_code == 302
    assert list(ApiToken.objects.values_list("pk", flat=True)) == [tokens[1].pk]
    assert client.get(reverse("admin:content_apitoken_add")).status_code == 403


def test_viewer_can_not_revoke(signed_in, viewer, tokens):
    client = signed_in(grant(viewer, "view_apitoken"))
    data = {"action": "revoke", "index": "0", "_selected_action": [tokens[0].token_key]}
    client.post(reverse("admin:content_apitoken_changelist"), data)
    assert ApiToken.objects.count() == 2


def test_the_password_of_a_user_can_be_set(signed_in, root, alice):
    page = reverse("admin:auth_user_password_change", args=[alice.pk])
    client = signed_in(root)
    assert client.get(page).status_code == 200
    data = {"password1": "another long one", "password2": "another long one"}
    client.post(page, {**data, "usable_password": "true"})
    assert User.objects.get(pk=alice.pk).check_password("another long one")


def test_another_password_ends_tokens_and_sessions(signed_in, root, alice, bob, call):
    elsewhere, caller, other = Client(), call(alice), call(bob)
    elsewhere.force_login(alice)
    page = reverse("admin:auth_user_password_change", args=[alice.pk])
    client = signed_in(root)
    client.post(page, {"usable_password": "false", "unset-password": "1"})
    assert not User.objects.get(pk=alice.pk).has_usable_password()
    assert elsewhere.get("/profile").status_code == 302
    assert caller.get("/api/me").status_code == 401
    assert other.get("/api/me").status_code == 200
    assert client.get(page).status_code == 200


def test_deactivated_account_signed_out(signed_in, staff, alice, bob, call):
    elsewhere, caller, other = Client(), call(alice), call(bob)
    elsewhere.force_login(alice)
    client = signed_in(grant(staff, "change_user", "view_user"))
    page = reverse("admin:content_user_change", args=[alice.pk])
    closed = user_form(alice, is_active="")
    assert client.post(page, closed).status_code == 302
    assert not User.objects.get(pk=alice.pk).is_active
    assert caller.get("/api/me").status_code == 401
    assert elsewhere.get("/profile")["Location"] == "/login?next=/profile"
    assert list(ApiToken.objects.values_list("user_id", flat=True)) == [bob.pk]

    # Opened again, she signs in anew: a session or token of then is no way in.
    assert client.post(page, user_form(alice)).status_code == 302
    assert User.objects.get(pk=alice.pk).is_active
    assert elsewhere.get("/profile").status_code == 302
    assert caller.get("/api/me").status_code == 401
    data = {"username": "alice", "password": PASSWORD}
    assert Client().post("/login", data)["Location"] == "/"
    assert other.get("/api/me").status_code == 200


def test_a_token_of_a_closed_account_is_refused(alice, call):
    caller = call(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert caller.get("/api/me").status_code == 401


def test_editing_user_changes_nothing_else(signed_in, root, alice):
    elsewhere = Client()
    elsewhere.force_login(alice)
    page = reverse("admin:content_user_change", args=[alice.pk])
    client = signed_in(root)
    assert client.post(page, user_form(alice, email="new@example.org")).status_code == 302
    assert User.objects.get(pk=alice.pk).email == "new@example.org"
    assert elsewhere.get("/profile").status_code == 200


def test_staff_with_the_right_makes_people_staff(signed_in, staff, alice):
    client = signed_in(grant(staff, "change_user", "view_user", "set_staff"))
    page = reverse("admin:content_user_change", args=[alice.pk])
    assert 'name="is_staff"' in client.get(page).content.decode()
    assert client.post(page, user_form(alice, is_staff="on", is_superuser="on")).status_code == 302
    alice = User.objects.get(pk=alice.pk)
    assert alice.is_staff
    assert not alice.is_superuser
    assert client.post(page, user_form(alice)).status_code == 403, "now superusers only"


@pytest.mark.parametrize("is_active", [True, False])
def test_staff_status_limited_by_own_permissions(signed_in, staff, alice, is_active):
    grant(alice, "change_wallet")
    User.objects.filter(pk=alice.pk).update(is_active=is_active)
    client = signed_in(grant(staff, "change_user", "view_user", "set_staff"))
    page = reverse("admin:content_user_change", args=[alice.pk])
    client.post(page, user_form(alice, is_staff="on"))
    assert not User.objects.get(pk=alice.pk).is_staff


def test_user_page_links_wallets(signed_in, root, alice, clerk, wallet_of):
    wallet = wallet_of(alice)
    Wallet.objects.filter(pk=wallet.pk).update(display_name="<script>alert(1)</script>")
    client = signed_in(root)
    page = client.get(reverse("admin:content_user_change", args=[alice.pk])).content.decode()
    assert reverse("admin:content_wallet_change", args=[wallet.pk]) in page
    assert "<script>alert(1)" not in page
    page = client.get(reverse("admin:content_user_change", args=[clerk.pk])).content.decode()
    assert "Assign one at the wallet" in page


def test_roles_are_labelled(signed_in, root, staff):
    page = signed_in(root).get(reverse("admin:content_user_changelist")).content.decode()
    assert "Role" in page
    assert "Show role" not in page
    # Unfold shows a labelled value in a coloured box, a plain one as text.
    assert re.search(r"<span[^>]*\bbg-orange-\d+[^>]*>\s*Staff\s*</span>", page)
