"""Signing in and out, and the profile."""

import pytest

from content.models import User, Wallet
from tests.factories import PASSWORD


def test_signing_in_leads_to_where_one_was_going(client, alice):
    answer = client.get("/batches")
    assert (answer.status_code, answer["Location"]) == (302, "/login?next=/batches")

    answer = client.post("/login", {"username": "alice", "password": PASSWORD, "next": "/batches"})
    assert (answer.status_code, answer["Location"]) == (302, "/batches")


def test_signing_in_never_leads_to_another_site(client, alice):
    data = {"username": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/login", data)["Location"] == "/"


@pytest.mark.parametrize("password", ["wrong", ""])
def test_failed_sign_in_shows_message(client, alice, password):
    answer = client.post("/login", {"username": "alice", "password": password})
    page = answer.content.decode()
    assert "correct username and password" in page or "This field is required" in page
    assert "_auth_user_id" not in client.session


def test_an_inactive_person_can_not_sign_in(client, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    client.post("/login", {"username": "alice", "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_signing_out_needs_a_post(client, alice):
    client.force_login(alice)
    assert client.get("/logout").status_code == 405
    assert "_auth_user_id" in client.session
    assert client.post("/logout")["Location"] == "/login"
    assert "_auth_user_id" not in client.session


def test_the_profile_keeps_time_zone_and_mails(signed_in, alice, wallet_of):
    wallet = wallet_of(alice)
    data = {"time_zone": "Europe/Berlin", f"notify-{wallet.pk}": "never"}
    answer = signed_in(alice).post("/profile", data, follow=True)
    assert "Your profile is saved." in answer.content.decode()
    assert User.objects.get(pk=alice.pk).time_zone == "Europe/Berlin"
    assert Wallet.objects.get(pk=wallet.pk).notify == "never"
    assert "Times are shown in Europe/Berlin" in signed_in(alice).get("/").content.decode()


def test_profile_refuses_unknown_choices(signed_in, alice, wallet_of):
    wallet = wallet_of(alice)
    data = {"time_zone": "Mars/Olympus", f"notify-{wallet.pk}": "sometimes"}
    page = signed_in(alice).post("/profile", data).content.decode()
    assert "Nothing was saved yet" in page
    assert page.count('class="errorlist"') == 2
    assert User.objects.get(pk=alice.pk).time_zone == "UTC"
    assert Wallet.objects.get(pk=wallet.pk).notify == "failures"


def test_mail_settings_of_others_unchanged(signed_in, alice, bob, wallet_of):
    own, other = wallet_of(alice), wallet_of(bob)
    data = {"time_zone": "UTC", f"notify-{own.pk}": "always", f"notify-{other.pk}": "never"}
    signed_in(alice).post("/profile", data)
    assert Wallet.objects.get(pk=own.pk).notify == "always"
    assert Wallet.objects.get(pk=other.pk).notify == "failures"
