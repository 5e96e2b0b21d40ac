"""The subcommands of `run_batch` that create batches: one for each operation."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser, OutputWrapper

from batches.errors import NotFound
from batches.management.cli.arguments import (
    acting_user,
    add_watching,
    add_zone,
    checked,
    chosen_ids,
    parse_link,
    parse_moment,
    read_bytes,
    split_ids,
)
from batches.management.cli.watching import follow, show_preview, show_run
from batches.models import Source
from batches.operations import OPERATIONS
from batches.operations.base import Operation
from batches.rules import nested
from batches.services.orders.schedule import Link, Schedule
from batches.services.results.run import find_submission_run
from batches.services.runs.price_drafts import without_unchanged
from batches.services.runs.price_file import read
from batches.services.runs.price_lines import OPERATION as PRICES
from batches.services.runs.price_lines import Prices
from batches.services.runs.start import Request, preview, start
from content.management.terminal import plain_line, stop
from content.models import User
from content.services.people.wallet_lookup import find_creator

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
    """Add the options of the subcommand that creates batches of one operation."""
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
        help="creator of the items; default: all creators that the user of --as may act for",
    )
    ids = parser.add_mutually_exclusive_group(required=True)
    ids.add_argument("--ids", type=split_ids, help="ids, separated by commas")
    ids.add_argument("--ids-file", metavar="FILE", help="a file with ids; - reads standard input")
    if operation is PRICES:
        ids.add_argument(
            "--file",
            metavar="FILE",
            help="a CSV file or a spreadsheet with content_id and new_price (in STX) or percent; "
            "- reads CSV from standard input",
        )
    parser.add_argument(
        "--as",
        dest="by",
        metavar="USER",
        help="the user to act as; default: the owner of the creator's address",
    )
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="start time: 2026-12-24T18:00:00+01:00, or 2026-12-24T18:00 with --zone",
    )
    parser.add_argument(
        "--until", metavar="TIME", help="end time of a sale, when the previous prices are restored"
    )
    add_zone(parser)
    parser.add_argument(
        "--after",
        action="append",
        type=checked(parse_link),
        metavar="BATCH[:WHEN]",
        help="wait for another batch or run; WHEN is on-success (every item saved), on-completion "
        "(done, even if items failed; the default) or always (ended with any outcome). Can be "
        "repeated",
    )
    parser.add_argument(
        "--pause", action="store_true", help="pause it: it starts only after it is resumed"
    )
    parser.add_argument(
        "--preview", action="store_true", help="show what would change, without starting it"
    )
    add_watching(parser)


def create(request: Request, options: dict[str, Any], out: OutputWrapper) -> None:
    """Start or preview the request. Raises ApplicationError."""
    if options["preview"]:
        show_preview(preview(request), out)
        return
    run = start(request)
    show_run(run, out)
    follow(run, out, is_here=options["here"], is_watched=options["watch"])


def request_of(options: dict[str, Any]) -> Request:
    """Build the request, and read its files. Raises Invalid."""
    operation = OPERATIONS[options["what"]]
    payload = nested(
        {
            option.path: value
            for option in operation.options
            if (value := options[f"payload_{option.path}"]) is not None
        }
    )
    prices = _prices(options, payload)
    creator = options["creator"] and find_creator(options["creator"], make=False)
    by = acting_user(options["by"], creator or None)
    schedule = _schedule(options, by)
    if prices is not None:
        prices = without_unchanged(prices, schedule, by=by)
        if prices.note:
            sys.stderr.write(plain_line(prices.note) + "\n")
    return Request(
        operation=operation,
        payload=payload,
        content_ids=([line.content_id for line in prices.lines] if prices else chosen_ids(options)),
        by=by,
        source=Source.COMMAND,
        creator=creator or None,
        schedule=schedule,
        prices=prices,
    )


def _prices(options: dict[str, Any], payload: Mapping[str, Any]) -> Prices | None:
    if options.get("file") is None:
        return None
    if payload:
        stop("Use either --file, or --price or --percent.")
    path = options["file"]
    return read(read_bytes(path), "" if path == "-" else Path(path).name)


def _schedule(options: dict[str, Any], by: User) -> Schedule:
    at, until = (
        options.get(name) and parse_moment(options[name], options["zone"], f"--{name}")
        for name in ("at", "until")
    )
    links = tuple(link for each in options["after"] or () for link in _links(each, by))
    return Schedule(at or None, until or None, links, is_paused=options["pause"])


def _links(link: Link, by: User) -> list[Link]:
    """Replace a link to a run by links to its batches."""
    key, when = link
    try:
        return [(batch.pk, when) for batch in find_submission_run(key, by=by).batches]
    except NotFound:
        return [link]
