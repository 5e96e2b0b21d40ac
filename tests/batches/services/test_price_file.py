"""Accepted price files, and the messages for invalid ones."""

import csv
import io
import re
import time
import zipfile

import pytest
from openpyxl import Workbook

from batches.errors import Invalid
from batches.services.runs import price_file
from batches.services.runs.price_lines import BOTH, BadPrices
from content.models import Content
from tests.batches.price_files import csv_of, saved, sheet_of, with_part, xlsx_of
from tests.factories import make_contents

# Seconds of the processor, so that a busy machine does not matter; these take less than one.
CPU_SECONDS = 30
GOOD = "content_id,new_price\n7,2.5\n8,1250\n"
AS_PAYLOADS = [("7", {"newPrice": 2_500_000}), ("8", {"newPrice": 1_250_000_000})]

OUT_OF_RANGE = "The pricemust be between 0 and 1,000,000,000,000,000 micro-STX (1,000,000,000 STX)."


def pairs(prices):
    return [(line.content_id, line.payload) for line in prices.lines]


def refusal(data, name="prices.csv"):
    with pytest.raises(Invalid) as caught:
        price_file.read(data, name)
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        GOOD.encode(),
        GOOD.encode("utf-8-sig"),
        GOOD.encode("utf-16"),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode(),
        b'"content_id","new_price"\n"7","2.5"\n"8","1,250"\n',
        b"Content ID , New-Price\n7,2.5 STX\n\n8, 1250\n",
        b"ID;PRICE\n7;2.5;\n8;1250;;\n",
        "title,content_id,new_price\nCafé,7,2.5\nNaïve,8,1250\n".encode("latin-1"),
        b"contentId,price_micro_stx\n7,2500000\n8,1250000000\n",
        b"content_id,price,new_price\n7,1,2.5\n8,1,1250\n",
        xlsx_of(("content_id", "new_price"), (7, 2.5), ("8", 1250)),
        xlsx_of((None, None), ("ID", " Price "), (7.0, "2.5 STX"), (None, None), (8, "1,250")),
        xlsx_of(("content_id", "title", "new_price"), ("7", "=1+1", 2.5), ("8", None, 1250.0)),
    ],
)
def test_a_file_reads_alike_however_it_was_saved(data):
    prices = price_file.read(data, "prices.csv")
    assert pairs(prices) == AS_PAYLOADS
    assert (prices.skipped, prices.note) == ([], "")


def test_percentages_and_lines_without_a_price():
    data = csv_of("content_id,percent,new_price", "7,10,", "8,-12.5 %,", "9,,3", "10,,", "11,,")
    prices = price_file.read(data)
    assert pairs(prices) == [
        ("7", {"percentChange": 10}),
        ("8", {"percentChange": -12.5}),
        ("9", {"newPrice": 3_000_000}),
    ]
    assert [line.number for line in prices.lines] == [2, 3, 4]
    assert prices.note == "Lines 5, 6 have no price and were left out."


def test_spreadsheet_percent_read_as_shown():
    book = Workbook()
    book.active.append(["content_id", "percent"])
    for number, value in ((7, 0.1), (8, -0.125), (9, 15)):
        book.active.append([number, value])
    for place in ("B2", "B3"):
        book.active[place].number_format = "0.0%"
    prices = price_file.read(saved(book))
    assert [line.payload["percentChange"] for line in prices.lines] == [10, -12.5, 15]


def test_spreadsheet_numbers_as_displayed():
    prices = price_file.read(xlsx_of(("id", "price"), (7, 1.1 * 3), (8, 0.000001), (9, 1e9)))
    assert [line.payload["newPrice"] for line in prices.lines] == [3_300_000, 1, 10**15]


def test_neutralised_cells_round_trip():
    data = csv_of("content_id,percent", "'-7,'-12.5", "'-8,+5")
    assert pairs(price_file.read(data)) == [
        ("-7", {"percentChange": -12.5}),
        ("-8", {"percentChange": 5}),
    ]


