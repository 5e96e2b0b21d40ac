"""Idempotency-Key: a repeated request creates one batch and gets the same answer."""

from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import BatchOperation
from batches.services.worker.sweep import sweep
from content.models import Content, IdempotencyKey, Wallet
from tests.factories import make_contents

PATH = "/api/batches/batch-update-price"


@pytest.fixture
def body(alice, wallet_of):
    return {"contentIds": [make_contents(wallet_of(alice))[0].pk], "newPrice": 5}


def send(caller, body, key="once", path=PATH):
    return caller.post(path, body, **{"Idempotency-Key": key})


def test_first_answer_is_repeated(call, alice, body):
    first = send(call(alice), body)
    again = send(call(alice), dict(reversed(body.items())), path=f"{PATH}/")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first["Location"] == again["Location"]
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert BatchOperation.objects.count() == 1
    assert Wallet.objects.get(owner=alice).quota_used == 1


def test_reused_key_refused(call, alice, body):
    send(call(alice), body)

    for path, other in ((PATH, {**body, "newPrice": 6}), ("/api/batches/batch-remove", body)):
        body_of_path = other if path == PATH else {"contentIds": body["contentIds"]}
        answer = send(call(alice), body_of_path, path=path)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert BatchOperation.objects.count() == 1


def test_keys_are_per_user(call, alice, bob, wallet_of, body):
    (item,) = make_contents(wallet_of(bob))
    send(call(alice), body)
    answer = send(call(bob), {"contentIds": [item.pk], "newPrice": 5})
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer
    assert BatchOperation.objects.count() == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "ä", "a\tb"])
def test_invalid_keys_refused(call, alice, body, key):
    answer = send(call(alice), body, key=key)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["Idempotency-Key"]
    assert not BatchOperation.objects.exists()


def test_key_of_255_characters_accepted(call, alice, body):
    assert send(call(alice), body, key="~" * 255).status_code == 201


def test_refused_request_frees_its_key(call, alice, body):
    assert send(call(alice), {**body, "newPrice": -1}).status_code == 400
    assert send(call(alice), {**body, "contentIds": ["unknown"]}).status_code == 403
    assert not IdempotencyKey.objects.exists()
    assert send(call(alice), body).status_code == 201


def test_key_expires_after_a_day(call, alice, body):
    first = send(call(alice), body).json()
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24))
    assert send(call(alice), body).json() != first
    assert BatchOperation.objects.count() == 2

    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24))
    sweep()
    assert not IdempotencyKey.objects.exists()


def test_an_item_is_added_once(call, alice):
    body = {"title": "Lecture", "price": 5}
    first = send(call(alice), body, path="/api/contents")
    again = send(call(alice), body, path="/api/contents")
    assert first.json() == again.json()
    assert first["ETag"] == again["ETag"] == '"1"'
    assert Content.objects.count() == 1
