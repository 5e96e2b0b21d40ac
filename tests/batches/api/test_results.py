"""Results by outcome and reason, with totals and as a file."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.models import Source
from batches.operations import OPERATIONS
from batches.services.engine.lifecycle import cancel
from batches.services.engine.run_batch import run_batch
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from content.models import Content
from tests.answers import rows_of
from tests.batches.orders import price_batch
from tests.factories import make_contents

FORMULA = '=HYPERLINK("https://evil.example","click")'
LINES = "-1\nsecond, \"quoted\" line; <script>alert('x')</script>"


def path_of(batch):
    return f"/api/batches/{batch.pk}/results"


@pytest.fixture
def batch(alice, bob, wallet_of):
    """Two saved, one unchanged, one removed, one foreign and one unknown, in no order at all."""
    own = make_contents(wallet_of(alice), 3, title=FORMULA)
    (removed,) = make_contents(wallet_of(alice), title="Gone", is_removed=True)
    (foreign,) = make_contents(wallet_of(bob), title="A secret of Bob")
    keys = ["unknown", own[2].pk, foreign.pk, own[1].pk, removed.pk, own[0].pk]
    batch = price_batch(alice, keys, newPrice=2_000_000)
    run_batch(batch.pk)
    batch.refresh_from_db()
    return batch


def test_totals_cover_the_whole_batch(call, alice, batch):
    caller = call(alice)
    for query in ({}, {"outcome": "failed"}, {"limit": 1, "skip": 5}, {"code": "removed"}):
        page = caller.get(path_of(batch), **query).json()
        assert page["totals"] == {"succeeded": 2, "unchanged": 1, "failed": 3}
        assert page["codes"] == {"not-found": 2, "removed": 1}


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"outcome": "succeeded"}, [1, 5]),
        ({"outcome": "unchanged"}, [3]),
        ({"outcome": "failed"}, [0, 2, 4]),
        ({"code": "not-found"}, [0, 2]),
        ({"outcome": "failed", "code": "removed"}, [4]),
        ({"outcome": "succeeded", "code": "removed"}, []),
        ({"code": "conflict"}, []),
    ],
)
def test_results_and_file_share_filters(call, alice, batch, query, positions):
    caller = call(alice)
    wanted = [batch.content_ids[position] for position in positions]
    page = caller.get(path_of(batch), **query).json()
    assert [row["contentId"] for row in page["results"]] == wanted
    assert page["total"] == len(wanted)
    rows = rows_of(caller.get(path_of(batch), format="csv", **query))
    assert [row["content_id"] for row in rows] == wanted
    assert [row["position"] for row in rows] == [str(position + 1) for position in positions]


@pytest.mark.parametrize(
    ("name", "value"),
    [("outcome", "done"), ("outcome", ""), ("outcome", "not-attempted"), ("code", "Removed"),
     ("code", "$ne"), ("format", "xml"), ("format", "")],
)  # fmt: skip
@pytest.mark.parametrize("extra", [{}, {"format": "csv"}])
def test_unknown_fields_refused_by_name(call, alice, batch, name, value, extra):
    answer = call(alice).get(path_of(batch), **{**extra, name: value})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"
    assert list(answer.json()["errors"]) == [name]


def test_file_headers(call, alice, batch):
    answer = call(alice).get(path_of(batch), format="csv", code="not-found")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    name = f"batch-{batch.pk}-not-found.csv"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'


def test_results_file_rows_without_formulas(call, alice, batch):
    caller = call(alice)
    answer = caller.get(path_of(batch), format="csv", limit=1, skip=4)
    rows = rows_of(answer)
    assert list(rows[0]) == [
        "position", "content_id", "title", "outcome", "code", "message",
        "new_price", "percent", "before_price_micro_stx", "after_price_micro_stx",
        "version", "on_chain", "on_chain_error", "tx_id",
    ]  # fmt: skip
    assert len(rows) == 6
    saved, foreign, unchanged = rows[1], rows[2], rows[3]
    assert saved["title"] == f"'{FORMULA}"
    assert saved["outcome"] == "succeeded"
    assert saved["message"] == "Price updated to 2 STX"
    assert saved["before_price_micro_stx"] == "3000000"
    assert saved["after_price_micro_stx"] == "2000000"
    assert (saved["version"], saved["on_chain"]) == ("2", "none")
    assert (foreign["title"], foreign["code"]) == ("", "not-found")
    assert foreign["message"] == "Content not found or not owned by creator"
    assert (foreign["version"], foreign["on_chain"], foreign["tx_id"]) == ("", "", "")
    assert (unchanged["outcome"], unchanged["before_price_micro_stx"]) == ("unchanged", "")
    assert "A secret of Bob" not in answer.content.decode()


def test_title_hidden_after_owner_change(call, alice, bob, batch, wallet_of):
    moved = batch.content_ids[1]
    Content.objects.filter(pk=moved).update(creator=wallet_of(bob), title="Now Bob's")
    rows = rows_of(call(alice).get(path_of(batch), format="csv"))
    assert (rows[1]["content_id"], rows[1]["title"]) == (moved, "")
    assert rows[3]["title"] != ""


def test_chain_state_of_each_item(call, alice, wallet_of, work, settings):
    good, bad = make_contents(wallet_of(alice), 2, onchain_id=lambda number: number)
    settings.SANDBOX_FAILURE = str(bad.onchain_id)
    batch = price_batch(alice, [bad.pk, good.pk])
    work()
    refused, confirmed = rows_of(call(alice).get(path_of(batch), format="csv"))
    assert (refused["outcome"], refused["on_chain"]) == ("succeeded", "failed")
    assert refused["on_chain_error"] == "The contract refused this item."
    assert (confirmed["on_chain"], confirmed["on_chain_error"]) == ("confirmed", "")
    assert confirmed["tx_id"].startswith("0x")


def test_changed_fields_have_before_and_after(call, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice), description="+1")
    gate = {"enabled": True, "tokenType": "sip-010", "tokenContract": "SP1.münze", "minBalance": 2}
    updates = {"title": "@home", "description": LINES, "tokenGating": gate, "refundable": True}
    order = clean_order(
        OPERATIONS["update-metadata"], {"contentIds": [item.pk], "updates": updates}
    )
    batch = create_batch(order, by=alice, source=Source.API)
    run_batch(batch.pk)
    answer = call(alice).get(path_of(batch), format="csv")
    (row,) = rows_of(answer)
    assert list(row)[6:-4] == [
        "before_title", "after_title", "before_description", "after_description",
        "before_tokenGating", "after_tokenGating", "before_refundable", "after_refundable",
    ]  # fmt: skip
    assert (row["title"], row["after_title"]) == ("'@home", "'@home")
    assert (row["before_description"], row["after_description"]) == ("'+1", f"'{LINES}")
    assert json.loads(row["before_tokenGating"]) == {}
    assert json.loads(row["after_tokenGating"]) == gate
    assert "münze" in answer.content.decode()
    assert (row["before_refundable"], row["after_refundable"]) == ("false", "true")


def test_a_hostile_reason_is_a_text(call, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    order = clean_order(
        OPERATIONS["remove-content"], {"contentIds": [item.pk], "removalReason": FORMULA}
    )
    batch = create_batch(order, by=alice, source=Source.API)
    run_batch(batch.pk)
    (row,) = rows_of(call(alice).get(path_of(batch), format="csv"))
    assert (row["before_isRemoved"], row["after_isRemoved"]) == ("false", "true")
    assert (row["before_removalReason"], row["after_removalReason"]) == ("", f"'{FORMULA}")
    assert row["after_removedAt"].endswith("+00:00")


def test_unprocessed_ids_only_in_full_file(call, alice, wallet_of):
    items = make_contents(wallet_of(alice), 2)
    batch = price_batch(alice, [item.pk for item in items])
    caller = call(alice)
    assert rows_of(caller.get(path_of(batch), format="csv")) == []
    cancel(batch)
    rows = rows_of(caller.get(path_of(batch), format="csv"))
    assert [row["content_id"] for row in rows] == batch.content_ids
    assert {row["outcome"] for row in rows} == {"not-attempted"}
    assert rows[0]["title"] == items[0].title
    assert rows_of(caller.get(path_of(batch), format="csv", outcome="failed")) == []
    page = caller.get(path_of(batch)).json()
    assert (page["total"], page["totals"]["failed"], page["codes"]) == (0, 0, {})


def test_accept_csv_header(call, alice, batch):
    caller = call(alice)
    caller.headers["Accept"] = "text/csv"
    assert len(rows_of(caller.get(path_of(batch), format="csv"))) == 6
    answer = caller.get(path_of(batch), format="csv", code="x")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("viewer", 200), ("staff", 200), ("root", 200),
     ("bob", 404), ("carol", 404), ("clerk", 404), (None, 401)],
)  # fmt: skip
@pytest.mark.parametrize("query", [{}, {"format": "csv"}, {"code": "removed"}])
def test_results_permissions(call, request, batch, name, status, query):
    caller = call(request.getfixturevalue(name) if name else None)
    answer = caller.get(path_of(batch), **query)
    assert answer.status_code == status
    if status != 200:
        assert answer["Content-Type"] == "application/json"
        missing = caller.get(f"/api/batches/{alike(batch)}/results", **query)
        assert missing.content == answer.content


def alike(batch):
    return str(batch.pk)[:-4] + "0000"


def test_query_count_constant_with_items(call, alice, wallet_of):
    caller = call(alice)

    def queries(count):
        items = make_contents(wallet_of(alice), count)
        batch = price_batch(alice, [item.pk for item in items] + ["unknown"])
        run_batch(batch.pk)
        counted = []
        for query in ({}, {"format": "csv"}, {"outcome": "failed", "limit": 5}):
            with CaptureQueriesContext(connection) as context:
                assert caller.get(path_of(batch), **query).status_code == 200
            counted.append(len(context))
        return counted

    assert queries(2) == queries(60)
