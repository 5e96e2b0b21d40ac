"""Price files as users create them."""

import io
import zipfile

from openpyxl import Workbook, load_workbook


def csv_of(*lines: str, end: str = "\n") -> bytes:
    return (end.join(lines) + end).encode()


def xlsx_of(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sheet_of(data: bytes) -> list[list[object]]:
    """Return the cells of the first sheet."""
    return [[cell.value for cell in row] for row in load_workbook(io.BytesIO(data)).active.rows]


def with_part(data: bytes, name: str, part: bytes) -> bytes:
    """Replace one part of the archive."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
        new.writestr(name, part)
    return file.getvalue()
