"""Retry and undo of batches and runs over HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import BatchOperation, Submission
from batches.services.results.run import run_of
from batches.services.runs import control
from content.models import Content
from tests.batches import runs
from tests.batches.orders import price_batch, price_run


@pytest.fixture
def done(alice, items, work):
    """A batch that set all to 7 STX, with a failure for an unknown id."""
    batch = price_batch(alice, [*(item.pk for item in items), "unknown"])
    work()
    return batch


@pytest.fixture
def group(alice, items, work, settings):
    """The same in parts of two."""
    settings.BATCH_MAX_ITEMS = 2
    return price_run(alice, [*(item.pk for item in items), "unknown"])


def prices(items):
    """In the order of the items."""
    found = Content.objects.in_bulk(keys := list(items))
    return [found[key].price for key in keys]


def test_undo_skips_changed_items(call, alice, items, done, work):
    caller = call(alice)
    caller.patch(f"/api/contents/{items[1].pk}", {"price": 3})
    seen = caller.get(f"/api/batches/{done.pk}/undo").json()
    assert (seen["changeCount"], seen["failureCount"]) == (2, 1)
    assert seen["headline"] == "Undo 2 of 3, 1 not possible"
    assert BatchOperation.objects.count() == 1

    answer = caller.post(f"/api/batches/{done.pk}/undo")

    assert answer.status_code == 201
    assert answer.json()["message"] == "Undo initiated"
    assert answer["Location"] == f"/api/batches/{answer.json()['batchId']}"
    assert answer["RateLimit"].startswith('"batches";r=48;')
    work()
    undo = caller.get(answer["Location"]).json()
    assert (undo["undoOf"], undo["operationType"]) == (str(done.pk), "update-price")
    assert [result.get("code") for result in undo["results"]] == [None, "conflict", None]
    assert sorted(prices(item.pk for item in items)) == [3, 1_000_000, 3_000_000]

    redo = caller.post(f"{answer['Location']}/undo")
    work()
    assert redo.status_code == 201
    assert sorted(prices(item.pk for item in items)) == [3, 7_000_000, 7_000_000]


def test_undo_of_one_item(call, alice, items, done, work):
    body = {"contentIds": [items[0].pk]}
    assert call(alice).post(f"/api/batches/{done.pk}/undo", body).json()["totalItems"] == 1
    work()
    assert sorted(prices(item.pk for item in items)) == [1_000_000, 7_000_000, 7_000_000]


@pytest.mark.parametrize("ids", [["elsewhere"], [], "x", [5.5], ["unknown", "unknown"]])
@pytest.mark.parametrize("action", ["undo", "retry-failed"])
def test_other_ids_are_refused(call, alice, done, ids, action):
    answer = call(alice).post(f"/api/batches/{done.pk}/{action}", {"contentIds": ids})
    assert answer.status_code == 400
    assert all(path.startswith("contentIds") for path in answer.json()["errors"])
    assert BatchOperation.objects.count() == 1


def test_retry_takes_failed_items(call, alice, done, work):
    path = f"/api/batches/{done.pk}/retry-failed"
    assert call(alice).get(path, code="not-found").json()["totalItems"] == 1
    assert call(alice).get(path, code="conflict").status_code == 409
    assert call(alice).post(path, {"code": "no-code"}).status_code == 400

    answer = call(alice).post(path, {"code": "not-found"})

    assert (answer.status_code, answer.json()["totalItems"]) == (201, 1)
    retry = BatchOperation.objects.get(pk=answer.json()["batchId"])
    assert (retry.retry_of_id, retry.content_ids) == (done.pk, ["unknown"])


def test_nothing_to_retry_or_undo(call, alice, items, work):
    running = price_batch(alice, [items[0].pk])
    for action in ("retry-failed", "undo"):
        answer = call(alice).post(f"/api/batches/{running.pk}/{action}")
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong-state")
    work()
    assert call(alice).post(f"/api/batches/{running.pk}/retry-failed").status_code == 409
    same = price_batch(alice, [items[0].pk])
    work()
    assert call(alice).post(f"/api/batches/{same.pk}/undo").status_code == 409
    assert BatchOperation.objects.count() == 2


@pytest.mark.parametrize("action", ["undo", "retry-failed"])
def test_same_key_follows_up_once(call, alice, done, action):
    path = f"/api/batches/{done.pk}/{action}"
    first, again = (call(alice).post(path, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert BatchOperation.objects.count() == 2


def test_run_progress(call, alice, group, work):
    path = f"/api/submissions/{group.pk}"
    waiting = call(alice).get(path).json()
    assert (waiting["status"], waiting["outcome"], waiting["progress"]) == ("pending", None, 0)
    assert call(alice).post(f"{path}/undo").status_code == 409
    assert call(alice).post(f"{path}/resume").json()["isPaused"] is False
    assert call(alice).post(f"{path}/pause").json()["isPaused"] is True
    work()
    assert call(alice).get(path).json()["progress"] == 0
    assert call(alice).post(f"{path}/resume").json()["isPaused"] is False
    work()

    done = call(alice).get(f"{path}/").json()

    assert (done["status"], done["outcome"], done["progress"]) == ("completed", "partial", 100)
    assert (done["totalItems"], done["successCount"], done["failureCount"]) == (4, 3, 1)
    assert [len(batch["contentIds"]) for batch in done["batches"]] == [2, 2]
    assert "results" not in done["batches"][0]
    assert call(alice).post(f"{path}/cancel").status_code == 409


def test_run_shows_current_schedule(call, alice, items, settings):
    settings.BATCH_MAX_ITEMS = 2
    soon, later, end = (timezone.now() + timedelta(days=days) for days in (1, 2, 3))
    times = {"scheduled_for": soon, "until": end}
    run = price_run(alice, [item.pk for item in items], **times, is_paused=True)
    batches = BatchOperation.objects.order_by("id")

    def shown():
        body = call(alice).get(f"/api/submissions/{run.pk}").json()
        names = ("isPaused", "scheduledFor", "until")
        same = [[batch[name] for name in names] for batch in body["batches"]]
        return [body[name] for name in names], same

    whole, parts = shown()
    assert parts == [whole, whole]
    assert whole[0] is True
    assert None not in whole

    for batch in batches:
        runs.reschedule(runs.resume(batch), scheduled_for=later, until=end + timedelta(days=1))
    whole, parts = shown()
    assert parts == [whole, whole]
    assert whole[0] is False

    first, second = batches
    runs.reschedule(first, until=None)
    assert shown()[0] == [False, whole[1], None]
    runs.pause(runs.reschedule(second, scheduled_for=soon))
    whole, parts = shown()
    assert whole == [True, parts[1][1], None]

    control.start(run_of(run), by=alice)
    assert shown()[0][:2] == [False, None]


def test_run_undone_and_retried(call, alice, items, group, work):
    work()
    path = f"/api/submissions/{group.pk}"
    undo = call(alice).post(f"{path}/undo", **{"Idempotency-Key": "once"})
    again = call(alice).post(f"{path}/undo", **{"Idempotency-Key": "once"})
    retry = call(alice).post(f"{path}/retry-failed")
    work()

    assert (undo.status_code, again.json()) == (201, undo.json())
    assert undo["Location"] == f"/api/submissions/{undo.json()['submissionId']}"
    assert (undo.json()["totalItems"], len(undo.json()["batchIds"])) == (3, 2)
    assert prices(item.pk for item in items) == [1_000_000, 2_000_000, 3_000_000]
    shown = call(alice).get(undo["Location"]).json()
    assert (shown["follows"], shown["outcome"], shown["source"]) == ("undo", "succeeded", "api")
    parts = {str(batch.pk) for batch in BatchOperation.objects.filter(submission=group)}
    assert {batch["undoOf"] for batch in shown["batches"]} == parts
    assert (retry.status_code, retry.json()["totalItems"]) == (201, 1)


def test_cancelled_run_leaves_unprocessed_items(call, alice, items, group):
    answer = call(alice).post(f"/api/submissions/{group.pk}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["outcome"] is None
    assert prices(item.pk for item in items) == [1_000_000, 2_000_000, 3_000_000]


def test_foreign_run_not_found(call, bob, group):
    for method, action in (
        ("get", ""),
        *(("post", f"/{name}") for name in ("cancel", "pause", "resume", "retry-failed", "undo")),
    ):
        answer = getattr(call(bob), method)(f"/api/submissions/{group.pk}{action}")
        assert answer.status_code == 404
    assert call(bob).get("/api/submissions/none").status_code == 404
    assert Submission.objects.count() == 1
