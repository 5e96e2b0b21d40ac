"""Prices from a file on the pages: upload, errors, review, run, export."""

import csv
import io

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile

from batches.models import BatchOperation, Submission
from batches.services.runs.price_file import SPREADSHEET
from batches.services.runs.price_lines import BAD_LINES_SHOWN
from content.models import Content, ContentChange
from content.services.catalogue.changes import change_content
from tests.batches.price_files import csv_of, sheet_of, xlsx_of
from tests.factories import make_contents

PATH = "/prices"


def send(client, data, name="prices.csv", **typed):
    return client.post(PATH, {"file": SimpleUploadedFile(name, data), **typed})


def is_untouched():
    return not (
        Submission.objects.exists()
        or BatchOperation.objects.exists()
        or ContentChange.objects.exclude(cause="import").exists()
    )


def test_price_file_round_trip_with_retry(signed_in, alice, bob, wallet_of, work):
    items = make_contents(wallet_of(alice), 3, title="<i>{{7*7}}</i>")
    make_contents(wallet_of(bob), 1)
    client = signed_in(alice)
    page = client.get(PATH).content.decode()
    assert "3 items on sale" in page
    assert f"{PATH}/current?as=xlsx" in page
    sheet = sheet_of(client.get(f"{PATH}/current", {"as": "xlsx"}).content)
    assert sorted(row[2] for row in sheet[1:]) == [1, 2, 3]
    edited = [[key, title, price + 0.5 if price > 1 else price] for key, title, price in sheet[1:]]

    answer = send(client, xlsx_of(*[tuple(row) for row in (sheet[0], *edited)]), "prices.xlsx")

    submission = Submission.objects.get()
    assert answer["Location"] == f"/submissions/{submission.pk}"
    review = client.get(answer["Location"]).content.decode()
    assert "Change 2 of 2" in review
    assert "&lt;i&gt;{{7*7}}&lt;/i&gt;" in review
    assert f'href="{PATH}">Back' in review
    assert "Update price, item by item" in client.get("/").content.decode()
    change_content(items[2].pk, {"title": "Edited"}, version=1, by=alice, cause="api")
    client.post(f"/submissions/{submission.pk}/confirm")
    work()

    assert dict(Content.objects.owned_by(alice).values_list("pk", "price")) == {
        items[0].pk: 1_000_000,
        items[1].pk: 2_500_000,
        items[2].pk: 3_000_000,
    }
    batch = BatchOperation.objects.get()
    for place in (f"/batches/{batch.pk}", f"/submissions/{submission.pk}"):
        page = client.get(place).content.decode()
        assert "Download failed rows (to fix and upload again)" in page
        failed = client.get(f"{place}/results?outcome=failed")
        data = b"".join(failed) if failed.streaming else failed.content
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
        assert [(row["content_id"], row["new_price"]) for row in rows] == [(items[2].pk, "3.5")]
    again = send(client, data)
    client.post(f"{again['Location']}/confirm")
    work()
    assert Content.objects.get(pk=items[2].pk).price == 3_500_000
    page = client.get(f"/batches/{BatchOperation.objects.first().pk}").content.decode()
    assert "failed rows" not in page


def test_invalid_lines_listed_nothing_prepared(signed_in, alice, wallet_of):
    make_contents(wallet_of(alice), 1, content_id="7")
    answer = send(
        signed_in(alice),
        csv_of("content_id,new_price", "7,2", '7,"=1+1"', '"<script>alert(1)</script>",3'),
        "<b>prices.csv",
    )
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "2 lines can&#x27;t be used, so nothing was prepared." in page
    for words in ("Line 3", "=1+1", "Line 4", "&lt;script&gt;alert(1)", "An id has 1 to 64"):
        assert words in page
    assert "<script>alert" not in page
    assert is_untouched()


