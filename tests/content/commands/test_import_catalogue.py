"""Importing a catalogue: accepted and refused rows, and the report."""

import json

import pytest
from django.core.management import call_command

from content.models import Content, ContentChange, Wallet
from tests.factories import address_of, make_contents


@pytest.fixture
def take(capsys, tmp_path):
    """Writes a file and imports it; answers (exit code, standard output, standard error)."""

    def take(text, *options, name="items.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        try:
            call_command("import_catalogue", str(path), *options)
            code = 0
        except SystemExit as end:
            code = end.code
        output = capsys.readouterr()
        return code, output.out, output.err

    return take


COMMON = ("--creator=alice", "--price=2.5")


def test_rows_become_items_with_their_first_change(take, alice, wallet_of):
    code, output, errors = take(
        "id,title,price,type\n1,Été à Paris,2.5,book\n2,300,,\n",
        *COMMON,
        "--url-template=https://media.example.org/{id}",
    )

    assert (code, errors) == (0, "")
    assert output == "2 rows: 2 added, 0 skipped because they exist, 0 refused.\n"
    first, second = Content.objects.order_by("pk")
    assert (first.title, first.price, first.content_type) == ("Été à Paris", 2_500_000, "book")
    assert (second.title, second.content_type) == ("300", "video")
    assert second.url == "https://media.example.org/2"
    assert first.creator == wallet_of(alice)
    assert first.onchain_id is None
    assert list(ContentChange.objects.values_list("version", "cause")) == [(1, "import")] * 2


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id;title\n1;Über alles, fast\n", "utf-8-sig"),
        ("id;title\r\n1;Über alles, fast\r\n", "latin-1"),
        ("id\ttitle\n1\tÜber alles, fast\n", "utf-16"),
        ('id,title\n1,"Über alles, fast"\n', "utf-8"),
    ],
)
def test_whatever_spreadsheets_write_is_read(take, alice, text, encoding):
    code, _, errors = take(text, *COMMON, encoding=encoding)

    assert code == 0
    assert Content.objects.get().title == "Über alles, fast"
    assert ("read as" in errors) == (encoding in {"latin-1", "utf-16"})


def test_windows_quotes_are_read(take, alice):
    take("id,title\n1,“Quoted”\n".encode("cp1252"), *COMMON)

    assert Content.objects.get().title == "“Quoted”"


def test_a_repeat_adds_nothing(take, alice):
    text = "id,title\n1,One\n2,Two\n2,Two again\n"
    take(text, *COMMON)
    before = list(Content.objects.order_by("pk").values())

    code, output, _ = take(text, *COMMON)

    assert code == 0
    assert output == "3 rows: 0 added, 3 skipped because they exist, 0 refused.\n"
    assert list(Content.objects.order_by("pk").values()) == before
    assert ContentChange.objects.count() == 2


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1,", "title: This is missing."),
        (",One", "id: This is missing."),
        ("1,One,extra", "This row has 3 fields, the heading 2."),
        ("1", "This row has 1 fields, the heading 2."),
        ("1," + "x" * 256, "title: This text has 256 characters; 1 to 255 are allowed."),
        ("1,a\x00b", "title: This text contains a character"),
        ("1,a\x1bb", "title: This text contains a character"),
        ("1,a\u202eb", "title: This text contains a character"),
        ('1,"two\nlines"', "title: This text contains a character"),
        ("a b,One", "id: An id has 1 to 64 letters"),
        ("x" * 65 + ",One", "id: An id has 1 to 64 letters"),
    ],
)
def test_bad_rows_are_listed_others_imported(take, alice, row, why):
    code, output, errors = take(f"id,title\nfirst,First\n{row}\nlast,Last\n", *COMMON)

    assert code == 1
    assert errors.startswith(f"line 3: {why}")
    assert output.splitlines() == [
        "3 rows: 2 added, 0 skipped because they exist, 1 refused.",
        "Refused rows and reasons are listed above; --refused FILE writes them.",
    ]
    assert set(Content.objects.values_list("pk", flat=True)) == {"first", "last"}


