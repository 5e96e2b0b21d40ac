"""Reads rows out of CSV and JSON files of any size, one at a time.

tablib, which django-import-export uses, loads the whole file into memory; a catalogue may have a
million rows. All values are strings (or boolean, or None) in both formats, so that a film called
300 has a valid title.
"""

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from content.errors import ApplicationError

DELIMITERS = ",;\t|"
BLOCK = 1 << 16
LONGEST_LINE = 1 << 20
LONGEST_ITEM = 1 << 23
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_BETWEEN_ITEMS = re.compile(r"[\s,]*")
_NUMBERS_AS_TEXT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


class Unreadable(ApplicationError):
    """The whole file is unusable; the message says why."""

    code = "unreadable"


@dataclass(frozen=True)
class Row:
    """One row by its columns; `place` is `line 7` or `item 7`. A `problem` means no values."""

    place: str
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    # The 7 of `line 7`.
    number: int = 0


class CatalogueFile:
    """A file on disk, opened with `with`. Raises Unreadable, also while rows are read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.encoding = ""

    def __enter__(self) -> "CatalogueFile":
        try:
            self.size = self.path.stat().st_size
            with self.path.open("rb") as file:
                self.encoding = _encoding_of(file, str(self.path))
            self._bytes: io.BufferedReader = self.path.open("rb")
        except OSError as error:
            raise Unreadable(f"{self.path}: {error.strerror}.") from error
        # newline="": the CSV reader sees line ends inside quotes as they are.
        self._text = io.TextIOWrapper(self._bytes, encoding=self.encoding, newline="")
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    @property
    def is_json(self) -> bool:
        return self.path.suffix.lower() in {".json", ".jsonl", ".ndjson"}

    @property
    def fraction_read(self) -> float:
        return self._bytes.tell() / self.size if self.size else 1.0

    def rows(self) -> Iterator[Row]:
        """Return every row that is not blank, in order."""
        return self._json_rows() if self.is_json else _csv_rows(self._text, str(self.path))

    def _json_rows(self) -> Iterator[Row]:
        text, number, is_list = "", 0, False
        while True:
            start = _BETWEEN_ITEMS.match(text).end()  # type: ignore[union-attr]
            if not number and not is_list and text[start : start + 1] == "[":
                text, is_list = text[start + 1 :], True
                continue
            if is_list and text[start : start + 1] == "]":
                return
            end = start
            while item := self._item(text, end):
                value, end = item
                number += 1
                if isinstance(value, dict):
                    yield Row(f"item {number}", value)
                else:
                    yield Row(f"item {number}", problem="This is not an object with named fields.")
            text = text[end:]
            more = self._text.read(BLOCK) if len(text) < LONGEST_ITEM else ""
            if not more:
                rest = text[_BETWEEN_ITEMS.match(text).end() :]  # type: ignore[union-attr]
                if not rest.startswith("]") if is_list else rest:
                    yield Row(f"item {number + 1}", problem="From here on this is not valid JSON.")
                return
            text += more

    @staticmethod
    def _item(text: str, start: int) -> tuple[Any, int] | None:
        """Return the next JSON value and its end; None if it is incomplete."""
        start = _BETWEEN_ITEMS.match(text, start).end()  # type: ignore[union-attr]
        try:
            return _NUMBERS_AS_TEXT.raw_decode(text, start)
        except (ValueError, RecursionError):
            return None


def csv_rows(data: bytes, name: str) -> Iterator[Row]:
    """Return every non-blank row of a CSV file in memory; error messages use `name`.

    Delimiter and encoding are detected as for a file on disk. Raises Unreadable.
    """
    encoding = _encoding_of(io.BytesIO(data), name)
    return _csv_rows(io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline=""), name)


def named_columns(cells: Iterable[str], name: str) -> list[str]:
    """Return the heading of a file. Raises Unreadable when two columns have the same name."""
    columns = [cell.strip() for cell in cells]
    times = Counter(columns)  # a single pass: there may be half a million
    if repeated := sorted(column for column, count in times.items() if column and count > 1):
        raise Unreadable(f"{name}: the column {repeated[0][:64]!r} appears twice.")
    return columns


def row_of_cells(number: int, columns: list[str], cells: list[str]) -> Row:
    """That line of the file by its columns."""
    place = f"line {number}"
    while len(cells) > len(columns) and not cells[-1].strip():
        cells.pop()  # spreadsheets write trailing delimiters
    if len(cells) != len(columns):
        words = f"This row has {len(cells)} fields, the heading {len(columns)}."
        return Row(place, problem=words, number=number)
    return Row(place, dict(zip(columns, cells, strict=True)), number=number)


def _csv_rows(text: io.TextIOWrapper, name: str) -> Iterator[Row]:
    lines = iter(lambda: text.readline(LONGEST_LINE), "")
    try:
        heading = next(lines, "")
        if not heading.strip():
            raise Unreadable(f"{name}: the first line must name the columns.")
        delimiter = max(DELIMITERS, key=heading.count)
        columns = named_columns(next(csv.reader([heading], delimiter=delimiter)), name)
        reader = csv.reader(lines, delimiter=delimiter)
        while True:
            number = reader.line_num + 2
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                words = f"This can't be read as CSV: {error}."
                yield Row(f"line {number}", problem=words, number=number)
                continue
            if any(cell.strip() for cell in cells):
                yield row_of_cells(number, columns, cells)
    except csv.Error as error:
        raise Unreadable(f"{name}: the heading can't be read as CSV: {error}.") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{name}: this is not text. Save it as CSV in UTF-8.") from error


def _encoding_of(file: IO[bytes], name: str) -> str:
    """By byte-order mark, else UTF-8 if valid, else the encoding of Western spreadsheets."""
    start = file.read(4)
    if start[:2] in {b"PK", b"\x1f\x8b", b"\xd0\xcf"}:  # .xlsx or .zip, .gz, .xls
        raise Unreadable(f"{name} is a spreadsheet or an archive: save it as CSV or unpack it.")
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    file.seek(0)
    possible = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "cp1252")}
    while possible:
        block = file.read(BLOCK)
        for encoding, decoder in list(possible.items()):
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                del possible[encoding]
        if not block:
            break
    return next(iter(possible), "latin-1")
