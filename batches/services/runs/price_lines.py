"""Rows of a file as prices, one for each item: which columns count, and what is wrong where. Pure.

The rules of prices and ids are those of every other door; only the columns are known here.
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
# What each column may be called, in small letters with `_` for spaces and dashes; where several
# are there the first counts, so that a `price` beside the `new_price` is only looked at.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    ID: ("content_id", "contentid", "id"),
    PRICE: ("new_price", "newprice", "new_price_stx", "new_price_(stx)", "price", "price_stx"),
    MICRO: ("new_price_micro_stx", "price_micro_stx", "price_micro"),
    PERCENT: ("percent", "percent_change", "percentchange", "change_in_percent", "%"),
}
# The payload's field that each of them gives, and how it is read.
FIELDS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    PRICE: ("newPrice", parse_stx),
    MICRO: ("newPrice", lambda text: clean_price(parse_whole_number(text))),
    PERCENT: ("percentChange", parse_percent),
}
MOST_LINES = 10_000
# So many are named one by one; the rest is counted.
BAD_LINES_SHOWN = 100
LONGEST_SHOWN = 40
HEADING = "The first line names the columns: content_id, and new_price (in STX) or percent."
NO_ID_COLUMN = f"There is no column content_id. {HEADING}"
NO_PRICE_COLUMN = f"There is no column new_price and none percent. {HEADING}"
SAME_COLUMN = (
    "Two columns have names that mean the same. Keep one of them: small letters and capitals, "
    "blanks, - and _ make no difference."
)
NO_LINES = f"There is nothing below the first line. {HEADING}"
NO_PRICE = "No line of this file has a price, so there is nothing to change."
ALL_UNCHANGED = "Every line names the price that its item has, so there is nothing to change."
BOTH = "Give either a new price or a change in percent, not both: empty one of the two cells."


@dataclass(frozen=True)
class PriceLine:
    """What one item is to get: `{"newPrice": micro-STX}` or `{"percentChange": percent}`."""

    number: int
    content_id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Prices:
    """A file that is good as a whole; `skipped` are the lines that have an id and no price.

    `unchanged` are those that name the price which the item has, where they were left out.
    """

    lines: list[PriceLine]
    skipped: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)

    @property
    def note(self) -> str:
        """What a person should know of lines that are left out; empty where there is nothing."""
        return " ".join(
            words
            for words in (
                _left_out(self.skipped, "has no price", "have no price"),
                _left_out(
                    self.unchanged,
                    "names the price that the item has",
                    "name the price that the item has",
                ),
            )
            if words
        )


@dataclass(frozen=True)
class BadLine:
    """A cell that can't be used, shortened to be shown; `column` is empty for the whole line."""

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
    """The file can be read, and some of its lines can't be used: so none of them is."""

    def __init__(self, lines: list[BadLine]) -> None:
        self.lines = lines
        count = len({line.number for line in lines})
        subject = "1 line" if count == 1 else f"{count:,} lines"
        errors: dict[str, list[str]] = {}
        for line in self.shown:
            errors.setdefault(line.path, []).append(line.sentence)
        super().__init__(
            f"{subject} can't be used, so nothing was prepared. "
            "Mend the file and send it once more.",
            errors=errors,
            bad_lines=count,
        )

    @property
    def shown(self) -> list[BadLine]:
        return self.lines[:BAD_LINES_SHOWN]

    @property
    def left(self) -> int:
        """How many more there are than are shown."""
        return len(self.lines) - len(self.shown)


def prices_of(rows: Iterable[Row]) -> Prices:
    """Check every row. Raises BadPrices, and Invalid for what concerns the file as a whole."""
    lines: list[PriceLine] = []
    skipped: list[int] = []
    bad: list[BadLine] = []
    number_of: dict[str, int] = {}
    count = 0
    for count, row in enumerate(rows, start=1):
        if count > MOST_LINES:
            raise refused(f"This file has more than {MOST_LINES:,} lines. Split it into several.")
        if row.problem:
            bad.append(BadLine(row.number, "", "", f"{row.problem} {_remedy(row)}"))
            continue
        cells = _cells(row)
        found = _errors_and_line(row.number, cells)
        if isinstance(found, list):
            bad += found
        elif found is None:
            skipped.append(row.number)
        elif found.content_id in number_of:
            first = number_of[found.content_id]
            words = f"This item is on line {first:,} too. Keep one of the two lines."
            bad.append(BadLine(row.number, ID, shortened(found.content_id), words))
        else:
            number_of[found.content_id] = row.number
            lines.append(found)
    if bad:
        raise BadPrices(bad)
    if not lines:
        raise refused(NO_PRICE if count else NO_LINES)
    return Prices(lines, skipped)


def refused(words: str) -> Invalid:
    """The refusal of a file as a whole."""
    return Invalid(words, errors={"file": [words]})


def shortened(text: str) -> str:
    """A cell or a file's name as it can be shown: on one line, not too long."""
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
    """The row's cells by the columns that count. Raises Invalid where a needed one isn't there."""
    named = {
        name.strip().lower().replace(" ", "_").replace("-", "_"): cell
        for name, cell in row.values.items()
    }
    if len(named) < len(row.values):
        raise refused(SAME_COLUMN)
    cells = {}
    for column, names in COLUMNS.items():
        name = next((name for name in names if name in named), None)
        # The price in micro-STX stands back behind one in STX, as `price` does behind `new_price`.
        if name is not None and not (column == MICRO and PRICE in cells):
            cells[column] = plain_cell(named[name].strip()).strip()
    if ID not in cells:
        raise refused(NO_ID_COLUMN)
    if len(cells) == 1:
        raise refused(NO_PRICE_COLUMN)
    return cells


def _errors_and_line(number: int, cells: Mapping[str, str]) -> PriceLine | list[BadLine] | None:
    """The line, or all that is wrong with it; None where it says no price."""
    typed = {column: text for column, text in cells.items() if column != ID and text}
    if not typed and cells[ID]:
        return None
    bad: list[BadLine] = []

    def refuse(column: str, error: ValueError | str) -> None:
        bad.append(BadLine(number, column, shortened(cells[column]), str(error)))

    content_id = ""
    if not cells[ID]:
        refuse(ID, "There is no id. Say which item this is, or delete the line.")
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


def _remedy(row: Row) -> str:
    return "Put cells that hold the delimiter into quotes." if "fields" in row.problem else ""