@pytest.mark.parametrize(
    ("heading", "cell", "why"),
    [
        ("price", "-1", "price: Enter a price in STX"),
        ("price", "1e3", "price: Enter a price in STX"),
        ("price", "1000000001", "price: The pricemust be between"),
        ("price-micro", "1.5", "price-micro: This must be a whole number"),
        ("price-micro", "9" * 19, "price-micro: The pricemust be between"),
        ("type", "opera", "type: Choose one of"),
        ("url", "javascript:alert(1)", "url: This is not a valid URL"),
        ("creator", "nobody", "creator: 'nobody' is not a user name"),
        ("creator", "carol", "creator: carol has no creator's address."),
        ("onchain-id", "9223372036854775808", "onchain-id: The numbermust be between"),
        ("onchain-id", "٣", "onchain-id: This must be a whole number"),
    ],
)
def test_a_bad_cell_is_refused_with_its_field(take, alice, carol, heading, cell, why):
    code, _, errors = take(f'id,title,{heading}\n1,One,"{cell}"\n', *COMMON)

    assert code == 1
    assert errors.startswith(f"line 2: {why}")
    assert not Content.objects.exists()


def test_open_quote_has_bounded_memory(take, alice):
    rows = "".join(f"{number},Title\n" for number in range(2, 20_000))
    code, output, errors = take(f'id,title\n1,"open\n{rows}', *COMMON)

    assert code == 1
    assert "line 2: This can't be read as CSV: field larger" in errors
    assert "1 refused" in output or "2 refused" in output
    assert Content.objects.exists()


def test_json_gives_the_same_as_csv(take, alice):
    items = [{"contentId": 7, "title": 1941, "microPrice": 5}, {"contentId": "8", "title": "Two"}]
    for name, text in (
        ("items.json", json.dumps(items, indent=1)),
        ("items.jsonl", "\n".join(json.dumps(item) for item in items)),
    ):
        code, output, _ = take(text, *COMMON, "--map=price-micro=microPrice", name=name)
        assert code == 0
        assert output.startswith("2 rows")
    assert list(Content.objects.order_by("pk").values_list("pk", "title", "price")) == [
        ("7", "1941", 5),
        ("8", "Two", 2_500_000),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"id": 1, "title": "One"}, 5]', "item 2: This is not an object"),
        (
            '[{"id": 1, "title": "One"}, {"id": 2, "tit',
            "item 2: From here on this is not valid JSON.",
        ),
        ('[{"id": 1, "title": "One"}', "item 2: From here on this is not valid JSON."),
        ('[{"id": 1, "title": "One"}, {"id": 2, "title": true}]', "item 2: title: This must be"),
        ('[{"id": 1, "title": "One"}, {"id": 2, "title": "\\ud800"}]', "item 2: title: This text"),
        (
            '{"id": 1, "title": "One"}\n' + "[" * 100_000,
            "item 2: From here on this is not valid JSON.",
        ),
    ],
)
def test_invalid_json_refused_from_its_position(take, alice, text, why):
    code, output, errors = take(text, *COMMON, name="items.json")

    assert code == 1
    assert errors.startswith(why)
    assert "1 added" in output


def test_creators_take_turns(take, alice, bob, wallet_of):
    text = "id,title\n" + "".join(f"{number},Item\n" for number in range(4))
    take(text, "--creator=alice", "--creator", wallet_of(bob).pk, "--price=1")

    owners = dict(Content.objects.values_list("pk", "creator_id"))
    assert owners["0"] == owners["2"] == wallet_of(alice).pk
    assert owners["1"] == owners["3"] == wallet_of(bob).pk


def test_new_address_becomes_ownerless_creator(take, db):
    take("id,title,creator\n1,One," + address_of("somebody"), "--price=1")

    wallet = Wallet.objects.get()
    assert (wallet.pk, wallet.owner, wallet.is_creator) == (address_of("somebody"), None, True)


def test_dry_run_reports_and_writes_nothing(take, db):
    code, output, errors = take(
        "id,title,creator\n1,One,x\n2,Two,\n", f"--creator={address_of('new')}", "--price=1",
        "--dry-run",
    )  # fmt: skip

    assert code == 1
    assert "1 would be added" in output
    assert errors.startswith("line 2: creator:")
    assert not Content.objects.exists()
    assert not Wallet.objects.exists()


