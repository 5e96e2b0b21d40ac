"""Read uploaded price files, and write the current prices as one."""

import csv
import io

from django.conf import settings

from batches.errors import Invalid
from batches.services.runs.price_lines import (
    ID,
    MAX_LINES,
    PRICE,
    Prices,
    prices_of,
    refused,
    shortened,
)
from content.cells import neutral_cell
from content.models import ContentQuerySet
from content.rules import plain_stx
from content.services.catalogue.files import Unreadable, csv_rows
from content.services.catalogue.spreadsheets import (
    is_spreadsheet,
    spreadsheet_of,
    spreadsheet_rows,
)

COLUMNS = (ID, "title", PRICE)
FORMS = CSV, XLSX = "csv", "xlsx"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = "Prices"


def read(data: bytes, name: str = "") -> Prices:
    """Read the prices of a CSV file or a spreadsheet; the first bytes decide which it is.

    Raises Invalid for a file that can't be read at all, and BadPrices for one with invalid lines;
    then none of its lines is used. `name` is the file's name, for messages.
    """
    maximum = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    name = shortened(name) or "This file"
    if len(data) > maximum:
        raise refused(
            f"{name} is larger than {maximum // 1024**2} MiB. "
            "Remove the columns that are not needed, or split the file."
        )
    if not data.strip():
        raise refused(f"{name} is empty.")
    rows = spreadsheet_rows if is_spreadsheet(data) else csv_rows
    try:
        return prices_of(rows(data, name))
    except Unreadable as error:
        raise refused(error.message) from error


def write(contents: ContentQuerySet, form: str) -> bytes:
    """Write the current prices as a file that `read` accepts: CSV in UTF-8, or XLSX.

    Raises Invalid for more than MAX_LINES items: the file is never truncated silently.
    """
    found = list(contents.values_list("pk", "title", "price")[: MAX_LINES + 1])
    if len(found) > MAX_LINES:
        words = (
            f"{contents.count():,} items match, but a price file has at most {MAX_LINES:,} lines. "
            "Narrow the filter."
        )
        raise Invalid(words, errors={"filter": [words]})
    rows = [
        (neutral_cell(key), neutral_cell(title), plain_stx(price)) for key, title, price in found
    ]
    if form == XLSX:
        # As numbers, for formulas; a spreadsheet holds all digits of any price.
        numbers = [(key, title, float(price)) for key, title, price in rows]
        return spreadsheet_of(COLUMNS, numbers, sheet=SHEET)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()
