"""Templates over HTTP: create, edit, preview, run."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from batches.models import BatchOperation, Template, TemplateRun
from batches.services.templates.runs import run_due_templates
from content.models import Content
from tests.batches.orders import price_batch
from tests.factories import make_contents

PATH = "/api/templates"
NOW = datetime(2026, 2, 20, 12, tzinfo=UTC)


@pytest.fixture
def body(items):
    return {
        "name": "Weekend",
        "operationType": "update-price",
        "updatePayload": {"percentChange": -20},
        "contentIds": [item.pk for item in items],
    }


WEEKLY = {"repeat": "weekly", "firstRun": "2026-03-01T02:30", "timeZone": "America/New_York"}


@pytest.fixture
def kept(call, alice, body):
    with time_machine.travel(NOW, tick=False):
        return call(alice).post(PATH, {**body, **WEEKLY}).json()


@pytest.mark.parametrize("slash", ["", "/"])
def test_template_answer_matches_contract(call, alice, wallet_of, body, slash):
    with time_machine.travel(NOW, tick=False):
        answer = call(alice).post(PATH + slash, {**body, **WEEKLY, "lastDay": "2026-12-31"})

    template = Template.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"{PATH}/{template.pk}"
    assert answer.json() == {
        "_id": str(template.pk),
        "name": "Weekend",
        "creator": wallet_of(alice).pk,
        "operationType": "update-price",
        "updatePayload": {"percentChange": -20},
        "contentIds": body["contentIds"],
        "filter": None,
        "errorPolicy": "skip-failed",
        "repeat": "weekly",
        "firstRun": "2026-03-01T02:30",
        "timeZone": "America/New_York",
        "lastDay": "2026-12-31",
        "isPaused": False,
        "nextRun": {"slot": "2026-03-01T02:30", "at": "2026-03-01T07:30:00Z"},
        "createdAt": "2026-02-20T12:00:00Z",
        "updatedAt": "2026-02-20T12:00:00Z",
    }
    assert call(alice).get(f"{PATH}/{template.pk}").json() == answer.json()
    assert not BatchOperation.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeZone", "Mars/Base"),
        ("firstRun", "2030-01-31T12:00:00Z"),
        ("repeat", "daily"),
        ("updatePayload", []),
        ("updatePayload.undo", {"undo": {}}),
        ("updatePayload.restore", {"restore": {}}),
        ("contentIds.0", [{"$ne": 1}]),
        ("creator", 5),
        ("status", "x"),
        ("nextRun", {}),
        ("isPaused", True),
        ("by", "staff"),
        ("from", {"batchId": "x", "submissionId": "y"}),
        ("from.batchId", {"batchId": "x"}),
        ("from.batchId", {"batchId": 5}),
        ("from.submissionId", {"submissionId": "01a21304-62f5-74a6-999c-c731e12f774c"}),
    ],
)
def test_invalid_template_fields_named(call, alice, body, name, value):
    answer = call(alice).post(PATH, {**body, name.split(".")[0]: value})
    assert answer.status_code == 400
    wanted = "firstRun" if value == "daily" else name
    assert wanted in answer.json()["errors"]
    assert not Template.objects.exists()


def test_ids_or_filter_without_foreign_ids(call, alice, bob, wallet_of, body):
    both = call(alice).post(PATH, {**body, "filter": {}})
    neither = call(alice).post(PATH, {k: v for k, v in body.items() if k != "contentIds"})
    assert (both.status_code, neither.status_code) == (400, 400)
    foreign = make_contents(wallet_of(bob))[0].pk
    assert call(alice).post(PATH, {**body, "contentIds": [foreign]}).status_code == 403
    assert not Template.objects.exists()


def test_edit_keeps_missing_fields(call, alice, kept):
    path = f"{PATH}/{kept['_id']}"
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        answer = call(alice).patch(path, {"name": "Sundays", "filter": {"contentType": "video"}})

    changed = {"name", "filter", "contentIds", "updatedAt"}
    assert answer.status_code == 200
    assert {name for name in kept if kept[name] != answer.json()[name]} == changed
    assert answer.json()["contentIds"] is None
    assert call(alice).patch(path, {"name": ""}).status_code == 400
    assert call(alice).patch(path, {"status": "x"}).status_code == 400
    assert call(alice).send("put", path, "{}").status_code == 405
    assert Template.objects.get().name == "Sundays"


def test_preview_of_next_three_runs(call, alice, items, kept):
    path = f"{PATH}/{kept['_id']}/preview"
    with time_machine.travel(NOW, tick=False):
        seen = call(alice).get(path, limit=1).json()

    assert seen["timeZone"] == "America/New_York"
    assert seen["nextRuns"] == [
        {"slot": "2026-03-01T02:30", "at": "2026-03-01T07:30:00Z"},
        {"slot": "2026-03-08T02:30", "at": "2026-03-08T07:00:00Z"},  # skipped by the clock change
        {"slot": "2026-03-15T02:30", "at": "2026-03-15T06:30:00Z"},
    ]
    assert (seen["preview"]["headline"], len(seen["preview"]["results"])) == ("Change 3 of 3", 1)
    assert seen["problem"] is None
    assert not BatchOperation.objects.exists()

    call(alice).patch(f"{PATH}/{kept['_id']}", {"filter": {"contentType": "book"}})
    nothing = call(alice).get(path).json()
    assert nothing["preview"] is None
    assert nothing["problem"] == "None of the creator's items matches."
    assert call(alice).get(path, limit=0).status_code == 400


def test_run_now_starts_a_run(call, alice, items, kept, work, settings):
    settings.BATCH_MAX_ITEMS = 2
    path = f"{PATH}/{kept['_id']}"
    answer = call(alice).post(f"{path}/run", **{"Idempotency-Key": "once"})
    again = call(alice).post(f"{path}/run", **{"Idempotency-Key": "once"})
    work()

    assert (answer.status_code, again.json()) == (201, answer.json())
    assert answer["RateLimit"].startswith('"batches";r=48;')
    assert (answer.json()["totalItems"], len(answer.json()["batchIds"])) == (3, 2)
    group = call(alice).get(answer["Location"]).json()
    assert (group["source"], group["outcome"]) == ("template", "succeeded")
    assert sorted(Content.objects.values_list("price", flat=True)) == [800_000, 1600_000, 2400_000]
    (run,) = call(alice).get(f"{path}/runs").json()["runs"]
    assert (run["slot"], run["state"], run["message"]) == (None, "started", None)
    assert run["submissionId"] == answer.json()["submissionId"]


def test_refused_run_starts_nothing(call, alice, kept, settings):
    settings.BATCH_QUOTA_PER_HOUR = 1
    path = f"{PATH}/{kept['_id']}"
    assert call(alice).post(f"{path}/run").status_code == 201
    assert call(alice).post(f"{path}/run").status_code == 429
    assert BatchOperation.objects.count() == 1
    states = [run["state"] for run in call(alice).get(f"{path}/runs").json()["runs"]]
    assert states == ["refused", "started"]


def test_run_and_missed_slots_listed(call, alice, kept):
    with time_machine.travel(NOW + timedelta(days=20), tick=False):
        run_due_templates()
    runs = call(alice).get(f"{PATH}/{kept['_id']}/runs").json()["runs"]
    assert [run["state"] for run in runs] == ["started", "missed"]
    assert runs[1]["dueAt"] == "2026-03-01T07:30:00Z"
    assert runs[1]["slot"] == "2026-03-01T02:30"
    assert runs[1]["message"]
    assert runs[1]["submissionId"] is None


def test_paused_and_resumed(call, alice, kept):
    path = f"{PATH}/{kept['_id']}"
    paused = call(alice).post(f"{path}/pause").json()
    assert (paused["isPaused"], paused["nextRun"]) == (True, None)
    with time_machine.travel(NOW + timedelta(days=10), tick=False):
        run_due_templates()
        resumed = call(alice).post(f"{path}/resume").json()
    assert (resumed["isPaused"], resumed["nextRun"]["slot"]) == (False, "2026-03-08T02:30")
    assert not TemplateRun.objects.exists()


def test_template_from_batch_with_overrides(call, alice, items, work):
    batch = price_batch(alice, [item.pk for item in items])
    source = {"from": {"batchId": str(batch.pk)}, "name": "Again"}

    same = call(alice).post(PATH, source).json()
    other = call(alice).post(PATH, {**source, "filter": {}, "updatePayload": {"newPrice": 3}})

    assert same["contentIds"] == batch.content_ids
    assert same["updatePayload"] == {"newPrice": 7_000_000}
    assert (other.json()["contentIds"], other.json()["filter"]) == (None, {})
    assert other.json()["updatePayload"] == {"newPrice": 3}
    work()
    undo = call(alice).post(f"/api/batches/{batch.pk}/undo").json()["batchId"]
    answer = call(alice).post(PATH, {"name": "Undo", "from": {"batchId": undo}})
    assert answer.status_code == 409
    assert Template.objects.count() == 2


def test_deleted_template_keeps_its_batches(call, alice, kept):
    path = f"{PATH}/{kept['_id']}"
    group = call(alice).post(f"{path}/run")["Location"]
    assert call(alice).send("delete", path, "").status_code == 204
    assert call(alice).get(path).status_code == 404
    assert call(alice).get(group).status_code == 200
    assert not TemplateRun.objects.exists()


def test_foreign_submission_not_found(call, alice, bob, wallet_of, kept):
    path = f"{PATH}/{kept['_id']}"
    for method, action in [
        *(("get", each) for each in ("", "/preview", "/runs")),
        *(("post", each) for each in ("/run", "/pause", "/resume")),
    ]:
        assert getattr(call(bob), method)(path + action).status_code == 404
    assert call(bob).patch(path, {"name": "Mine"}).status_code == 404
    assert call(bob).send("delete", path, "").status_code == 404
    assert call(bob).get(PATH).json()["templates"] == []
    assert call(bob).get(PATH, creator=wallet_of(alice).pk).status_code == 404
    batch = price_batch(alice, kept["contentIds"])
    for source in ({"batchId": str(batch.pk)}, {"submissionId": str(batch.pk)}):
        assert call(bob).post(PATH, {"name": "Mine", "from": source}).status_code == 400
    assert Template.objects.get().name == "Weekend"
