"""Import and export of prices over HTTP."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import BatchOperation, Submission
from batches.services.runs.price_file import SPREADSHEET
from content.models import Content, ContentChange
from content.services.catalogue.changes import change_content
from tests.batches.price_files import csv_of, sheet_of, xlsx_of
from tests.factories import make_contents

PATH = "/api/prices"
QUOTES = "Put quotes around cells that contain the delimiter."


@pytest.fixture
def send(call):
    def send(user, data, query="", content_type="text/csv", **headers):
        path = f"{PATH}?{query}" if query else PATH
        return call(user).send("post", path, data, content_type, **headers)

    return send


@pytest.fixture
def is_untouched(alice, wallet_of):
    """Check that nothing was started or changed."""

    def is_untouched():
        return not (
            Submission.objects.exists()
            or BatchOperation.objects.exists()
            or ContentChange.objects.exclude(cause="import").exists()
        )

    return is_untouched


def test_unchanged_lines_left_out(send, alice, bob, wallet_of, work):
    items = make_contents(wallet_of(alice), 3, price=2_000_000)
    foreign = make_contents(wallet_of(bob), price=2_000_000)[0]
    lines = [f"{items[0].pk},2", f"{items[1].pk},3", f"{foreign.pk},2", "nowhere,2"]
    body = send(alice, csv_of("content_id,new_price", *lines)).json()

    assert (body["totalItems"], body["unchangedLines"]) == (3, [2])
    batch = BatchOperation.objects.get()
    assert batch.content_ids == [items[1].pk, foreign.pk, "nowhere"]
    work()
    codes = batch.items.order_by("position").values_list("code", flat=True)
    assert list(codes) == ["", "not-found", "not-found"]
    assert Content.objects.get(pk=items[1].pk).price == 3_000_000

    refused = send(alice, csv_of("content_id,new_price", f"{items[0].pk},2"))
    assert refused.status_code == 400
    assert "nothing to change" in refused.json()["message"]
    # A price may change before a waiting batch starts.
    later = send(
        alice,
        csv_of("content_id,new_price", f"{items[0].pk},2"),
        "scheduledFor=2029-01-01T00:00:00Z",
    )
    assert later.json()["totalItems"] == 1


def test_file_started_as_run(send, call, alice, wallet_of, work):
    items = make_contents(wallet_of(alice), 101)
    data = csv_of("content_id,new_price", *(f"{item.pk},700" for item in items), "other,")
    answer = send(alice, data)

    body = answer.json()
    submission = Submission.objects.get()
    assert answer.status_code == 201
    assert body == {
        "message": "Batch price update initiated",
        "submissionId": str(submission.pk),
        "batchIds": body["batchIds"],
        "totalItems": 101,
        "skippedLines": [103],
        "unchangedLines": [],
    }
    assert len(body["batchIds"]) == 2
    assert answer["RateLimit"].startswith('"batches";r=48;')
    work()
    for key in body["batchIds"]:
        batch = call(alice).get(f"/api/batches/{key}").json()
        assert (batch["status"], batch["outcome"], batch["source"]) == (
            "completed",
            "succeeded",
            "api",
        )
    assert set(Content.objects.values_list("price", flat=True)) == {700_000_000}


def test_spreadsheet_started_and_followed(send, call, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice), 1)
    answer = send(alice, xlsx_of(("id", "percent"), (item.pk, 10)), content_type=SPREADSHEET)
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/submissions/{answer.json()['submissionId']}"
    shown = call(alice).get(answer["Location"]).json()
    assert [batch["contentIds"] for batch in shown["batches"]] == [[item.pk]]


def test_a_preview_writes_nothing(send, alice, bob, wallet_of, is_untouched):
    (own,) = make_contents(wallet_of(alice), 1)
    (foreign,) = make_contents(wallet_of(bob), 1, title="Secret")
    data = csv_of("content_id,new_price", f"{own.pk},7", f"{foreign.pk},7")
    answer = send(alice, data, "preview=true")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["creator"], body["operationType"]) == (wallet_of(alice).pk, "update-price")
    assert (body["totalItems"], body["changeCount"], body["failureCount"]) == (2, 1, 1)
    assert body["results"][0]["after"] == {"price": 7_000_000}
    assert (body["results"][1]["code"], body["results"][1]["title"]) == ("not-found", "")
    page = send(alice, data, "preview=true&limit=1&skip=1").json()
    assert (page["limit"], page["skip"], page["totalItems"]) == (1, 1, 2)
    assert [result["contentId"] for result in page["results"]] == [foreign.pk]
    assert send(alice, data, "preview=true&limit=0").status_code == 400
    twice = send(alice, data, "preview=true&preview=false")
    assert (twice.status_code, twice.json()["errors"]) == (
        400,
        {"preview": ["Send this only once."]},
    )
    assert is_untouched()


def test_staff_run_items_of_several_creators(send, staff, alice, bob, wallet_of, work):
    (first,) = make_contents(wallet_of(alice), 1)
    (second,) = make_contents(wallet_of(bob), 1)
    data = csv_of("content_id,new_price", f"{first.pk},7", f"{second.pk},8")
    assert send(staff, data, "preview=true").json()["creator"] is None
    answer = send(staff, data)
    assert (answer.status_code, len(answer.json()["batchIds"])) == (201, 2)
    assert "RateLimit" not in answer
    work()
    assert set(Content.objects.values_list("pk", "price")) == {
        (first.pk, 7_000_000),
        (second.pk, 8_000_000),
    }


def test_invalid_lines_start_nothing(send, alice, wallet_of, is_untouched):
    (item,) = make_contents(wallet_of(alice), 1)
    data = csv_of("content_id;new_price", f"{item.pk};2,5", f"{item.pk};7;8", '<b>;"=1+1"')
    answer = send(alice, data)
    assert answer.status_code == 400
    assert answer.json() == {
        "message": "3 lines can't be used, so nothing was prepared. "
        "Fix the file and send it again.",
        "code": "invalid",
        "badLines": 3,
        "errors": {
            "rows.2.new_price": [
                "“2,5”: Enter a price in STX, such as 2.5 or 1,250. The decimal point is a dot."
            ],
            "rows.3": [
                f"This row has 3 fields, the heading 2. {QUOTES}",
            ],
            "rows.4.content_id": [
                "“<b>”: An id has 1 to 64 letters, digits, dots, dashes, colons or underscores."
            ],
            "rows.4.new_price": ["“=1+1”: Enter a price in STX, such as 2.5 or 1,250."],
        },
    }
    assert is_untouched()


@pytest.mark.parametrize(
    ("data", "content_type", "status", "words"),
    [
        (b"", "text/csv", 400, "This file is empty."),
        (b"", "", 400, "This file is empty."),
        (b"id,price\n" + b"7,1\n" * 1_000_000, "text/csv", 413, "The body is over 1 MiB."),
        (b"PK\x03\x04", SPREADSHEET, 400, "This file: this is not a readable"),
        (b"id,price\n7,1\n", "text/csv; charset=utf-7", 400, "The body must be UTF-8"),
        (b"id,price\n7,1\n", "application/json", 415, "Send CSV with Content-Type: text/csv"),
        (b"id,price\n7,1\n", "text/plain", 415, "Send CSV with Content-Type: text/csv"),
        (b"id,price\n7,1\n", "application/x-www-form-urlencoded", 415, "Send CSV"),
        (b"id,price\n7,1\n", "multipart/form-data; boundary=x", 415, "Send CSV"),
        (b"id,price\n7,1\n", "text/*", 415, "Send JSON"),
        (b"id,price\n7,1\n", "nonsense", 415, "Send CSV with Content-Type: text/csv"),
    ],
)
def test_invalid_price_file_refused(
    send, alice, wallet_of, is_untouched, data, content_type, status, words
):
    make_contents(wallet_of(alice), 1, content_id="7")
    answer = send(alice, data, content_type=content_type)
    assert (answer.status_code, answer.json()["message"][: len(words)]) == (status, words)
    assert is_untouched()


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("previev=true", "previev"),
        ("preview=yes", "preview"),
        ("scheduledFor=2020-01-01T00:00:00Z", "scheduledFor"),
        ("dependsOn=7", "dependsOn.0"),
        ("dependsOn=0198c5f2-6a31-7c04-9f0a-2b8d4d1f6e55", "dependsOn.0"),
    ],
)
def test_invalid_query_refused(send, alice, wallet_of, is_untouched, query, path):
    make_contents(wallet_of(alice), 1, content_id="7")
    answer = send(alice, b"id,price\n7,2\n", query)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [path])
    assert is_untouched()


def test_sale_starts_and_ends_on_schedule(send, alice, wallet_of):
    make_contents(wallet_of(alice), 1, content_id="7")
    start = (timezone.now() + timedelta(days=1)).replace(microsecond=0)
    end = start + timedelta(days=1)
    query = f"scheduledFor={start:%Y-%m-%dT%H:%M:%SZ}&until={end:%Y-%m-%dT%H:%M:%SZ}"
    assert send(alice, b"id,price\n7,2\n", query).status_code == 201
    batch = BatchOperation.objects.get()
    assert (batch.scheduled_for, batch.until, batch.is_blocked) == (start, end, True)


def test_reject_all_refuses_the_file(send, alice, wallet_of, is_untouched):
    make_contents(wallet_of(alice), 1, content_id="7")
    for query in ("errorPolicy=reject-all", "errorPolicy=reject-all&preview=true"):
        answer = send(alice, b"id,price\n7,2\n8,3\n", query)
        assert answer.status_code == 400
        assert answer.json()["message"] == "1 of 2 items can't be changed, so no item is changed."
        assert list(answer.json()["errors"]) == ["contentIds.1"]
    assert is_untouched()


def test_idempotency_key_binds_the_file(send, alice, wallet_of):
    make_contents(wallet_of(alice), 1, content_id="7")
    key = {"Idempotency-Key": "spring"}
    first = send(alice, b"id,price\n7,2\n", **key)
    again = send(alice, b"id,price\n7,2\n", **key)
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert send(alice, b"id,price\n7,3\n", **key).status_code == 422
    assert send(alice, b"id,price\n7,2\n", "errorPolicy=reject-all", **key).status_code == 422
    assert BatchOperation.objects.count() == 1


def test_over_the_quota_nothing_is_started(send, alice, wallet_of, settings, is_untouched):
    settings.BATCH_QUOTA_PER_HOUR = 0
    make_contents(wallet_of(alice), 1, content_id="7")
    answer = send(alice, b"id,price\n7,2\n")
    assert (answer.status_code, answer.json()["code"]) == (429, "quota")
    assert is_untouched()


def test_own_prices_round_trip(send, call, alice, bob, wallet_of, work):
    items = make_contents(wallet_of(alice), 3, title='=cmd|"/C"!A0')
    make_contents(wallet_of(bob), 1)
    change_content(items[2].pk, {"is_removed": True}, version=1, by=alice, cause="api")
    answer = call(alice).get(PATH)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert 'attachment; filename="prices-' in answer["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows == [
        ["content_id", "title", "new_price"],
        [items[1].pk, '\'=cmd|"/C"!A0', "2"],
        [items[0].pk, '\'=cmd|"/C"!A0', "1"],
    ]
    assert send(alice, answer.content.replace(b",2\r\n", b",2.5\r\n")).status_code == 201
    work()
    assert Content.objects.get(pk=items[1].pk).price == 2_500_000
    assert ContentChange.objects.exclude(cause__in=["import", "api"]).count() == 1


def test_spreadsheet_export_with_filters(call, staff, alice, wallet_of):
    make_contents(wallet_of(alice), 3)
    answer = call(staff).get(PATH, format="xlsx", creator=wallet_of(alice).pk, priceMin=2_000_000)
    assert answer["Content-Type"] == SPREADSHEET
    assert [row[2] for row in sheet_of(answer.content)] == ["new_price", 3, 2]
    assert call(staff).get(PATH).content == b"content_id,title,new_price\r\n"
    assert list(call(alice).get(PATH, format="json").json()["errors"]) == ["format"]
    assert list(call(alice).get(PATH, creator="me").json()["errors"]) == ["creator"]
