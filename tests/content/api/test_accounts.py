"""Logging in and out over HTTP; health; the description of the API."""

import pytest
from django.test import Client
from django.urls import reverse

from content.models import ApiToken
from tests.factories import PASSWORD


def log_in(call, password=PASSWORD, name="alice"):
    return call(None).post("/api/auth/login", {"username": name, "password": password})


def test_a_token_opens_the_api_and_closes(call, alice):
    answer = log_in(call)
    assert answer.status_code == 200
    token = answer.json()["token"]
    assert answer.json()["expiry"].endswith("Z")
    assert token not in str(ApiToken.objects.values())
    caller = call(None)
    caller.headers = {"Authorization": f"Token {token}"}
    assert caller.get("/api/me").status_code == 200
    assert caller.post("/api/auth/logout").status_code == 204
    assert caller.get("/api/me").status_code == 401


def test_logging_out_everywhere(call, alice, bob):
    caller, other = call(alice), call(bob)
    log_in(call)
    assert caller.post("/api/auth/logoutall").status_code == 204
    assert caller.get("/api/me").status_code == 401
    assert other.get("/api/me").status_code == 200


def test_wrong_credentials_reveal_nothing(call, alice):
    answers = [log_in(call, "wrong"), log_in(call, "wrong", "nobody")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


def test_only_failed_log_ins_are_throttled(call, alice, bob, settings):
    settings.LOGIN_FAILURES = 3
    for _ in range(5):
        assert log_in(call).status_code == 200
    for _ in range(3):
        assert log_in(call, "wrong").status_code == 401
    refused = log_in(call)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 800
    assert log_in(call, name="bob").status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"username": 5, "password": "x"}, {"username": "a\0", "password": ""}]
)
def test_a_log_in_without_a_shape(call, db, body):
    assert call(None).post("/api/auth/login", body).status_code == 400


def test_missing_login_fields_named(call, db):
    assert call(None).post("/api/auth/login", {"username": "alice"}).json()["errors"] == {
        "password": ["This field is required."]
    }
    assert call(None).post("/api/auth/login", {}).json()["errors"] == {
        "username": ["This field is required."],
        "password": ["This field is required."],
    }


@pytest.mark.parametrize("header", ["Bearer nonsense", "bearer", "BEARER a b"])
def test_bearer_token_gets_a_hint(db, header):
    answer = Client().get("/api/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["message"].startswith("Write `Authorization: Token …`, not Bearer. ")
    assert answer["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("header", ["Token", "Token a b", "Token ☃", "Basic abc", "Token nonsense"])
def test_a_header_that_is_no_token(db, header):
    answer = Client().get("/api/me", headers={"Authorization": header.encode().decode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["message"]


def test_health_needs_no_credentials_and_never_redirects(db, settings):
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/livez", "/readyz", "/livez/"):
        answer = Client().get(path, headers={"Host": "10.0.0.1"})
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert Client().get("/readyz").json()["worker"] == "silent"


def test_the_description_and_its_page(db):
    schema = Client().get("/api/schema/", headers={"Accept": "application/json"})
    assert schema.status_code == 200
    assert "/api/batches/batch-update-price" in schema.json()["paths"]
    page = Client().get("/api/docs/")
    assert page.status_code == 200
    assert f'<a href="{reverse("content-list")}">' in page.content.decode()
    assert b"http://" not in page.content.replace(b"http://testserver", b"")
    assert b"https://" not in page.content