def test_first_invalid_lines_shown(signed_in, alice, wallet_of):
    make_contents(wallet_of(alice), 1)
    lines = [f"{number},x" for number in range(BAD_LINES_SHOWN + 1_200)]
    page = send(signed_in(alice), csv_of("id,price", *lines)).content.decode()
    assert "1,300 lines can&#x27;t be used" in page
    assert "and 1,200 more" in page


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"7,2.5\n8,1\n", "The column content_id is missing."),
        (b"id,price\n" + b"7,1\n" * 1_000_000, "prices.csv is larger than 1 MiB."),
    ],
)
def test_invalid_price_file_shown_at_field(signed_in, alice, wallet_of, data, words):
    make_contents(wallet_of(alice), 1, content_id="7")
    answer = send(signed_in(alice), data)
    page = answer.content.decode()
    assert (answer.status_code, words in page, 'class="errorlist"' in page) == (400, True, True)
    assert is_untouched()


def test_no_file_at_all(signed_in, alice):
    answer = signed_in(alice).post(PATH, {"file": "text"})
    assert answer.status_code == 400
    assert "Choose a file." in answer.content.decode()


def test_large_upload_leaves_no_files(signed_in, alice, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    send(signed_in(alice), b"7" * 8_000_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_file_of_foreign_items_changes_nothing(who, request, signed_in, alice, wallet_of):
    make_contents(wallet_of(alice), 1, content_id="7", title="Secret")
    answer = send(signed_in(request.getfixturevalue(who)), b"id,price\n7,2\n")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "None of these items belongs to this creator. Check the ids in the file." in page
    assert "Secret" not in page
    assert is_untouched()


def test_lines_without_price_reported(signed_in, alice, wallet_of):
    make_contents(wallet_of(alice), 1, content_id="7")
    answer = send(signed_in(alice), b"id,price\n7,2\n8,\n")
    (message,) = get_messages(answer.wsgi_request)
    assert str(message) == "Line 3 has no price and was left out."
    assert Submission.objects.get().content_ids == ["7"]


def test_schedule_and_policy_saved(signed_in, alice, wallet_of):
    make_contents(wallet_of(alice), 1, content_id="7")
    typed = {"error_policy": "reject-all", "scheduled_for": "2026-13-01T09:00"}
    client = signed_in(alice)
    assert send(client, b"id,price\n7,2\n", **typed).status_code == 400
    assert is_untouched()
    typed["scheduled_for"] = "2028-12-01T09:00"
    assert send(client, b"id,price\n7,2\n", **typed).status_code == 302
    submission = Submission.objects.get()
    assert submission.error_policy == "reject-all"
    assert f"{submission.scheduled_for:%Y-%m-%d}" == "2028-12-01"


def test_export_is_filtered_with_byte_order_mark(signed_in, alice, wallet_of):
    make_contents(wallet_of(alice), 1, title="Ferry", content_type="book")
    make_contents(wallet_of(alice), 1, title="=Boat")
    client = signed_in(alice)
    page = client.get(PATH, {"type": "book", "page": "2"}).content.decode()
    assert "1 item that matches your filter" in page
    assert f"{PATH}/current?as=csv&amp;type=book" in page
    answer = client.get(f"{PATH}/current", {"as": "csv", "q": "boat"})
    assert answer.content.startswith(b"\xef\xbb\xbfcontent_id,title,new_price\r\n")
    assert b",'=Boat,1\r\n" in answer.content
    assert b"Ferry" not in answer.content
    assert client.get(f"{PATH}/current", {"as": "x"})["Content-Type"] == SPREADSHEET


def test_links_to_price_pages(signed_in, alice, wallet_of):
    make_contents(wallet_of(alice), 1)
    client = signed_in(alice)
    assert 'href="/prices?q=item"' in client.get("/content", {"q": "item"}).content.decode()
    assert 'href="/prices"' in client.get("/").content.decode()
    # A draft from a file can't fill the form with one price for all.
    send(client, csv_of("id,price", f"{Content.objects.get().pk},4"))
    again = client.get("/batches/new/update-price", {"again": Submission.objects.get().pk})
    assert (again.status_code, again["Location"]) == (302, "/content")
