"""Schedules, dependencies and pauses over HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import BatchOperation, Dependency
from batches.services.engine.settle import settle_due
from content.models import Content
from tests.batches.orders import price_batch
from tests.factories import make_contents

PATH = "/api/batches/batch-update-price"


def moment(**ahead):
    return (timezone.now() + timedelta(**ahead)).isoformat()


@pytest.fixture
def coming(alice, item):
    batch = price_batch(alice, [item.pk], scheduledFor=moment(days=2), until=moment(days=9))
    batch.refresh_from_db()  # not every database keeps microseconds
    return batch


def test_scheduled_batch_answer_has_schedule(call, alice, item, work):
    parent = price_batch(alice, [item.pk])
    answer = call(alice).post(
        PATH,
        {
            "contentIds": [item.pk],
            "newPrice": 5,
            "scheduledFor": "2030-01-31T12:00:00+02:00",
            "until": "2030-02-28T12:00:00Z",
            "dependsOn": [{"batchId": str(parent.pk), "when": "always"}],
        },
    )

    assert answer.status_code == 201
    assert answer["Retry-After"] == "60"
    body = answer.json()
    assert body["scheduledFor"] == "2030-01-31T10:00:00Z"
    assert body["until"] == "2030-02-28T12:00:00Z"
    assert body["dependsOn"] == [str(parent.pk)]
    work()
    assert Content.objects.get(pk=item.pk).price == 7_000_000

    shown = call(alice).get(answer["Location"])
    assert shown["Retry-After"] == "60"
    shown = shown.json()
    assert (shown["status"], shown["isPaused"], shown["errorCode"]) == ("pending", False, None)
    link = {"batchId": str(parent.pk), "when": "always", "state": "waiting"}
    assert shown["dependencies"] == [link]
    above = call(alice).get(f"/api/batches/{parent.pk}").json()
    assert above["dependents"] == [body["batchId"]]


@pytest.mark.parametrize(
    ("action", "body", "path"),
    [
        ("schedule", {"scheduledFor": "tomorrow"}, "scheduledFor"),
        ("schedule", {"until": ""}, "until"),
        ("schedule", {"until": {}}, "until"),
        ("dependencies", {"dependsOn": [{"when": "always"}]}, "dependsOn.0"),
        ("dependencies", {"dependsOn": "x"}, "dependsOn"),
    ],
)
def test_invalid_values_refused_by_path(call, alice, item, coming, action, body, path):
    new = {"contentIds": [item.pk], "newPrice": 5, **body}
    for place, sent in ((PATH, new), (f"/api/batches/{coming.pk}/{action}", body)):
        answer = call(alice).post(place, sent)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [path])
    assert list(BatchOperation.objects.all()) == [coming]
    assert BatchOperation.objects.get().scheduled_for == coming.scheduled_for
    assert not Dependency.objects.exists()


@pytest.mark.parametrize("name", ["status", "undoOf", "retryOf", "itemPayloads", "isPaused"])
def test_engine_fields_refused_in_body(call, alice, item, coming, name):
    body = {"contentIds": [item.pk], "newPrice": 5, name: "x"}
    paths = ["schedule", "dependencies", "pause", "resume", "retry-failed", "undo"]
    for path in (PATH, *(f"/api/batches/{coming.pk}/{each}" for each in paths)):
        answer = call(alice).post(path, body if path == PATH else {name: "x"})
        assert answer.status_code == 400, path
        assert answer.json()["errors"][name] == ["Unknown field."]
    assert BatchOperation.objects.count() == 1


def test_foreign_dependencies_refused(call, bob, wallet_of, coming):
    (item,) = make_contents(wallet_of(bob))
    body = {"contentIds": [item.pk], "newPrice": 5, "dependsOn": [str(coming.pk)]}
    answer = call(bob).post(PATH, body)
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"dependsOn.0": ["You have no batch with this id."]}
    assert BatchOperation.objects.count() == 1


@pytest.mark.parametrize("slash", ["", "/"])
def test_start_and_end_move_together(call, alice, coming, slash):
    later, end = "2030-05-01T00:00:00Z", "2030-06-01T00:00:00Z"
    path = f"/api/batches/{coming.pk}/schedule{slash}"

    alone = call(alice).post(path, {"scheduledFor": later})
    assert alone.status_code == 400  # the end would be before the start
    both = call(alice).post(path, {"scheduledFor": later, "until": end})

    assert both.status_code == 200
    assert (both.json()["scheduledFor"], both.json()["until"]) == (later, end)
    at_once = call(alice).post(path, {"scheduledFor": None}).json()
    assert (at_once["scheduledFor"], at_once["until"]) == (None, end)


def test_paused_batches_wait(call, alice, item, work):
    batch = price_batch(alice, [item.pk])
    caller = call(alice)
    assert caller.post(f"/api/batches/{batch.pk}/pause").json()["isPaused"] is True
    work()
    assert Content.objects.get(pk=item.pk).price != 7_000_000

    assert caller.post(f"/api/batches/{batch.pk}/resume").json()["isPaused"] is False
    work()

    assert Content.objects.get(pk=item.pk).price == 7_000_000
    for action in ("pause", "resume", "schedule", "dependencies"):
        body = {"schedule": {"scheduledFor": None}, "dependencies": {"dependsOn": []}}.get(action)
        answer = caller.post(f"/api/batches/{batch.pk}/{action}", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong-state"), action


def test_unmet_dependency_shows_reason(call, alice, item, work):
    parent = price_batch(alice, [item.pk, "unknown"])
    link = {"batchId": str(parent.pk), "when": "on-success"}
    child = price_batch(alice, [item.pk], dependsOn=[link], newPrice=9)
    work()
    settle_due()
    work()

    shown = call(alice).get(f"/api/batches/{child.pk}").json()

    assert (shown["status"], shown["errorCode"]) == ("failed", "dependency")
    assert shown["dependencies"][0]["state"] == "broken"
    assert "failed items" in shown["error"]
    assert Content.objects.get(pk=item.pk).price == 7_000_000


def test_coming_soonest_first(call, alice, item, work):
    price_batch(alice, [item.pk])
    work()
    last = price_batch(alice, [item.pk])
    call(alice).post(f"/api/batches/{last.pk}/pause")
    later = price_batch(alice, [item.pk], scheduledFor=moment(days=9))
    sooner = price_batch(alice, [item.pk], scheduledFor=moment(days=3))
    price_batch(alice, [item.pk])  # only waits for a worker

    found = call(alice).get("/api/batches", coming="true").json()

    assert [each["_id"] for each in found["batches"]] == [str(b.pk) for b in (sooner, later, last)]
    assert found["total"] == 3
    newest = call(alice).get("/api/batches", coming="true", ordering="-createdAt").json()
    assert newest["batches"][0]["_id"] == str(sooner.pk)
    by_key = call(alice).get("/api/batches", coming="true", after=str(sooner.pk)).json()
    assert [each["_id"] for each in by_key["batches"]] == [str(later.pk), str(last.pk)]
    for query in ({"coming": "false"}, {"after": str(last.pk), "ordering": "scheduledFor"}):
        assert call(alice).get("/api/batches", **query).status_code == 400


def test_dependents_change_the_etag(call, alice, item, coming):
    caller = call(alice)
    first = caller.get(f"/api/batches/{coming.pk}")["ETag"]
    child = price_batch(alice, [item.pk], dependsOn=[str(coming.pk)])
    second = caller.get(f"/api/batches/{coming.pk}")["ETag"]
    caller.post(f"/api/batches/{child.pk}/dependencies", {"dependsOn": []})
    third = caller.get(f"/api/batches/{coming.pk}")["ETag"]
    assert len({first, second, third}) == 3


def test_preview_shows_price_changes(call, alice, wallet_of):
    items = make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)
    body = {
        "operationType": "update-price",
        "contentIds": [item.pk for item in items],
        "newPrice": 2_000_000,
        "scheduledFor": moment(days=1),
        "until": moment(days=2),
        "dependsOn": [],
    }
    answer = call(alice).post("/api/batches/preview", body)

    assert answer.status_code == 200
    assert answer.json()["moves"] == {"smallest": -1_000_000, "largest": 1_000_000, "mean": 0}
    cost = answer.json()["chainCost"]
    assert (cost["transactions"], cost["items"]) == (1, 2)
    assert cost["leastFee"] == cost["bytes"] > 100
    assert not BatchOperation.objects.exists()
