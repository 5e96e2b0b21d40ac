"""manage.py bench: measures how fast batches run, against baselines of the same run."""

import json
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from batches.management.bench.chart import chart
from batches.management.bench.files import file_row
from batches.management.bench.lists import list_rows
from batches.management.bench.requests import end_to_end_row, post_rows
from batches.management.bench.rows import Row
from batches.management.bench.worker import memory_row, two_workers_row, worker_rows
from batches.management.bench.world import FLOORS, ITEMS, disable_side_effects, filled_world
from batches.management.scratch import scratch_database

ROUNDS, QUICK_ROUNDS = 200, 20


class Command(BaseCommand):
    help = (
        "Measure workers, requests and lists against baselines of the same run, in a temporary "
        "database that is dropped afterwards. Your data is not touched, and a slow result is "
        "not an error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        length = parser.add_mutually_exclusive_group()
        length.add_argument(
            "--quick", action="store_true", help="a tenth of the work, under a minute"
        )
        length.add_argument(
            "--full", action="store_true", help="also lists of a million batches, takes minutes"
        )
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
        parser.add_argument("--chart", type=Path, metavar="FILE", help="also draw an SVG")

    def handle(
        self, *, quick: bool, full: bool, json: bool, chart: Path | None, **options: Any
    ) -> None:
        if chart is not None:
            _refuse_unwritable(chart)
        if connection.vendor not in FLOORS:
            raise CommandError("bench measures PostgreSQL and SQLite only.")
        # So that the database is also dropped after SIGTERM.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        rounds = QUICK_ROUNDS if quick else ROUNDS
        broker_url = settings.CELERY_BROKER_URL
        disable_side_effects()
        with scratch_database():
            rows = measure(rounds, broker_url, is_full=full, progress=self._report)
        found = {"database": connection.vendor, "rounds": rounds, "itemsPerBatch": ITEMS}
        self.stdout.write(_as_json(found, rows) if json else _as_words(found, rows))
        if chart is not None:
            draw(chart, rows)

    def _report(self, what: str) -> None:
        self.stderr.write(f"measuring {what} …")


def measure(
    rounds: int, broker_url: str, *, is_full: bool, progress: Callable[[str], None]
) -> list[Row]:
    """Measure all rows, each in turns with its baseline; lists come last."""
    with filled_world(rounds) as world:
        progress("a request to completion")  # first, before a broker is connected
        end_to_end = end_to_end_row(world, rounds, broker_url)
        progress("one worker")
        rows = worker_rows(world, rounds)
        progress("a file of prices")
        rows.append(file_row(world, rounds))
        progress("requests")
        rows += post_rows(world, rounds)
        progress("two workers")
        rows.append(two_workers_row(world, rounds))
        rows.append(end_to_end)
        progress("memory")
        rows.append(memory_row(world, rounds * 5))
        progress("lists")
        return rows + list_rows(world, rounds, is_full=is_full)


def _refuse_unwritable(path: Path) -> None:
    """Check the path before measuring, which takes minutes."""
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CommandError(f"The chart can't be written to {path}; choose another file.")


def draw(path: Path, rows: list[Row]) -> None:
    title = f"Content Batches on {connection.display_name}"
    try:
        path.write_text(chart(title, rows))
    except OSError as error:
        raise CommandError(f"The chart can't be written to {path}: {error.strerror}.") from error


def _as_json(found: dict[str, Any], rows: list[Row]) -> str:
    return json.dumps({**found, "rows": [row.as_json() for row in rows]})


def _as_words(found: dict[str, Any], rows: list[Row]) -> str:
    head = (
        f"{found['database']}, {found['rounds']} rounds, batches of {found['itemsPerBatch']} items,"
        " medians\n"
        "The raw transaction writes no history and checks nothing: 1 would be as fast. Goals are\n"
        "for a machine that does nothing else.\n"
    )
    return "\n".join([head, *(row.as_words() for row in rows)])
