"""manage.py run_batch: changes items in bulk from the command line."""

import re
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batches.models import BatchItem, BatchOperation, Source, Status
from batches.operations import OPERATIONS
from batches.operations.base import Operation
from batches.rules import nested
from batches.services.here import work_here
from batches.services.outbox import outcome_words
from batches.services.preview import PreviewItem
from batches.services.results import results_of
from batches.services.start import Request, Started, preview, start
from batches.services.submissions import Progress
from batches.services.sweep import worker_is_silent
from content.errors import ApplicationError
from content.management.terminal import ProgressLine, counted, stop, stop_with, table
from content.models import User, Wallet
from content.services.creators import creator_named
from content.words import differences

LOOK_SECONDS = 0.3
MOST_ROWS = 100
INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Change items in bulk. Exit code 0 when all were saved, 1 when some failed, 2 when "
        "nothing was started. Without --watch or --here it ends as soon as the batch is started."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = parser.add_subparsers(dest="kind", required=True, metavar="OPERATION")
        for kind, operation in OPERATIONS.items():
            self._add_options(kinds.add_parser(kind, help=operation.label), operation)

    def _add_options(self, parser: CommandParser, operation: Operation) -> None:
        for option in operation.options:
            parser.add_argument(
                f"--{option.name}",
                type=_checked(option.parse),
                dest=f"payload_{option.path}",
                metavar="VALUE",
                help=option.help.replace("%", "%%"),
            )
        parser.add_argument(
            "--creator",
            metavar="ADDRESS_OR_USERNAME",
            help="whose items; without it, those that the person of --as may change",
        )
        ids = parser.add_mutually_exclusive_group(required=True)
        ids.add_argument("--ids", type=_split, help="ids with commas between them")
        ids.add_argument("--ids-file", metavar="FILE", help="a file of ids; - reads them from here")
        parser.add_argument(
            "--as",
            dest="by",
            metavar="USER",
            help="who does it; without it, the owner of the creator's address",
        )
        parser.add_argument("--watch", action="store_true", help="wait, and show the results")
        parser.add_argument(
            "--here", action="store_true", help="run it in this process, and show the results"
        )
        parser.add_argument("--preview", action="store_true", help="only show what would happen")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            request = self._request(options)
            if options["preview"]:
                self._show_preview(request)
                return
            started = start(request)
        except ApplicationError as error:
            stop_with(error)
        batches = started.progress().batches
        for batch in batches:
            items = counted(batch.total_items, "item")
            self.stdout.write(f"Batch {batch.pk} of {batch.creator}: {items}")
        if options["here"]:
            work_here([batch.pk for batch in batches])
        if options["here"] or options["watch"]:
            self._show_results(self._watch(started))

    def _request(self, options: dict[str, Any]) -> Request:
        operation = OPERATIONS[options["kind"]]
        creator = options["creator"] and creator_named(options["creator"], make=False)
        return Request(
            operation=operation,
            payload=nested(
                {
                    option.path: value
                    for option in operation.options
                    if (value := options[f"payload_{option.path}"]) is not None
                }
            ),
            content_ids=options["ids"] or _ids_of_file(options["ids_file"]),
            by=_person(options["by"], creator or None),
            source=Source.COMMAND,
            creator=creator or None,
        )

    def _show_preview(self, request: Request) -> None:
        plan = preview(request)
        rows = [_preview_row(item) for item in plan.items[:MOST_ROWS]]
        self.stdout.write(table(("id", "title", "result", "why"), rows))
        if len(plan.items) > MOST_ROWS:
            self.stdout.write(f"… and {len(plan.items) - MOST_ROWS:,} more")
        self.stdout.write(f"{plan.headline}. Nothing was changed.")
        if plan.failure_count:
            raise SystemExit(1)

    def _watch(self, started: Started) -> Progress:
        line, is_told = ProgressLine(), False
        try:
            while not (progress := started.progress()).is_finished:
                line.show(progress.percent / 100, f"{progress.done:,} of {progress.total:,}")
                if not is_told and worker_is_silent():
                    line.clear()
                    self.stderr.write("No worker has been seen: start one, or use --here.")
                    is_told = True
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            line.clear()
            stop("It goes on without being watched.", INTERRUPTED)
        line.clear()
        return progress

    def _show_results(self, progress: Progress) -> None:
        shows_all = progress.total <= MOST_ROWS
        rows: list[Sequence[object]] = []
        for batch in progress.batches:
            rows += _rows(batch, shows_all=shows_all, most=MOST_ROWS - len(rows))
            if batch.error:
                self.stderr.write(batch.error)
        if rows:
            self.stdout.write(table(("id", "result", "why", "on chain"), rows))
        self.stdout.write(f"{_capital(outcome_words(progress))}.")
        all_completed = all(batch.status == Status.COMPLETED for batch in progress.batches)
        if progress.failed or not all_completed:
            raise SystemExit(1)


def _preview_row(item: PreviewItem) -> Sequence[object]:
    if item.outcome == BatchItem.Outcome.SUCCEEDED:
        what = "; ".join(map(str, differences(item.before, item.after)))
        return (item.content_id, item.title, "Would change", what)
    return (item.content_id, item.title, item.outcome.label, item.words)


def _rows(batch: BatchOperation, *, shows_all: bool, most: int) -> list[Sequence[object]]:
    """All results, or the failed ones where there are too many to read."""
    items = batch.items.all()
    if not shows_all:
        items = items.filter(outcome=BatchItem.Outcome.FAILED)
    return [
        (result.content_id, result.outcome.label, result.words, result.chain_state)
        for result in results_of(batch, items[: max(0, most)])
    ]


def _person(name: str | None, creator: Wallet | None) -> User:
    if name is not None:
        user = User.objects.filter(username=name).first()
        return user or stop(f"There is no user {name[:150]!r}.")
    if creator is None:
        stop("Say whose items these are (--creator), or who does it (--as).")
    return creator.owner or stop(f"Nobody owns {creator.pk} yet: say who does it with --as.")


def _ids_of_file(path: str) -> list[str]:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        stop(f"{path}: {error.strerror}.")
    except UnicodeDecodeError:
        stop(f"{path} is no text in UTF-8.")
    return _split(text)


def _split(text: str) -> list[str]:
    return [key for key in re.split(r"[\s,;]+", text) if key]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _checked(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def check(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return check