def test_range_prices_are_stable(take, alice):
    text = "id,title\n" + "".join(f"{number},Item\n" for number in range(50))
    take(text, "--creator=alice", "--price=1-20", "--dry-run")
    take(text, "--creator=alice", "--price=1-20")

    prices = list(Content.objects.values_list("price", flat=True))
    assert all(1_000_000 <= price <= 20_000_000 for price in prices)
    assert len(set(prices)) > 30
    assert Content.objects.get(pk="0").price == 9_690_000


def test_onchain_ids_go_on_after_the_highest(take, alice, wallet_of):
    make_contents(wallet_of(alice), onchain_id=41)
    code, _, errors = take(
        "id,title,onchain-id\na,A,\nb,B,41\nc,C,50\nd,D,50\ne,E,\n", *COMMON, "--onchain"
    )

    assert code == 1
    assert errors.count("onchain-id: Another item has this id.") == 2
    numbers = Content.objects.exclude(onchain_id=41).values_list("pk", "onchain_id")
    assert dict(numbers) == {"a": 51, "c": 50, "e": 52}


def test_formulas_and_markup_are_titles_like_others(take, alice):
    take("id,title\n1,<script>alert(1)</script>\n2,=HYPERLINK(1)\n3,{{7*7}}\n", *COMMON)

    titles = set(Content.objects.values_list("title", flat=True))
    assert titles == {"<script>alert(1)</script>", "=HYPERLINK(1)", "{{7*7}}"}


def test_refused_rows_written_to_file(take, alice, tmp_path):
    report = tmp_path / "refused.csv"
    _, output, errors = take("id,title\n" + "1,\n" * 150, *COMMON, f"--refused={report}")

    assert output.endswith(f"The refused rows and the reasons are in {report}.\n")
    assert errors.count("line ") == 100
    assert "… and 50 more" in errors
    assert len(report.read_text().splitlines()) == 151


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (b"PK\x03\x04", COMMON, "is a spreadsheet or an archive"),
        ("", COMMON, "the first line must name the columns"),
        ("id,title,title\n", COMMON, "the column 'title' appears twice"),
        ("id,title\n1,One\n", (*COMMON, "--map=title=name"), "There is no column 'name'"),
        ("id,title\n1,One\n", ("--creator=nobody",), "'nobody' is not a user name"),
    ],
)
def test_invalid_file_or_name_exits_2(take, alice, text, options, words):
    code, _, errors = take(text, *options)

    assert code == 2
    assert words in errors
    assert not Content.objects.exists()


@pytest.mark.parametrize("refused", [[], ["--refused=refused.csv"]])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--creator=alice"], "No row has a price: give one for all with --price 2.5, "),
        (["--price=1"], "No row has a creator: set one with --creator "),
    ],
)
def test_missing_column_is_reported_once(
    take, alice, monkeypatch, tmp_path, options, refused, words
):
    monkeypatch.chdir(tmp_path)
    code, output, errors = take("id,title\n" + "1,One\n" * 1_000, *options, *refused)

    assert (code, output) == (2, "")
    assert errors.startswith(words)
    assert errors.count("\n") == 1
    assert not Content.objects.exists()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("id,title,price\n1,One,\n2,Two,5\n", "items.csv"),
        ("id,title,price-micro\n1,One,\n2,Two,5000000\n", "items.csv"),
        ('[{"id": 1, "title": "One"}, {"id": 2, "title": "Two", "price": 5}]', "items.json"),
    ],
)
def test_single_row_without_price_refused(take, alice, text, name):
    code, _, errors = take(text, "--creator=alice", name=name)

    assert code == 1
    assert "price: Missing, and no --price is given." in errors
    assert Content.objects.get().price == 5_000_000


@pytest.mark.parametrize(
    "option",
    ["--price=20-1", "--price=x", "--url-template=https://x.org/", "--map=cost=price", "--type=x"],
)
def test_wrong_options_are_refused_before_anything_is_read(tmp_path, option):
    from django.core.management import CommandError

    with pytest.raises(CommandError):
        call_command("import_catalogue", str(tmp_path / "none.csv"), option)


def test_a_missing_file_is_named(capsys, tmp_path, db):
    with pytest.raises(SystemExit) as end:
        call_command("import_catalogue", str(tmp_path / "none.csv"))

    assert end.value.code == 2
    assert "none.csv: No such file" in capsys.readouterr().err
