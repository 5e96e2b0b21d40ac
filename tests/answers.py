"""Visible text and rows of an answer."""

import csv
import io
import re


def text(answer) -> str:
    """Return a page without its tags, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def rows_of(answer) -> list[dict[str, str]]:
    """Return the rows of a CSV file by column."""
    assert answer.status_code == 200, answer
    data = b"".join(answer) if answer.streaming else answer.content
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
