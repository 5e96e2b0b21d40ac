"""The OpenAPI description is readable, and its examples match the answers."""

import pytest
from django.test import Client

from batches.api.examples import CREATED, PREVIEW
from batches.operations import OPERATIONS
from tests.factories import make_contents

MAX_LETTERS = 100


@pytest.fixture
def described(db):
    answer = Client().get("/api/schema/", headers={"Accept": "application/json"})
    return {
        f"{method.upper()} {path}": operation
        for path, methods in answer.json()["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_has_a_summary_of_one_line(described):
    for name, operation in described.items():
        summary = operation.get("summary", "")
        assert 0 < len(summary) <= MAX_LETTERS, name
        assert not summary.endswith("."), name
        assert operation.get("description") != "", name
    summaries = [operation["summary"] for operation in described.values()]
    assert len(set(summaries)) == len(summaries)


def test_creation_matches_example(described, call, alice, wallet_of):
    (content,) = make_contents(wallet_of(alice))
    for operation in OPERATIONS.values():
        path = f"/api/batches/{operation.api_path}"
        (shown,) = _examples(described[f"POST {path}"], "201")
        example = next(iter(operation.examples.values()))
        answer = call(alice).post(path, {"contentIds": [content.pk], **example}).json()
        assert list(shown) == list(answer) == list(CREATED)
        assert (shown["message"], shown["status"]) == (answer["message"], answer["status"])


def test_preview_matches_example(described, call, alice, wallet_of):
    (content,) = make_contents(wallet_of(alice))
    body = {
        "operationType": "update-price",
        "contentIds": [content.pk, "unknown"],
        "percentChange": 10,
    }
    answer = call(alice).post("/api/batches/preview", body).json()

    (shown,) = _examples(described["POST /api/batches/preview"], "200")
    assert shown == PREVIEW
    assert list(shown) == list(answer)
    assert shown["headline"] == answer["headline"]
    for ours, theirs in zip(shown["results"], answer["results"], strict=True):
        assert list(ours) == list(theirs)
        for name in ("outcome", "message", "error", "code", "after"):
            assert ours.get(name) == theirs.get(name)


def test_login_limit_documented_separately(described):
    words = described["POST /api/auth/login"]["responses"]["429"]["description"]
    assert words.startswith("Too many failed log-ins")
    words = described["POST /api/batches/batch-remove"]["responses"]["429"]["description"]
    assert words.startswith("Too many batches")


def _examples(operation, status):
    content = operation["responses"][status]["content"]["application/json"]
    return [example["value"] for example in content["examples"].values()]


def test_the_limit_of_items_is_the_setting(client, db, settings):
    settings.BATCH_MAX_ITEMS = 7
    schema = client.get("/api/schema", headers={"Accept": "application/json"}).json()
    for name in ("UpdatePriceBodyRequest", "PreviewBodyRequest"):
        ids = schema["components"]["schemas"][name]["properties"]["contentIds"]
        assert (ids["minItems"], ids["maxItems"]) == (1, 7)
