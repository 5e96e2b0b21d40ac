"""Batches of a user whose account is deactivated."""

import pytest
from django.urls import reverse

from batches.models import BatchItem, BatchOperation, Status
from batches.services.engine.run_batch import run_batch
from content.models import Content, ContentChange
from tests.factories import make_contents


@pytest.fixture
def close(signed_in, root):
    """Staff takes the tick from “active” at the person's page."""

    def close(user):
        page = reverse("admin:content_user_change", args=[user.pk])
        joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
        form = {"username": user.username, "time_zone": "UTC", **joined}
        answer = signed_in(root).post(page, form)
        assert answer.status_code == 302, answer.context["errors"]

    return close


@pytest.mark.parametrize("who", ["alice", "staff"])
def test_pending_batch_fails_item_by_item(request, call, close, work, alice, wallet_of, who):
    user = request.getfixturevalue(who)
    caller, onlooker = call(user), call(request.getfixturevalue("viewer"))
    items = make_contents(wallet_of(alice), 3)
    keys = [item.pk for item in items]
    body = {"creator": wallet_of(alice).pk, "contentIds": keys, "newPrice": 9_000_000}
    batch_id = caller.post("/api/batches/batch-update-price", body).json()["batchId"]

    close(user)
    work()

    assert caller.get(f"/api/batches/{batch_id}").status_code == 401
    batch = onlooker.get(f"/api/batches/{batch_id}").json()
    assert (batch["status"], batch["outcome"], batch["failureCount"]) == ("completed", "failed", 3)
    assert [result["code"] for result in batch["results"]] == ["forbidden"] * 3
    assert not Content.objects.filter(price=9_000_000).exists()
    assert not ContentChange.objects.filter(cause=f"batch:{batch_id}").exists()


def test_finished_batch_stays(call, close, alice, wallet_of):
    items = make_contents(wallet_of(alice), 2)
    body = {"contentIds": [item.pk for item in items], "newPrice": 9_000_000}
    batch_id = call(alice).post("/api/batches/batch-update-price", body).json()["batchId"]
    run_batch(batch_id)

    close(alice)

    assert not run_batch(batch_id)
    assert BatchOperation.objects.get().status == Status.COMPLETED
    assert BatchItem.objects.filter(outcome="succeeded").count() == 2
    assert Content.objects.filter(price=9_000_000).count() == 2
