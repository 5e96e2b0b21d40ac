"""Concurrent requests to four web processes: quota and idempotency keys are exact."""

import json
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from batches.models import BatchOperation
from content.models import ApiToken, IdempotencyKey, User, Wallet
from tests.services import PATIENCE_SECONDS

WORLDS = ["files", "servers", "documents"]


@pytest.fixture
def send(world, seven):
    """Send so many equal requests of alice's at once; the status, headers and body of each."""
    address = f"{world.start_web()}/api/batches/batch-update-price"
    _, token = ApiToken.objects.create(user=User.objects.get(username="alice"))
    body = json.dumps({"contentIds": seven, "percentChange": 1}).encode()
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def post(more):
        request = urllib.request.Request(address, body, {**headers, **more})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.headers, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.headers, json.load(error)

    def send(times, **more):
        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(post, [more] * times))

    return send


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_fault_26_quota_accepts_50_of_200(send):
    answers = send(200)

    assert Counter(status for status, _, _ in answers) == {201: 50, 429: 150}
    assert BatchOperation.objects.count() == 50
    assert Wallet.objects.get().quota_used == 50
    for status, headers, body in answers:
        assert headers["RateLimit-Policy"] == '"batches";q=50;w=3600'
        if status == 429:
            assert body["code"] == "quota"
            assert 0 < int(headers["Retry-After"]) <= 3600
            assert headers["RateLimit"].startswith('"batches";r=0;t=')


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_fault_17_fifty_requests_one_key_one_batch(send):
    answers = send(50, **{"Idempotency-Key": "once"})

    statuses = Counter(status for status, _, _ in answers)
    assert set(statuses) <= {201, 409}
    made = [(headers, body) for status, headers, body in answers if status == 201]
    assert sum("Idempotent-Replayed" not in headers for headers, _ in made) == 1
    batch = BatchOperation.objects.get()
    assert {body["batchId"] for _, body in made} == {str(batch.pk)}
    assert Wallet.objects.get().quota_used == 1
    assert IdempotencyKey.objects.count() == 1