def test_bad_lines_are_listed_with_remedy():
    data = csv_of(
        "content_id,new_price,percent",
        '7,"2,5",',
        ",3,",
        "8 9,abc,",
        "10,1,10",
        "11,-1,",
        "12,,0",
        "13,1,,,9",
        "14,5,",
        "14,6,",
        "15,1.0000001,",
        "16,1e3,",
        "17,1000000001,",
        "18,,1000.01",
    )
    error = refusal(data)
    assert isinstance(error, BadPrices)
    assert error.errors == {
        "rows.2.new_price": [
            "“2,5”: Enter a price in STX, such as 2.5 or 1,250. The decimal point is a dot."
        ],
        "rows.3.content_id": ["The id is missing. Add it, or delete the line."],
        "rows.4.content_id": [
            "“8 9”: An id has 1 to 64 letters, digits, dots, dashes, colons or underscores."
        ],
        "rows.4.new_price": ["“abc”: Enter a price in STX, such as 2.5 or 1,250."],
        "rows.5.percent": [
            f"“10”: {BOTH}",
        ],
        "rows.6.new_price": ["“-1”: Enter a price in STX, such as 2.5 or 1,250."],
        "rows.7.percent": ["“0”: A change of 0 % changes nothing."],
        "rows.8": [
            (
                "This row has 5 fields, the heading 3. "
                "Put quotes around cells that contain the delimiter."
            )
        ],
        "rows.10.content_id": [
            "“14”: This item is also on line 9. Keep one of the two lines.",
        ],
        "rows.11.new_price": ["“1.0000001”: A price has at most six decimal places."],
        "rows.12.new_price": ["“1e3”: Enter a price in STX, such as 2.5 or 1,250."],
        "rows.13.new_price": [
            f"“1000000001”: {OUT_OF_RANGE}",
        ],
        "rows.14.percent": ["“1000.01”: The percentagemust be between -100 and 1,000."],
    }
    assert error.details == {"bad_lines": 12}
    assert error.message.startswith("12 lines can't be used, so nothing was prepared.")


def test_hundred_bad_lines_listed_rest_counted():
    error = refusal(csv_of("id,price", *(f"{number},x" for number in range(250))))
    assert (len(error.errors), error.left, error.details) == (100, 150, {"bad_lines": 250})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "prices.csv is empty."),
        (b" \n ", "prices.csv is empty."),
        (b"\xef\xbb\xbf", "prices.csv: the first line must name the columns."),
        (b"\nid,price\n", "prices.csv: the first line must name the columns."),
        (b"7,2.5\n8,1\n", "The column content_id is missing."),
        (b"content_id,title\n7,A\n", "A column new_price or percent is missing."),
        (b"id,price,id\n7,1,8\n", "prices.csv: the column 'id' appears twice."),
        (b"id,New Price,new-price\n7,1,2\n", "Two columns have the same name."),
        (b"id,price\n", "The file has no lines below the first. The first line names the columns"),
        (b"7,2.5\n", "The file has no lines below the first."),
        (b"id,price\n7,\n", "No line of this file has a price, so there is nothing to change."),
        (b"id,price\n" + b"7,1\n" * 10_001, "This file has more than 10,000 lines."),
        (b"id,price\n" + b"7,1\n" * 1_000_000, "prices.csv is larger than 1 MiB."),
        (b"\x1f\x8b\x08", "prices.csv is a spreadsheet or an archive"),
        # What .xls begins with, and .xlsx with a password.
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "prices.csv is a spreadsheet or an archive"),
        (b"\xff\xfei", "prices.csv: this is not text."),
        (b"i" * 1_000_000, "prices.csv: the heading can't be read as CSV"),
        (b'{"contentIds": ["7"]}\n{}', "The column content_id is missing."),
        (b"PK\x03\x04 and so on", "prices.csv: this is not a readable spreadsheet."),
        (xlsx_of(), "prices.csv: the first line must name the columns."),
        (xlsx_of(("id", "price"), ("7", None)), "No line of this file has a price"),
        (xlsx_of(("id", "id", "price")), "prices.csv: the column 'id' appears twice."),
    ],
)
def test_unusable_file_is_refused(data, words):
    error = refusal(data)
    assert error.message.startswith(words)
    assert error.errors == {"file": [error.message]}


