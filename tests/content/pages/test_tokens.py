"""The page of the user's API tokens."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from content.models import ApiToken, User
from content.services.people.tokens import MAX_TOKENS

HOSTILE = "<script>alert(1)</script>{{7*7}}"
NEW = {"name": "laptop", "lifetime": "30-days"}


def text_in(answer):
    return re.search(r"<textarea[^>]*>([^<]+)</textarea>", answer.content.decode()).group(1)


def make(user, **fields):
    return ApiToken.objects.create(user=user, **fields)[0]


@pytest.mark.parametrize(
    ("lifetime", "hours"),
    [("10-hours", 10), ("30-days", 720), ("90-days", 2160), ("1-year", 8760)],
)
def test_a_token_is_made_and_opens_the_api(signed_in, alice, lifetime, hours):
    answer = signed_in(alice).post("/tokens", {"name": "laptop", "lifetime": lifetime})
    token = ApiToken.objects.get(user=alice)
    left = token.expiry - timezone.now()
    assert timedelta(hours=hours, minutes=-1) < left <= timedelta(hours=hours)
    assert token.name == "laptop"
    headers = {"Authorization": f"Token {text_in(answer)}"}
    assert Client().get("/api/me", headers=headers).json()["username"] == "alice"


def test_the_text_is_shown_once_and_kept_nowhere(signed_in, alice, caplog):
    client = signed_in(alice)
    answer = client.post("/tokens", NEW)
    text = text_in(answer)
    assert answer.status_code == 200, "no address to go on to could hold it"
    assert "no-store" in answer["Cache-Control"]
    assert text not in str(ApiToken.objects.values())
    assert text not in str([row.get_decoded() for row in Session.objects.all()])
    assert text not in str(client.cookies)
    assert text not in caplog.text
    again = client.get("/tokens").content.decode()
    assert text not in again
    assert text[:8] in again
    assert ApiToken.objects.get().digest not in again


def test_thirty_days_is_the_default(signed_in, alice):
    page = signed_in(alice).get("/tokens").content.decode()
    assert '<option value="30-days" selected>' in page
    assert "You have no token yet" in page


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\u202eb"},
        {"lifetime": "for-ever"},
        {"lifetime": ""},
    ],
)
def test_a_token_is_refused_in_words(signed_in, alice, change):
    answer = signed_in(alice).post("/tokens", {**NEW, **change})
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_a_name_is_shown_as_text(signed_in, alice):
    answer = signed_in(alice).post("/tokens", {**NEW, "name": HOSTILE})
    page = answer.content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page


def test_only_own_tokens_listed(signed_in, alice, bob):
    make(alice, name="mine")
    make(alice, name="old", expiry=timedelta(seconds=-1))
    make(alice)
    make(bob, name="of somebody else")
    page = signed_in(alice).get("/tokens").content.decode()
    assert "mine" in page
    assert "Expired" in page
    assert "Log-in over the API" in page
    assert "of somebody else" not in page


def test_a_token_is_revoked(signed_in, alice, call):
    caller, kept = call(alice), make(alice, name="kept")
    token = ApiToken.objects.exclude(pk=kept.pk).get()
    answer = signed_in(alice).post("/tokens/revoke", {"token_key": token.token_key}, follow=True)
    assert "Revoked" in answer.content.decode()
    assert list(ApiToken.objects.all()) == [kept]
    assert caller.get("/api/me").status_code == 401


def test_token_of_others_not_found(signed_in, alice, bob):
    client = signed_in(alice)
    foreign = make(bob)
    answers = [
        client.post("/tokens/revoke", {"token_key": key})
        for key in (foreign.token_key, "nonsense", "", foreign.digest)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert all("Page not found" in answer.content.decode() for answer in answers)
    assert ApiToken.objects.get() == foreign


def test_all_own_tokens_revoked(signed_in, alice, bob):
    tokens = [make(alice), make(alice, name="x"), make(bob)]
    answer = signed_in(alice).post("/tokens/revoke-all", follow=True)
    assert "Revoked 2 tokens." in answer.content.decode()
    assert list(ApiToken.objects.all()) == tokens[2:]


@pytest.mark.parametrize("path", ["/tokens/revoke", "/tokens/revoke-all"])
def test_revoking_needs_a_post_and_a_person(signed_in, alice, path):
    token = make(alice)
    assert Client().post(path, {"token_key": token.token_key}).status_code == 302
    client = signed_in(alice)
    assert client.get(path).status_code == 405
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.post(path, {"token_key": token.token_key}).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    User.objects.filter(pk=alice.pk).update(is_active=True)
    strict.force_login(alice)
    assert strict.post(path, {"token_key": token.token_key}).status_code == 403
    assert ApiToken.objects.get() == token


def test_token_limit(signed_in, alice, bob):
    make(bob)
    make(alice, expiry=timedelta(seconds=-1))
    for _ in range(MAX_TOKENS - 1):
        make(alice)
    client = signed_in(alice)
    assert client.post("/tokens", NEW).status_code == 200, "one that has expired doesn't count"
    refused = client.post("/tokens", {**NEW, "name": "one more"})
    assert refused.status_code == 400
    assert "Revoke tokens that you no longer need" in refused.content.decode()
    assert ApiToken.objects.filter(user=alice).count() == MAX_TOKENS


def test_reload_creates_no_second_token(signed_in, alice):
    client = signed_in(alice)
    client.post("/tokens", NEW)
    again = client.post("/tokens", NEW)
    assert again.status_code == 400
    assert "already have a token with this name" in again.content.decode()
    assert ApiToken.objects.filter(user=alice).count() == 1
