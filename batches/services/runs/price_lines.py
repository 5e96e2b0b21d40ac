"""Convert rows of a price file into prices, and report invalid cells. Pure.

Prices and ids have the same rules as at the other doors; this module only knows the columns.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batches.errors import Invalid
from batches.operations import OPERATIONS
from batches.operations.update_price import UpdatePrice
from batches.rules import FieldErrors
from content.cells import plain_cell
from content.rules import (
    clean_content_id,
    clean_price,
    one_line,
    parse_percent,
    parse_stx,
    parse_whole_number,
)
from content.services.catalogue.files import Row

OPERATION = OPERATIONS[UpdatePrice.kind]
ID, PRICE, MICRO, PERCENT = "content_id", "new_price", "new_price_micro_stx", "percent"
# The names of each column, in lower case with `_` for spaces and dashes. The first name that the
# file has is used, so a `price` beside a `new_price` is ignored.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    ID: ("content_id", "contentid", "id"),
    PRICE: ("new_price", "newprice", "new_price_stx", "new_price_(stx)", "price", "price_stx"),
    MICRO: ("new_price_micro_stx", "price_micro_stx", "price_micro"),
    PERCENT: ("percent", "percent_change", "percentchange", "change_in_percent", "%"),
}
# The payload field of each column, and how a cell is parsed.
FIELDS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    PRICE: ("newPrice", parse_stx),
    MICRO: ("newPrice", lambda text: clean_price(parse_whole_number(text))),
    PERCENT: ("percentChange", parse_percent),
}
MAX_LINES = 10_000
# The further invalid lines are only counted.
BAD_LINES_SHOWN = 100
LONGEST_SHOWN = 40
HEADING = "The first line names the columns: content_id, and new_price (in STX) or percent."
NO_ID_COLUMN = f"The column content_id is missing. {HEADING}"
NO_PRICE_COLUMN = f"A column new_price or percent is missing. {HEADING}"
SAME_COLUMN = (
    "Two columns have the same name. Keep one of them: upper and lower case are the same, and so "
    "are spaces, - and _."
)
NO_LINES = f"The file has no lines below the first. {HEADING}"
NO_PRICE = "No line of this file has a price, so there is nothing to change."
ALL_UNCHANGED = "Every line has the current price of its item, so there is nothing to change."
BOTH = "Enter either a new price or a change in percent, not both: clear one of the two cells."


@dataclass(frozen=True)
class PriceLine:
    """The change of one item: `{"newPrice": micro-STX}` or `{"percentChange": percent}`."""

    number: int
    content_id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Prices:
    """A valid file; `skipped` are the numbers of lines with an id but no price.

    `unchanged` are the lines that were left out because they have the current price.
    """

    lines: list[PriceLine]
    skipped: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)

    @property
    def note(self) -> str:
        """Which lines were left out, for users; empty if none."""
        return " ".join(
            words
            for words in (
                _left_out(self.skipped, "has no price", "have no price"),
                _left_out(
                    self.unchanged,
                    "has the current price of its item",
                    "have the current price of their item",
                ),
            )
            if words
        )


@dataclass(frozen=True)
class BadLine:
    """An invalid cell, shortened for display; `column` is empty for the whole line."""

    number: int
    column: str
    value: str
    words: str

    @property
    def path(self) -> str:
        return f"rows.{self.number}.{self.column}" if self.column else f"rows.{self.number}"

    @property
    def sentence(self) -> str:
        return f"“{self.value}”: {self.words}" if self.value else self.words


class BadPrices(Invalid):
    """Some lines of the file are invalid, so none is used."""

    def __init__(self, lines: list[BadLine]) -> None:
        self.lines = lines
        count = len({line.number for line in lines})
        subject = "1 line" if count == 1 else f"{count:,} lines"
        errors: dict[str, list[str]] = {}
        for line in self.shown:
            errors.setdefault(line.path, []).append(line.sentence)
        super().__init__(
            f"{subject} can't be used, so nothing was prepared. Fix the file and send it again.",
            errors=errors,
            bad_lines=count,
        )

    @property
    def shown(self) -> list[BadLine]:
        return self.lines[:BAD_LINES_SHOWN]

    @property
    def left(self) -> int:
        """The number of invalid lines that are not shown."""
        return len(self.lines) - len(self.shown)


def prices_of(rows: Iterable[Row]) -> Prices:
    """Check every row. Raises BadPrices, and Invalid for errors of the whole file."""
    lines: list[PriceLine] = []
    skipped: list[int] = []
    bad: list[BadLine] = []
    number_of: dict[str, int] = {}
    count = 0
    for count, row in enumerate(rows, start=1):
        if count > MAX_LINES:
            raise refused(f"This file has more than {MAX_LINES:,} lines. Split it into several.")
        if row.problem:
            bad.append(BadLine(row.number, "", "", f"{row.problem} {_advice(row)}"))
            continue
        cells = _cells(row)
        parsed = _parse_line(row.number, cells)
        if isinstance(parsed, list):
            bad += parsed
        elif parsed is None:
            skipped.append(row.number)
        elif parsed.content_id in number_of:
            first = number_of[parsed.content_id]
            words = f"This item is also on line {first:,}. Keep one of the two lines."
            bad.append(BadLine(row.number, ID, shortened(parsed.content_id), words))
        else:
            number_of[parsed.content_id] = row.number
            lines.append(parsed)
    if bad:
        raise BadPrices(bad)
    if not lines:
        raise refused(NO_PRICE if count else NO_LINES)
    return Prices(lines, skipped)


def refused(words: str) -> Invalid:
    """Return the error for a file that is refused as a whole."""
    return Invalid(words, errors={"file": [words]})


def shortened(text: str) -> str:
    """Shorten a cell or a file name to one short line for display."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    line = one_line(line)
    return line if len(line) <= LONGEST_SHOWN else line[: LONGEST_SHOWN - 1] + "…"


