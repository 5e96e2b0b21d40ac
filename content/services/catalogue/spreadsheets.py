"""Reads and writes .xlsx files of one table: the first sheet, its first line naming the columns."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from content.services.catalogue.files import Row, Unreadable, named_columns, row_of_cells

# A small archive may unpack to gigabytes, and a small sheet may claim millions of cells.
MAX_UNPACKED = 16 * 1024 * 1024
# A few bytes of XML can take a tenth of a millisecond, and sixteen million are allowed.
MAX_ELEMENTS = 20_000
# Two a cell: ten thousand lines of a dozen columns.
MAX_ELEMENTS_OF_CELLS = 250_000
PARTS_WITH_CELLS = ("xl/worksheets/", "xl/sharedStrings")
MAX_LINES = 100_000
MAX_COLUMNS = 50
# The precision of spreadsheets: 3.3 for 3.3000000000000003 in the file.
DIGITS = 15
NOT_A_SPREADSHEET = "this is not a readable spreadsheet. Save it as .xlsx or as CSV."


class _FirstSheet(ExcelReader):
    """Open only the first sheet: openpyxl reads each for its size, and there may be thousands."""

    def read_worksheets(self) -> None:
        sheets = [pair for pair in self.parser.find_sheets() if "chartsheet" not in pair[1].Type]
        self.parser.find_sheets = lambda: iter(sheets[:1])
        super().read_worksheets()


def is_spreadsheet(data: bytes) -> bool:
    """Return True for a zip archive, as spreadsheets are; the content is checked on reading."""
    return data.startswith(b"PK")


def spreadsheet_rows(data: bytes, name: str) -> Iterator[Row]:
    """Yield every non-blank line of the first sheet, each cell as a user would type it.

    Formulas give their saved values. Raises Unreadable, which names `name`.
    """
    _refuse_zip_bombs(data, name)
    try:
        yield from _rows(data, name)
    except Unreadable:
        raise
    except Exception as error:  # a broken file raises any exception
        raise Unreadable(f"{name}: {NOT_A_SPREADSHEET}") from error


def spreadsheet_of(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, sheet: str) -> bytes:
    """Return a file with one sheet; text cells stay text."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.freeze_panes = "A2"
    for position, column in enumerate(columns, start=1):
        width = 44 if column == "title" else 20
        page.column_dimensions[get_column_letter(position)].width = width
    page.append([_cell(page, column, font=Font(bold=True)) for column in columns])
    for row in rows:
        page.append([_cell(page, value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _refuse_zip_bombs(data: bytes, name: str) -> None:
    """Check the declared sizes; no part is unpacked beyond its declared size."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
                size = MAX_UNPACKED // 1024**2
                words = f"unpacked it has more than {size} MiB. Save the sheet alone, or as CSV."
                raise Unreadable(f"{name}: {words}")
            for part in archive.infolist():
                content = archive.read(part)
                has_cells = part.filename.startswith(PARTS_WITH_CELLS)
                most = MAX_ELEMENTS_OF_CELLS if has_cells else MAX_ELEMENTS
                if content.count(b"<") - content.count(b"</") > most:
                    words = "it has too many cells or formats. Save the columns that count as CSV."
                    raise Unreadable(f"{name}: {words}")
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"{name}: {NOT_A_SPREADSHEET}") from error


def _rows(data: bytes, name: str) -> Iterator[Row]:
    reader = _FirstSheet(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    reader.read()
    sheet = next(iter(reader.wb.worksheets))
    # The declared dimension is ignored: some programs write a wrong one.
    lines = sheet.iter_rows(min_row=1, max_row=MAX_LINES, min_col=1, max_col=MAX_COLUMNS)
    columns: list[str] = []
    for number, line in enumerate(lines, start=1):
        if number == MAX_LINES:
            words = f"its sheet has {MAX_LINES:,} lines. Delete those that are not needed."
            raise Unreadable(f"{name}: {words}")
        cells = [_text_of(cell) for cell in line]
        if not any(cell.strip() for cell in cells):
            continue
        if columns:
            yield row_of_cells(number, columns, cells[: len(columns)])
        else:
            while not cells[-1].strip():
                cells.pop()
            columns = named_columns(cells, name)
    if not columns:
        raise Unreadable(f"{name}: the first line must name the columns.")


def _text_of(cell: Any) -> str:
    """Return the cell as displayed: `10%` for a tenth formatted as a percentage."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        is_percent = "%" in str(cell.number_format)
        return _digits(value * 100 if is_percent else value) + ("%" if is_percent else "")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _digits(number: float) -> str:
    if isinstance(number, int):
        return str(number)
    return format(Decimal(f"{number:.{DIGITS}g}"), "f")


def _cell(page: Any, value: Any, **look: Any) -> Any:
    cell = WriteOnlyCell(page, value=value)
    if isinstance(value, str):
        cell.data_type = "s"  # else text that begins with = would become a formula
    for name, own in look.items():
        setattr(cell, name, own)
    return cell
