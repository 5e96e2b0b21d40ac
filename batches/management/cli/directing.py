"""The part of `run_batch` that directs what was started: shows, stops, holds, repeats, undoes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandParser, OutputWrapper

from batches.api_calls import command_of, curl_of
from batches.errors import InvalidTransition
from batches.management.cli.arguments import (
    add_watching,
    add_zone,
    checked,
    moment_in,
    parse_key,
    person_named,
    split_ids,
)
from batches.management.cli.watching import (
    follow,
    links_of,
    show_preview,
    show_results,
    show_started,
    waiting_words,
    write_preview,
)
from batches.models import BatchOperation, Follows, Source
from batches.operations import describe
from batches.operations.base import REFUSAL_LABELS
from batches.services.orders.preview import preview_batch
from batches.services.results.progress import Progress
from batches.services.runs.control import (
    Started,
    cancel_started,
    find_started,
    follow_started,
    pause_started,
    preview_following,
    reschedule_started,
    resume_started,
)
from content.instants import parse_instant
from content.management.terminal import plain_line, stop
from content.models import User
from content.words import moment_words


@dataclass(frozen=True)
class Direction:
    """A subcommand on what exists: its help, and examples of what stands after the id."""

    help: str
    examples: tuple[str, ...] = ("",)


DIRECTIONS: Mapping[str, Direction] = {
    "show": Direction(
        "what it does, what it waits for, what came of it", ("", "--watch", "--curl")
    ),
    "cancel": Direction("stop it; what was saved stays saved"),
    "pause": Direction("hold what has not begun of it"),
    "resume": Direction("let go on what is on hold", ("", "--watch")),
    "reschedule": Direction(
        "begin at another time, or now", ("--at 2026-12-24T18:00 --zone Europe/Berlin", "--now")
    ),
    "retry": Direction(
        "try again, as a batch of its own, what failed", ("--preview", "--code conflict --watch")
    ),
    "undo": Direction(
        "put back, as a batch of its own, what was changed and nobody changed since",
        ("--preview", "--watch"),
    ),
}
FOLLOWS = {"retry": Follows.RETRY, "undo": Follows.UNDO}


def add_direction(parser: CommandParser, name: str) -> None:
    """The options of one subcommand on what exists."""
    parser.add_argument(
        "key", type=checked(parse_key), metavar="ID", help="of a batch, or of a run of several"
    )
    parser.add_argument(
        "--as",
        dest="by",
        metavar="USER",
        help="who does it; without it, the owner of the creator's address, or who started the run",
    )
    if name == "reschedule":
        when = parser.add_mutually_exclusive_group(required=True)
        when.add_argument(
            "--at",
            metavar="TIME",
            help="2026-12-24T18:00:00+01:00, or 2026-12-24T18:00 with --zone",
        )
        when.add_argument("--now", action="store_true", help="as soon as all else allows it")
        add_zone(parser)
    if name in FOLLOWS:
        parser.add_argument("--ids", type=split_ids, help="only these items of it")
        parser.add_argument("--preview", action="store_true", help="only show what would happen")
    if name == "retry":
        parser.add_argument(
            "--code",
            choices=sorted(REFUSAL_LABELS),
            default="",
            help="only items that failed with this",
        )
    if name == "show":
        shown = parser.add_mutually_exclusive_group()
        shown.add_argument("--watch", action="store_true", help="wait for its end first")
        shown.add_argument(
            "--curl", action="store_true", help="print only the call of the API that does the same"
        )
        shown.add_argument(
            "--command", action="store_true", help="print only the command that does the same"
        )
    elif name not in {"cancel", "pause"}:
        add_watching(parser)


def find(options: dict[str, Any]) -> tuple[Started, User]:
    """What the id names, and who asks. Raises NotThere, as for a person who may not see it."""
    if options["by"] is not None:
        by = person_named(options["by"])
        return find_started(options["key"], by=by), by
    started = find_started(options["key"])
    if started.submission is not None:
        return started, started.submission.by
    assert started.batch is not None
    creator = started.batch.creator
    owner = creator.owner or stop(f"Nobody owns {creator.pk}: say who does it with --as.")
    return started, owner


def direct(started: Started, by: User, options: dict[str, Any], out: OutputWrapper) -> None:
    """Do what was asked for. Raises ApplicationError."""
    name = options["what"]
    if name in FOLLOWS:
        _follow_up(started, by, options, out)
    elif name == "show":
        _show(started, by, options, out)
    elif name == "cancel":
        _cancel(started, by, out)
    elif name == "pause":
        _say(pause_started(started, by=by), out)
    elif name == "resume":
        _say(resume_started(started, by=by), out)
    else:
        at = options["at"] and moment_in(options["at"], options["zone"], "--at")
        moment = parse_instant(at) if at else None
        _say(reschedule_started(started, moment, by=by), out)
    if name in {"resume", "reschedule"}:
        follow(started, out, is_here=options["here"], is_watched=options["watch"])


def _follow_up(started: Started, by: User, options: dict[str, Any], out: OutputWrapper) -> None:
    wanted = {
        "by": by,
        "source": Source.COMMAND,
        "content_ids": options["ids"],
        "code": options.get("code", ""),
    }
    follows = FOLLOWS[options["what"]]
    if options["preview"]:
        show_preview(preview_following(started, follows, **wanted), out)
        return
    following = follow_started(started, follows, **wanted)
    show_started(following, out)
    follow(following, out, is_here=options["here"], is_watched=options["watch"])


def _cancel(started: Started, by: User, out: OutputWrapper) -> None:
    try:
        progress = cancel_started(started, by=by)
    except InvalidTransition:
        stop("It had ended already, so there was nothing left to cancel.")
    done = f"{progress.done:,} of {progress.total:,} items were done before."
    out.write(f"Cancelled. {done} What is saved stays saved.")


def _say(progress: Progress, out: OutputWrapper) -> None:
    for batch in progress.batches:
        now = "; ".join(waiting_words(batch)) or batch.get_status_display().lower()
        out.write(plain_line(f"Batch {batch.pk}: {now}"))


def _show(started: Started, by: User, options: dict[str, Any], out: OutputWrapper) -> None:
    batches = started.progress(by).batches
    if options["curl"] or options["command"]:
        words_of = curl_of if options["curl"] else command_of
        calls = [words_of(batch) for batch in batches]
        if not all(calls):
            stop(
                "There is nothing that would do the same: what this follows upon was deleted, its "
                "operation is gone, or its prices wait in a way that a call with a file can't say."
            )
        out.write("\n".join(calls))
        return
    if started.submission is not None:
        out.write(f"Run {started.key}")
    for batch in batches:
        _show_batch(batch, out)
    if options["watch"]:
        follow(started, out, is_here=False, is_watched=True)
    else:
        show_results(started.progress(by), out)


def _show_batch(batch: BatchOperation, out: OutputWrapper) -> None:
    facts = [
        ("Batch", str(batch.pk)),
        ("does", describe(batch)),
        ("to", f"{batch.total_items:,} of {batch.creator}'s items"),
        ("asked for", f"{moment_words(batch.created_at)} by {batch.requested_by}"),
        ("state", "; ".join([batch.get_status_display(), *waiting_words(batch)])),
        *(("after", words) for words in links_of(batch)),
        ("retry of", batch.retry_of_id),
        ("undo of", batch.undo_of_id),
    ]
    for name, value in facts:
        if value:
            out.write(plain_line(f"{name:<10}{value}"))
    coming = preview_batch(batch) if batch.is_blocked else None
    if coming is not None:
        out.write("It would do this now, and is looked at again when it begins:")
        write_preview(coming, out)
