"""POST /api/batches/batch-update-price: accepted and refused bodies."""

import json

import pytest

from batches.models import BatchOperation
from content.models import Content

PATH = "/api/batches/batch-update-price"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_batch_is_accepted_and_runs(call, alice, item, work, slash):
    answer = call(alice).post(PATH + slash, {"contentIds": [item.pk, "8"], "newPrice": 5})

    batch = BatchOperation.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "message": "Batch price update initiated",
        "batchId": str(batch.pk),
        "status": "pending",
        "totalItems": 2,
    }
    assert answer["Location"] == f"/api/batches/{batch.pk}"
    assert answer["Retry-After"] == "1"
    assert answer["RateLimit-Policy"] == '"batches";q=50;w=3600'
    assert answer["RateLimit"].startswith('"batches";r=49;t=')
    work()
    assert Content.objects.get(pk=item.pk).price == 5
    assert BatchOperation.objects.get().source == "api"


def test_reject_all_creates_nothing(call, alice, item):
    answer = call(alice).post(
        PATH, {"contentIds": [item.pk, "8"], "newPrice": 5, "errorPolicy": "reject-all"}
    )
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"contentIds.1"}
    assert not BatchOperation.objects.exists()


def test_expected_versions_guard_an_edit(call, alice, item, work):
    caller = call(alice)
    body = {"contentIds": [item.pk], "newPrice": 5}
    preview = caller.post("/api/batches/preview", {**body, "operationType": "update-price"}).json()
    caller.patch(f"/api/contents/{item.pk}", {"price": 9})

    caller.post(PATH, {**body, "expectedVersions": preview["expectedVersions"]})
    work()

    assert Content.objects.get(pk=item.pk).price == 9


def test_quota_answer_has_reset_time(call, alice, item, settings):
    settings.BATCH_QUOTA_PER_HOUR = 1
    caller = call(alice)
    assert caller.post(PATH, {"contentIds": [item.pk], "newPrice": 5}).status_code == 201
    answer = caller.post(PATH, {"contentIds": [item.pk], "newPrice": 6})
    assert (answer.status_code, answer.json()["code"]) == (429, "quota")
    assert 3500 < int(answer["Retry-After"]) <= 3600
    assert answer["RateLimit"].startswith('"batches";r=0;t=')
    assert BatchOperation.objects.count() == 1


ONE = '"contentIds": ["a"], '
BAD_BODIES = {
    # prices
    "{" + ONE + '"newPrice": -1}': "newPrice",
    "{" + ONE + f'"newPrice": {2**63}}}': "newPrice",
    "{" + ONE + f'"newPrice": 1{"0" * 4299}}}': "",
    "{" + ONE + '"newPrice": 1e3}': "newPrice",
    "{" + ONE + '"newPrice": NaN}': "",
    "{" + ONE + '"newPrice": Infinity}': "",
    "{" + ONE + '"newPrice": true}': "newPrice",
    '{"contentIds": ["a"]}': "newPrice",
    "{" + ONE + '"percentChange": 0}': "percentChange",
    "{" + ONE + '"percentChange": 1e400}': "percentChange",
    "{" + ONE + '"percentChange": 1e999999999999}': "percentChange",
    # ids
    '{"newPrice": 1, "contentIds": []}': "contentIds",
    json.dumps({"newPrice": 1, "contentIds": [str(n) for n in range(101)]}): "contentIds",
    '{"newPrice": 1, "contentIds": ["7", 7]}': "contentIds",
    f'{{"newPrice": 1, "contentIds": [{2**63}]}}': "contentIds.0",
    '{"newPrice": 1, "contentIds": [{"$ne": 1}]}': "contentIds.0",
    '{"newPrice": 1, "contentIds": [true]}': "contentIds.0",
    '{"newPrice": 1, "contentIds": null}': "contentIds",
    '{"newPrice": 1, "contentIds": {"a": 1}}': "contentIds",
    # JSON
    "[" * 100_000: "",
    '{"a":' * 100_000: "",
    '["a"]': "",
    '"a"': "",
    "{" + ONE: "",
    "\ufeff{" + ONE + '"newPrice": 1}': "",
    "{" + ONE + '"newPrice": 1, "newPrice": 2}': "",
    "{" + ONE + '"newPrice": 1, "nonsense": 2}': "nonsense",
    "{" + ONE + '"newPrice": 1, "\\ud800": 2}': "",
    "{" + ONE + '"newPrice": 1, "creator": "\\ud800"}': "creator",
    # mass assignment and unknown fields
    "{" + ONE + '"newPrice": 1, "status": "completed"}': "status",
    "{" + ONE + '"newPrice": 1, "results": []}': "results",
    "{" + ONE + '"newPrice": 1, "successCount": 9}': "successCount",
    "{" + ONE + '"newPrice": 1, "scheduledFor": "2030-01-01T00:00:00"}': "scheduledFor",
    "{" + ONE + '"newPrice": 1, "dependsOn": ["x"]}': "dependsOn.0",
    "{" + ONE + '"newPrice": 1, "_id": "x"}': "_id",
}


