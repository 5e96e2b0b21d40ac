"""Reading batches: format of the contract, filters, constant queries."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.models import BatchOperation
from batches.services.engine.run_batch import run_batch
from content.services.chain.calls import send_contract_calls
from tests.batches.orders import price_batch
from tests.factories import make_contents


def test_batch_answer_matches_contract(call, alice, wallet_of, work):
    (item,) = make_contents(wallet_of(alice), onchain_id=7)
    batch = price_batch(alice, [item.pk, "8"], newPrice=1_500_000)
    caller = call(alice)
    before = caller.get(f"/api/batches/{batch.pk}").json()
    assert (before["status"], before["outcome"], before["results"]) == ("pending", None, [])

    run_batch(batch.pk)
    send_contract_calls()

    shown = caller.get(f"/api/batches/{batch.pk}/").json()
    first, second = shown.pop("results")
    tx_id = first.pop("txId")
    assert tx_id.startswith("0x")
    assert first == {
        "contentId": item.pk,
        "success": True,
        "outcome": "succeeded",
        "message": "Price updated to 1.5 STX",
        "before": {"price": 1_000_000},
        "after": {"price": 1_500_000},
        "onChain": {"status": "confirmed", "error": None},
        "version": 2,
    }
    assert second == {
        "contentId": "8",
        "success": False,
        "outcome": "failed",
        "code": "not-found",
        "error": "Content not found or not owned by creator",
    }
    assert shown["onChain"]["confirmed"] == 1
    times = {shown.pop(name) for name in ("createdAt", "startedAt", "completedAt", "updatedAt")}
    assert all(time.endswith("Z") for time in times)
    del shown["onChain"]
    assert shown == {
        "_id": str(batch.pk),
        "creator": wallet_of(alice).pk,
        "operationType": "update-price",
        "status": "completed",
        "outcome": "partial",
        "source": "api",
        "totalItems": 2,
        "successCount": 1,
        "unchangedCount": 0,
        "failureCount": 1,
        "successRate": 50.0,
        "progress": 100,
        "contentIds": [item.pk, "8"],
        "updatePayload": {"newPrice": 1_500_000},
        "scheduledFor": None,
        "until": None,
        "dependsOn": [],
        "dependencies": [],
        "dependents": [],
        "isPaused": False,
        "errorCode": None,
        "retryOf": None,
        "undoOf": None,
        "error": None,
    }


def test_failed_chain_call_keeps_success(call, alice, wallet_of, settings):
    settings.SANDBOX_FAILURE = "rejected"
    (item,) = make_contents(wallet_of(alice), onchain_id=7)
    batch = price_batch(alice, [item.pk])
    run_batch(batch.pk)
    send_contract_calls()
    (result,) = call(alice).get(f"/api/batches/{batch.pk}").json()["results"]
    assert result["success"] is True
    assert result["onChain"]["status"] == "failed"
    assert "reject" in result["onChain"]["error"]


def test_results_by_outcome_and_page(call, alice, wallet_of):
    items = make_contents(wallet_of(alice), 5)
    batch = price_batch(alice, [item.pk for item in items] + ["x", "y"])
    run_batch(batch.pk)
    path = f"/api/batches/{batch.pk}/results"
    caller = call(alice)
    failed = caller.get(path, outcome="failed").json()
    assert [row["contentId"] for row in failed["results"]] == ["x", "y"]
    page = caller.get(path, limit=2, skip=3).json()
    assert (page["total"], page["limit"], page["skip"]) == (7, 2, 3)
    assert [row["contentId"] for row in page["results"]] == [items[3].pk, items[4].pk]


def test_a_list_with_filters(call, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batches = [price_batch(alice, [item.pk], newPrice=price) for price in (1, 2, 3)]
    run_batch(batches[0].pk)
    caller = call(alice)

    def ids(**query):
        answer = caller.get("/api/batches", **query)
        assert answer.status_code == 200, answer.content
        return [row["_id"] for row in answer.json()["batches"]]

    newest_first = [str(batch.pk) for batch in reversed(batches)]
    assert ids() == newest_first
    assert ids(ordering="createdAt") == newest_first[::-1]
    assert ids(operationType="update-price", source="api", limit=1, skip=1) == newest_first[1:2]
    assert ids(skip=2**63 - 1) == []
    page = caller.get(f"/api/batches/creator/{wallet_of(alice).pk}/").json()
    assert (page["total"], page["creator"]) == (3, wallet_of(alice).pk)
    assert "results" not in page["batches"][0]


def test_each_filter_of_the_list_alone(call, viewer, alice, bob, wallet_of):
    items = {who: make_contents(wallet_of(who))[0].pk for who in (alice, bob)}
    first, second = price_batch(alice, [items[alice]]), price_batch(bob, [items[bob]])
    noon = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    for batch, moment in ((first, noon), (second, noon + timedelta(seconds=1))):
        BatchOperation.objects.filter(pk=batch.pk).update(created_at=moment)
    BatchOperation.objects.filter(pk=second.pk).update(source="admin", status="cancelled")
    caller = call(viewer)

    def ids(**query):
        page = caller.get("/api/batches", **query).json()
        assert page["total"] == len(page["batches"])
        return [row["_id"] for row in page["batches"]]

    one, two = str(first.pk), str(second.pk)
    assert ids() == [two, one]
    assert ids(creator=wallet_of(bob).pk) == [two]
    assert ids(status="pending") == [one]
    assert ids(status="cancelled") == [two]
    assert ids(source="admin") == [two]
    assert ids(operationType="remove-content") == []
    # The lower bound is inclusive, the upper one exclusive.
    assert ids(createdAfter="2026-03-01T13:00:01+01:00") == [two]
    assert ids(createdBefore="2026-03-01T12:00:01Z") == [one]
    assert ids(createdAfter="2026-03-01T12:00:00Z", createdBefore="2026-03-01T12:00:01Z") == [one]
    assert ids(ordering="createdAt") == [one, two]
    assert ids(ordering="-createdAt") == [two, one]
    assert ids(creator=wallet_of(alice).pk, status="cancelled") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "ten"),
        ("skip", "-1"),
        ("skip", "9" * 30),
        ("status", "done"),
        ("operationType", "x"),
        ("source", "x"),
        ("createdAfter", "yesterday"),
        ("createdAfter", "2026-01-01T00:00:00"),
        ("createdAfter", "2026-01-01T00:00:00+99:00"),
        ("createdAfter", "0001-01-01T00:00:00+14:00"),
        ("createdBefore", "9999-12-31T23:59:59-14:00"),
        ("ordering", "price"),
        ("creator", "SP1"),
    ],
)
def test_invalid_filter_refused_by_name(call, alice, name, value):
    answer = call(alice).get("/api/batches", **{name: value})
    assert answer.status_code == 400
    assert name in answer.json()["errors"]


def test_times_at_the_edges_are_taken(call, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    price_batch(alice, [item.pk])
    caller = call(alice)
    for after in ("2026-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z"):
        answer = caller.get(
            "/api/batches", createdAfter=after, createdBefore="9999-12-31T00:00:00Z"
        )
        assert (answer.status_code, answer.json()["total"]) == (200, 1)


def test_address_with_nul_not_found(call, alice, viewer):
    for person in (alice, viewer):
        assert call(person).get("/api/batches/creator/%00").status_code == 404


def test_query_count_constant_with_items(call, alice, wallet_of):
    caller = call(alice)

    def queries(count):
        items = make_contents(wallet_of(alice), count)
        batch = price_batch(alice, [item.pk for item in items])
        run_batch(batch.pk)
        counted = []
        for path in (f"/api/batches/{batch.pk}", "/api/batches", "/api/contents", "/api/me"):
            with CaptureQueriesContext(connection) as context:
                assert caller.get(path).status_code == 200
            counted.append(len(context))
        return counted

    assert queries(2) == queries(40)


def test_cancel_and_cancel_again(call, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    caller = call(alice)
    assert caller.post(f"/api/batches/{batch.pk}/cancel").json()["status"] == "cancelled"
    answer = caller.post(f"/api/batches/{batch.pk}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong-state")


def test_me(call, alice, wallet_of):
    assert call(alice).get("/api/me").json() == {
        "username": "alice",
        "isStaff": False,
        "addresses": [
            {
                "address": wallet_of(alice).pk,
                "displayName": "Alice",
                "isCreator": True,
                "quota": {"limit": 50, "remaining": 50, "resetAt": None},
            }
        ],
    }
