"""Prices from a file in the admin, for items of several creators."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from batches.models import BatchOperation, Source, Submission
from batches.services.runs import price_file
from content.models import Content
from content.services.catalogue.changes import change_content
from tests.batches.admin.addresses import page
from tests.batches.price_files import csv_of, sheet_of
from tests.factories import make_contents

LIST = reverse("admin:content_content_changelist")
PRICES = reverse("admin:content_content_prices_from_file")


def send(client, data, **typed):
    return client.post(PRICES, {"file": SimpleUploadedFile("prices.csv", data), **typed})


@pytest.fixture
def items(alice, bob, wallet_of):
    return make_contents(wallet_of(alice), 2) + make_contents(wallet_of(bob), 1)


def test_download_edit_send_review_start(signed_in, staff, items, work):
    client = signed_in(staff)
    assert PRICES in client.get(LIST).content.decode()
    keys = [item.pk for item in items]
    chosen = {"action": "download_prices", "index": "0", "_selected_action": keys}
    rows = sheet_of(client.post(LIST, chosen).content)
    assert sorted(row[0] for row in rows[1:]) == sorted(keys)

    assert "up to 10,000 lines and 1 MiB" in client.get(PRICES).content.decode()
    answer = send(client, csv_of("content_id,new_price", *(f"{key},9.5" for key in keys)))

    submission = Submission.objects.get()
    assert submission.source == Source.ADMIN
    assert answer["Location"] == page("review", submission)
    review = client.get(answer["Location"]).content.decode()
    assert "Change 3 of 3" in review
    assert "Runs as 2 batches" in review
    change_content(keys[0], {"title": "Edited"}, version=1, by=staff, cause="admin")
    client.post(answer["Location"], {"confirm": "yes"})
    work()
    assert set(Content.objects.exclude(pk=keys[0]).values_list("price", flat=True)) == {9_500_000}
    progress = client.get(page("progress", submission)).content.decode()
    assert "Download failed rows (to fix and upload again)" in progress
    failed = b"".join(client.get(page("results", submission), {"outcome": "failed"}))
    assert [line.content_id for line in price_file.read(failed).lines] == [keys[0]]


def test_invalid_lines_shown_as_text(signed_in, staff, items):
    answer = send(signed_in(staff), csv_of("id,price", "<script>x</script>,1", "7,"))
    words = answer.content.decode()
    assert "1 line can&#x27;t be used, so nothing was prepared." in words
    assert "Line 2" in words
    assert "&lt;script&gt;x&lt;/script&gt;" in words
    assert "<script>x" not in words
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"7,1\n8,1\n", "The column content_id is missing."),
        (b"id,price\n" + b"7,1\n" * 500_000, "prices.csv is larger than 1 MiB."),
        (b"id,price\n7,1\n", "None of these items belongs to this creator."),
    ],
)
def test_unusable_file_is_refused(signed_in, staff, items, data, words):
    assert words in send(signed_in(staff), data).content.decode()
    assert not Submission.objects.exists()


def test_action_hidden_without_permission(signed_in, viewer, items):
    client = signed_in(viewer)
    assert PRICES not in client.get(LIST).content.decode()
    assert client.get(PRICES).status_code == 403
    assert send(client, csv_of("id,price", f"{items[0].pk},4")).status_code == 403
    chosen = {"action": "download_prices_as_csv", "index": "0", "_selected_action": [items[0].pk]}
    answer = client.post(LIST, chosen)
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [["content_id", "title", "new_price"], [items[0].pk, items[0].title, "1"]]
    assert not BatchOperation.objects.exists()


def test_catalogue_export_is_a_price_file(signed_in, staff, items):
    answer = signed_in(staff).get(reverse("admin:content_content_export"))
    assert answer.status_code == 200
    data = signed_in(staff).post(
        reverse("admin:content_content_export"),
        {
            "format": "0",
            "resource": "",
            "contentresource_content_id": "on",
            "contentresource_price": "on",
        },
    )
    found = {line.content_id: line.payload for line in price_file.read(data.content).lines}
    assert found == {item.pk: {"newPrice": item.price} for item in items}
