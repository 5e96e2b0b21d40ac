"""manage.py import_catalogue: imports a CSV or JSON file."""

import csv
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandParser

from content.errors import ApplicationError
from content.management.terminal import ProgressLine, plain_line, stop, stop_with
from content.models import Wallet
from content.rules import CONTENT_TYPES
from content.services.catalogue.fields import FIELDS
from content.services.catalogue.files import CatalogueFile, Row
from content.services.catalogue.imports import (
    PART_ROWS,
    Defaults,
    Part,
    clean_url_template,
    import_rows,
    missing_in_all,
    parse_price_range,
)
from content.services.people.wallet_lookup import find_creator

REFUSED_SHOWN = 100
Value = TypeVar("Value")


class Command(BaseCommand):
    help = (
        "Import a CSV or JSON file into the catalogue. Ids that already exist are skipped, so it "
        "is safe to repeat. Exit code 0 if no row was rejected, 1 if some were (the others are "
        "imported: fix the rejected ones and repeat), 2 if nothing was imported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, JSON (a list of objects) or JSON lines")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            type=_field_and_column,
            metavar="FIELD=COLUMN",
            help=f"maps a field to a column; fields are {', '.join(FIELDS)}",
        )
        parser.add_argument(
            "--creator",
            action="append",
            default=[],
            metavar="ADDRESS_OR_USERNAME",
            help="the creator of the items; if given several times, items are distributed in turn",
        )
        parser.add_argument(
            "--price",
            type=_checked(parse_price_range),
            metavar="STX",
            help="for items without one: 2.5, or a range such as 1-20, spread by the item's id, so "
            "that a repeat gives the same prices",
        )
        parser.add_argument(
            "--url-template",
            type=_checked(clean_url_template),
            metavar="URL",
            help="for items without one: https://example.org/{id}",
        )
        parser.add_argument(
            "--type",
            choices=CONTENT_TYPES,
            default="video",
            metavar="TYPE",
            help=f"for items without one: {', '.join(CONTENT_TYPES)} (video)",
        )
        parser.add_argument(
            "--onchain", action="store_true", help="assign on-chain ids to the items"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check everything, import nothing"
        )
        parser.add_argument(
            "--refused", type=Path, metavar="FILE", help="write all rejected rows to this CSV file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run: bool = options["dry_run"]
        total, shown = Part(), 0
        line = ProgressLine()
        try:
            defaults = Defaults(
                creators=self._creators(options["creator"], make=not dry_run),
                price=options["price"],
                url_template=options["url_template"] or "",
                content_type=options["type"],
                is_onchain=options["onchain"],
            )
            columns = dict(options["map"])
            with _Report(options["refused"]) as report, CatalogueFile(options["file"]) as file:
                rows = _check_first_rows(file.rows(), columns, defaults)
                for part in import_rows(rows, columns=columns, defaults=defaults, dry_run=dry_run):
                    total.read += part.read
                    total.added += part.added
                    total.skipped += part.skipped
                    report.write(part.refused)
                    for place, why in part.refused[: REFUSED_SHOWN - shown]:
                        line.clear()
                        self.stderr.write(f"{place}: {plain_line(why)}")
                        shown += 1
                    line.show(file.fraction_read, f"{total.read:,} rows")
                encoding = file.encoding
        except ApplicationError as error:
            line.clear()
            stop_with(error)
        line.clear()
        if encoding not in {"utf-8", "utf-8-sig"}:
            self.stderr.write(f"The file is not UTF-8; it was read as {encoding}.")
        if report.count > shown:
            hint = "" if options["refused"] else " (--refused FILE writes them all)"
            self.stderr.write(f"… and {report.count - shown:,} more{hint}")
        verb = "would be added" if dry_run else "added"
        self.stdout.write(
            f"{total.read:,} rows: {total.added:,} {verb}, "
            f"{total.skipped:,} skipped because they exist, {report.count:,} refused."
        )
        if report.count:
            self.stdout.write(
                f"The refused rows and the reasons are in {options['refused']}."
                if options["refused"]
                else "Refused rows and reasons are listed above; --refused FILE writes them."
            )
            raise SystemExit(1)

    def _creators(self, names: Sequence[str], *, make: bool) -> list[Wallet]:
        return [find_creator(name, make=make) for name in names]


class _Report:
    """Counts the refused rows and writes them to a file if one is named."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.count = path, 0

    def __enter__(self) -> "_Report":
        try:
            self._file = self.path.open("w", newline="", encoding="utf-8") if self.path else None
        except OSError as error:
            stop(f"{self.path}: {error.strerror}.")
        if self._file:
            csv.writer(self._file).writerow(["where", "why"])
        return self

    def write(self, refused: Sequence[tuple[str, str]]) -> None:
        self.count += len(refused)
        if self._file:
            csv.writer(self._file).writerows(refused)

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()


def _check_first_rows(
    rows: Iterator[Row], columns: Mapping[str, str], defaults: Defaults
) -> Iterator[Row]:
    """Yield the rows; an error of the whole file ends the command with a message."""
    first = list(islice(rows, PART_ROWS))
    if first and not first[0].problem:
        names = first[0].values
        missing = [column for column in columns.values() if column not in names]
        if missing:
            stop(
                f"There is no column {plain_line(missing[0])!r}; "
                f"there are: {plain_line(', '.join(names))}."
            )
    if words := missing_in_all(first, columns=columns, defaults=defaults):
        stop(words)
    return chain(first, rows)


def _checked(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    def check(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return check


def _field_and_column(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not equals or not column or name not in FIELDS:
        raise ArgumentTypeError(f"write FIELD=COLUMN, with a field of: {', '.join(FIELDS)}")
    return name, column
