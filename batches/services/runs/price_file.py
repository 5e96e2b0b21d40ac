"""Files of prices: what was uploaded as prices, and the current prices as such a file."""

import csv
import io

from django.conf import settings

from batches.errors import Invalid
from batches.services.runs.price_lines import (
    ID,
    MOST_LINES,
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
    """The prices in a CSV file or a spreadsheet, which the bytes tell apart.

    Raises Invalid for a file that is of no use as a whole, and BadPrices for one with lines that
    can't be used; then nothing of it counts. `name` is the file's, to speak of it.
    """
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    name = shortened(name) or "This file"
    if len(data) > most:
        raise refused(
            f"{name} is over {most // 1024**2} MiB. Leave out the columns that are not needed, "
            f"or split it into several."
        )
    if not data.strip():
        raise refused(f"{name} is empty.")
    rows = spreadsheet_rows if is_spreadsheet(data) else csv_rows
    try:
        return prices_of(rows(data, name))
    except Unreadable as error:
        raise refused(error.message) from error


def write(contents: ContentQuerySet, form: str) -> bytes:
    """The current prices of these items as a file that `read` takes: CSV in UTF-8, or XLSX.

    Raises Invalid when there are more than such a file may hold: it is never cut short silently.
    """
    found = list(contents.values_list("pk", "title", "price")[: MOST_LINES + 1])
    if len(found) > MOST_LINES:
        words = (
            f"{contents.count():,} items match, and a file of prices takes {MOST_LINES:,}: "
            "narrow the filter."
        )
        raise Invalid(words, errors={"filter": [words]})
    rows = [
        (neutral_cell(key), neutral_cell(title), plain_stx(price)) for key, title, price in found
    ]
    if form == XLSX:
        # A number to count with; no price has more digits than a spreadsheet holds.
        numbers = [(key, title, float(price)) for key, title, price in rows]
        return spreadsheet_of(COLUMNS, numbers, sheet=SHEET)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()