def _left_out(numbers: Sequence[int], one: str, many: str) -> str:
    if not numbers:
        return ""
    shown = ", ".join(f"{number:,}" for number in numbers[:5])
    if len(numbers) == 1:
        return f"Line {shown} {one} and was left out."
    more = f" and {len(numbers) - 5:,} more" if len(numbers) > 5 else ""
    return f"Lines {shown}{more} {many} and were left out."


def _cells(row: Row) -> dict[str, str]:
    """Return the cells of the known columns. Raises Invalid if a required column is missing."""
    named = {
        name.strip().lower().replace(" ", "_").replace("-", "_"): cell
        for name, cell in row.values.items()
    }
    if len(named) < len(row.values):
        raise refused(SAME_COLUMN)
    cells = {}
    for column, names in COLUMNS.items():
        name = next((name for name in names if name in named), None)
        # A price in STX takes precedence over one in micro-STX, as `new_price` does over `price`.
        if name is not None and not (column == MICRO and PRICE in cells):
            cells[column] = plain_cell(named[name].strip()).strip()
    if ID not in cells:
        raise refused(NO_ID_COLUMN)
    if len(cells) == 1:
        raise refused(NO_PRICE_COLUMN)
    return cells


def _parse_line(number: int, cells: Mapping[str, str]) -> PriceLine | list[BadLine] | None:
    """Return the parsed line, or its errors; None if it has no price."""
    typed = {column: text for column, text in cells.items() if column != ID and text}
    if not typed and cells[ID]:
        return None
    bad: list[BadLine] = []

    def refuse(column: str, error: ValueError | str) -> None:
        bad.append(BadLine(number, column, shortened(cells[column]), str(error)))

    content_id = ""
    if not cells[ID]:
        refuse(ID, "The id is missing. Add it, or delete the line.")
    else:
        try:
            content_id = clean_content_id(cells[ID])
        except ValueError as error:
            refuse(ID, error)
    payload: dict[str, Any] = {}
    for column, text in typed.items():
        path, parse = FIELDS[column]
        try:
            payload[path] = parse(text)
        except ValueError as error:
            refuse(column, error)
    if not bad:
        try:
            return PriceLine(number, content_id, OPERATION.clean_payload(payload))
        except FieldErrors as error:
            column = PERCENT if "percentChange" in error.errors else PRICE
            words = BOTH if len(payload) > 1 else str(error)
            bad.append(BadLine(number, column, shortened(cells.get(column, "")), words))
    return bad


def _advice(row: Row) -> str:
    return "Put quotes around cells that contain the delimiter." if "fields" in row.problem else ""
