"""From the command line: a price for each item, from a file."""

import io
import sys

import pytest

from batches.models import BatchOperation, Submission
from content.models import Content
from tests.factories import make_contents


@pytest.fixture
def contents(alice, bob, wallet_of):
    """Two of alice, one of bob."""
    return [*make_contents(wallet_of(alice), 2), *make_contents(wallet_of(bob))]


@pytest.fixture
def file(tmp_path, contents):
    """Write a price file with the ids of the contents; return the option."""

    def file(*cells, heading="content_id,new_price,percent"):
        path = tmp_path / "prices.csv"
        lines = [f"{content.pk},{own}" for content, own in zip(contents, cells, strict=False)]
        path.write_text("\n".join([heading, *lines]))
        return f"--file={path}"

    return file


def prices(contents):
    return [Content.objects.get(pk=content.pk).price for content in contents]


def test_each_item_gets_its_own_price(command, file, contents):
    code, output, errors = command(
        "run_batch", "update-price", "--creator=alice", file("2.5,", ",50"), "--here"
    )

    assert (code, errors) == (0, "")
    assert output.startswith("Run ")
    assert output.endswith("2 saved.\n")
    assert prices(contents) == [2_500_000, 3_000_000, 1_000_000]


def test_a_preview_leaves_nothing(command, file, contents):
    code, output, _ = command(
        "run_batch", "update-price", "--creator=alice", file("2.5,", ",50"), "--preview"
    )

    assert code == 0
    assert "1 STX → 2.5 STX" in output
    assert "2 STX → 3 STX" in output
    assert prices(contents) == [1_000_000, 2_000_000, 1_000_000]
    assert not Submission.objects.exists()


def test_it_comes_from_standard_input_too(command, contents, monkeypatch):
    text = f"content_id,new_price\n{contents[0].pk},9\n{contents[1].pk},\n"
    stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    code, _, errors = command("run_batch", "update-price", "--creator=alice", "--file=-", "--here")

    assert (code, errors) == (0, "Line 3 has no price and was left out.\n")
    assert prices(contents) == [9_000_000, 2_000_000, 1_000_000]


@pytest.mark.parametrize(
    ("cells", "more", "words"),
    [
        (["2;5,"], [], "line 2, new_price: “2;5”: Enter a price in STX"),
        (["-1,", "1e400,"], [], "2 lines can't be used"),
        (["2.5,"], ["--price=3"], "Use either --file, or --price or --percent"),
        (["2.5,", "2.5,", "2.5,"], ["--as=staff"], "1 of these items belong to Bob"),
        (["2.5,"], ["--at=2020-01-01T00:00Z"], "--at: This time is in the past."),
        (["2.5,"], ["--as=bob"], "None of these items belongs"),
    ],
)
def test_invalid_arguments_reported(command, file, staff, contents, cells, more, words):
    code, output, errors = command(
        "run_batch", "update-price", "--creator=alice", file(*cells), *more
    )

    assert (code, output) == (2, "")
    assert words in errors
    assert not BatchOperation.objects.exists()
    assert not Submission.objects.exists()


def test_missing_file(command, alice):
    code, _, errors = command(
        "run_batch", "update-price", "--creator=alice", "--file=/nowhere/prices.csv"
    )
    assert (code, errors) == (2, "/nowhere/prices.csv: No such file or directory.\n")