def test_hostile_file_name_is_sanitized():
    error = refusal(b"", "../<script>\r\n\u202e" + "x" * 300)
    assert error.message.startswith("../<script> xxxx")
    assert len(error.message) < 60


def test_zip_bomb_not_unpacked():
    bomb = with_part(xlsx_of(("id", "price"), (7, 1)), "xl/big.xml", b"0" * (17 * 1024**2))
    assert len(bomb) < 100_000
    assert "unpacked it has more than 16 MiB" in refusal(bomb).message


@pytest.mark.parametrize(
    ("part", "end", "filling"),
    [
        ("xl/worksheets/sheet1.xml", b"</row></sheetData>", b"<c/>" * 500_000),
        ("xl/styles.xml", b"</cellXfs>", b"<xf/>" * 100_000),
    ],
)
def test_sheet_with_too_many_cells_refused(part, end, filling):
    good = xlsx_of(("id", "price"), (7, 1))
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        text = archive.read(part)
    assert end in text
    full = with_part(good, part, text.replace(end, filling + end))
    assert "too many cells or formats" in refusal(full).message


def test_very_wide_heading_read_quickly():
    heading = ",".join(["content_id", "new_price", *(f"c{number}" for number in range(100_000))])
    started = time.process_time()
    assert "no lines below the first" in refusal(heading.encode()).message
    assert time.process_time() - started < CPU_SECONDS


def test_sheet_with_entities_or_far_lines_refused():
    good = xlsx_of(("id", "price"), (7, 1))
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    entity = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]>" + sheet.replace("price", "&a;")
    part = "xl/worksheets/sheet1.xml"
    for text in (entity, sheet[: len(sheet) // 2], sheet.replace('r="2"', 'r="x"')):
        assert "not a readable spreadsheet" in refusal(with_part(good, part, text.encode())).message
    far = sheet.replace('r="2"', 'r="99999999999"')
    assert "100,000 lines" in refusal(with_part(good, part, far.encode())).message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_only_first_sheet_is_read(encoding):
    good = xlsx_of(("id", "price"), (7, 1))
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
        book = archive.read("xl/workbook.xml").decode()
    start = sheet.index(b"<dimension")
    unsized = sheet[:start] + b"<a/>" * 50_000 + sheet[sheet.index(b"<sheetData") :]
    (same,) = re.findall("<sheet .*?/>", book)
    sheets = book.replace(same, same * 90).encode(encoding)
    full = with_part(good, "xl/worksheets/sheet1.xml", unsized)
    full = with_part(full, "xl/workbook.xml", sheets)
    started = time.process_time()
    assert pairs(price_file.read(full)) == [("7", {"newPrice": 1_000_000})]
    assert time.process_time() - started < CPU_SECONDS


def test_chart_sheet_skipped():
    book = Workbook()
    book.active.append(("id", "price"))
    book.active.append((7, 1))
    book.create_chartsheet("Sales", 0)
    assert pairs(price_file.read(saved(book))) == [("7", {"newPrice": 1_000_000})]


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_written_file_round_trips(alice, wallet_of, form):
    items = make_contents(wallet_of(alice), 3)
    (hostile,) = make_contents(
        wallet_of(alice), content_id="-7", title='=HYPERLINK("http://x")', price=1
    )
    (dear,) = make_contents(wallet_of(alice), title="é, \n;\t<b>", price=10**15 - 1)

    data = price_file.write(Content.objects.order_by("created_at"), form)

    found = {line.content_id: line.payload["newPrice"] for line in price_file.read(data).lines}
    assert found == {item.pk: item.price for item in [*items, hostile, dear]}
    rows = list(csv.reader(io.StringIO(data.decode()))) if form == "csv" else sheet_of(data)
    assert rows[0] == ["content_id", "title", "new_price"]
    assert ["'-7", '\'=HYPERLINK("http://x")'] in [row[:2] for row in rows]


@pytest.mark.django_db
def test_too_many_items_for_file_refused(alice, wallet_of):
    make_contents(wallet_of(alice), 10_001)
    with pytest.raises(Invalid, match="10,001 items match, but a price file has at most 10,000"):
        price_file.write(Content.objects.all(), "csv")
