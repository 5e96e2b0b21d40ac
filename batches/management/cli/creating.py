"""The part of `run_batch` that starts something new: one subcommand for each operation."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser, OutputWrapper

from batches.management.cli.arguments import (
    add_watching,
    add_zone,
    bytes_of,
    checked,
    chosen_ids,
    moment_in,
    parse_link,
    person_for,
    split_ids,
)
from batches.management.cli.watching import follow, show_preview, show_started
from batches.models import Source, Submission
from batches.operations import OPERATIONS
from batches.operations.base import Operation
from batches.rules import nested
from batches.services.results.progress import progress_of
from batches.services.runs.price_drafts import without_unchanged
from batches.services.runs.price_file import read
from batches.services.runs.price_lines import OPERATION as PRICES
from batches.services.runs.price_lines import Prices
from batches.services.runs.start import Request, preview, start
from content.management.terminal import plain_line, stop
from content.models import User
from content.services.people.wallet_lookup import creator_named

EXAMPLES = {
    "update-price": (
        "--creator alice --percent -10 --ids 7,8 --preview",
        "--creator alice --price 2.5 --ids-file ids.txt --watch",
        "--creator alice --price 9 --ids 7 --at 2026-12-24T18:00 --zone Europe/Berlin",
        "--creator alice --file prices.csv --preview",
        "--creator alice --percent -20 --ids 7,8 --until 2026-12-31T23:00:00Z",
    ),
    "update-metadata": (
        "--creator alice --title 'Night Ferry' --ids 7",
        "--creator alice --refundable yes --ids 7,8 --after BATCH:on-success",
    ),
    "remove-content": ("--creator alice --reason 'Rights expired' --ids 7,8 --preview",),
    "restore-content": ("--creator alice --ids 7,8 --watch",),
}


def add_operation(parser: CommandParser, operation: Operation) -> None:
    """The options of the subcommand that creates batches of one operation."""
    for option in operation.options:
        parser.add_argument(
            f"--{option.name}",
            type=checked(option.parse),
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
    ids.add_argument("--ids", type=split_ids, help="ids with commas between them")
    ids.add_argument("--ids-file", metavar="FILE", help="a file of ids; - reads them from here")
    if operation is PRICES:
        ids.add_argument(
            "--file",
            metavar="FILE",
            help="a CSV or a spreadsheet with content_id and new_price (in STX) or percent for "
            "each item; - reads a CSV from here",
        )
    parser.add_argument(
        "--as",
        dest="by",
        metavar="USER",
        help="who does it; without it, the owner of the creator's address",
    )
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="begin then: 2026-12-24T18:00:00+01:00, or 2026-12-24T18:00 with --zone",
    )
    if operation.may_end:
        parser.add_argument(
            "--until", metavar="TIME", help="put it back then, by an undo that is made at the end"
        )
    add_zone(parser)
    parser.add_argument(
        "--after",
        action="append",
        type=checked(parse_link),
        metavar="BATCH[:WHEN]",
        help="wait for another batch or run; WHEN is on-success (every item saved), on-completion "
        "(done, even if items failed; the default) or always (ended, in whatever way). May be "
        "repeated",
    )
    parser.add_argument(
        "--hold", action="store_true", help="don't begin before somebody says resume"
    )
    parser.add_argument("--preview", action="store_true", help="only show what would happen")
    add_watching(parser)


def create(request: Request, options: dict[str, Any], out: OutputWrapper) -> None:
    """Start it, or show what it would do. Raises ApplicationError."""
    if options["preview"]:
        show_preview(preview(request), out)
        return
    started = start(request)
    show_started(started, out)
    follow(started, out, is_here=options["here"], is_watched=options["watch"])


def request_of(options: dict[str, Any]) -> Request:
    """What the command line asks for, with its files read. Raises Invalid."""
    operation = OPERATIONS[options["what"]]
    payload = nested(
        {
            option.path: value
            for option in operation.options
            if (value := options[f"payload_{option.path}"]) is not None
        }
    )
    prices = _prices(options, payload)
    creator = options["creator"] and creator_named(options["creator"], make=False)
    by = person_for(options["by"], creator or None)
    waiting = _waiting(options, by)
    if prices is not None:
        if not waiting and not options["hold"]:
            prices = without_unchanged(prices, by=by)
        if prices.note:
            sys.stderr.write(plain_line(prices.note) + "\n")
    return Request(
        operation=operation,
        payload=payload,
        content_ids=([line.content_id for line in prices.lines] if prices else chosen_ids(options)),
        by=by,
        source=Source.COMMAND,
        creator=creator or None,
        waiting=waiting,
        is_paused=options["hold"],
        prices=prices,
    )


def _prices(options: dict[str, Any], payload: Mapping[str, Any]) -> Prices | None:
    if options.get("file") is None:
        return None
    if payload:
        stop("The prices stand in the file: leave --price and --percent away.")
    path = options["file"]
    return read(bytes_of(path), "" if path == "-" else Path(path).name)


def _waiting(options: dict[str, Any], by: User) -> dict[str, Any]:
    found: dict[str, Any] = {
        field: moment_in(text, options["zone"], f"--{name}")
        for field, name in (("scheduledFor", "at"), ("until", "until"))
        if (text := options.get(name)) is not None
    }
    if options["after"]:
        found["dependsOn"] = [link for each in options["after"] for link in _links(each, by)]
    return found


def _links(link: dict[str, str], by: User) -> list[dict[str, str]]:
    """The link itself; to a run of several batches one to each of them."""
    runs = Submission.objects.visible_to(by).filter(pk=link["batchId"])
    batches = [batch for run in runs for batch in progress_of(run, by).batches]
    return [{**link, "batchId": str(batch.pk)} for batch in batches] or [link]