@pytest.mark.parametrize(("body", "path"), BAD_BODIES.items(), ids=lambda text: str(text)[:60])
def test_invalid_body_refused_by_path(call, alice, item, body, path):
    answer = call(alice).send("post", PATH, body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "invalid"
    assert answer.json()["message"]
    if path:
        assert path in answer.json()["errors"]
    assert not BatchOperation.objects.exists()
    assert Content.objects.get(pk=item.pk).version == 1


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b'{"contentIds": ["\xff"]}', "application/json", 400),
        (b'{"contentIds": ["a"], "newPrice": 1}', "application/json; charset=utf-16", 400),
        (b'{"contentIds": ["a"], "newPrice": 1}', "application/json; charset=bogus", 400),
        (b'{"contentIds": ["a"], "newPrice": 1}', "application/json; charset*=utf-8''bogus", 400),
        (b'{"contentIds": ["a"], "newPrice": 1}', "application/json; charset*0=bog", 400),
        (b'{"contentIds": ["a"], "newPrice": 1}', "text/plain", 415),
        (b'{"contentIds": ["a"], "newPrice": 1}', "*/*", 415),
        (b'{"contentIds": ["a"], "newPrice": 1}', "application/*", 415),
        (b"contentIds=a&newPrice=1", "application/x-www-form-urlencoded", 415),
        (b'{"contentIds": "' + b"x" * 3_000_000 + b'"}', "application/json", 413),
        (b"", "application/json", 400),
    ],
)
def test_bad_http_is_refused(call, alice, item, data, content_type, status):
    answer = call(alice).send("post", PATH, data, content_type=content_type)
    assert answer.status_code == status
    assert answer.json()["message"]
    assert not BatchOperation.objects.exists()


def test_the_wrong_method(call, alice, item):
    for method in ("get", "put", "patch", "delete"):
        answer = call(alice).send(method, PATH, b"")
        assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")


def test_a_session_needs_its_csrf_token(alice, item):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(PATH, '{"contentIds": ["a"]}', content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["message"]


def test_preview_writes_nothing(call, alice, item):
    answer = call(alice).post(
        "/api/batches/preview",
        {"operationType": "update-price", "contentIds": [item.pk, "8"], "percentChange": 12.5},
    )
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["headline"] == "Change 1 of 2, 1 not possible"
    assert shown["expectedVersions"] == {item.pk: 1}
    assert shown["results"][0]["before"] == {"price": 1_000_000}
    assert shown["results"][0]["after"] == {"price": 1_125_000}
    assert shown["results"][1]["code"] == "not-found"
    assert not BatchOperation.objects.exists()


@pytest.mark.parametrize("kind", [None, "", "drop-tables", 5, ["update-price"]])
def test_preview_without_operation(call, alice, item, kind):
    answer = call(alice).post("/api/batches/preview", {"operationType": kind, "contentIds": ["a"]})
    assert answer.status_code == 400
    assert "operationType" in answer.json()["errors"]
