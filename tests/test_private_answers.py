"""Answers for signed-in users are not cached."""

import pytest

from tests.batches.orders import price_batch
from tests.factories import PASSWORD, make_contents


@pytest.mark.parametrize("path", ["/", "/content", "/batches", "/profile", "/password", "/tokens"])
def test_pages_not_cached(signed_in, alice, path):
    kept = signed_in(alice).get(path)["Cache-Control"]
    assert "no-store" in kept
    assert "private" in kept


def test_public_answers_unchanged(client, db):
    assert "no-store" not in client.get("/livez").headers.get("Cache-Control", "")


def test_answers_of_the_api_belong_to_their_caller(call, client, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    body = {"username": "alice", "password": PASSWORD}
    token = client.post("/api/auth/login", body, content_type="application/json")
    for answer in (token, call(alice).get("/api/me"), call(alice).get("/api/batches")):
        assert "no-store" in answer["Cache-Control"]
        assert "Authorization" in answer["Vary"]
    # What has an ETag is kept by its reader, who asks again each time.
    polled = call(alice).get(f"/api/batches/{batch.pk}")
    assert "no-cache" in polled["Cache-Control"]
    assert "no-store" not in polled["Cache-Control"]


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/profile", "/batches/new/update-price", "/tokens"])
def test_pages_accept_browser_methods_only(signed_in, alice, method, path):
    assert getattr(signed_in(alice), method)(path).status_code == 405


@pytest.mark.parametrize("path", ["/login?next=/login", "/login/?next=/login/"])
def test_no_redirect_loop(signed_in, alice, path):
    answer = signed_in(alice).get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/")
