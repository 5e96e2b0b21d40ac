"""The subcommands of `run_batch` on a run: show, and the seven verbs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandParser, OutputWrapper

from batches.api_calls import command_of, curl_of
from batches.management.cli.arguments import (
    add_watching,
    add_zone,
    checked,
    find_user,
    parse_key,
    parse_moment,
    split_ids,
)
from batches.management.cli.watching import (
    follow,
    note_lines,
    show_preview,
    show_results,
    show_run,
    state_words,
    write_preview,
)
from batches.models import BatchOperation, Follows, Source
from batches.operations import describe
from batches.operations.base import REFUSAL_LABELS
from batches.services.orders.preview import preview_batch
from batches.services.results.run import Run, find_run
from batches.services.runs import control
from batches.services.runs.follow_up import follow_up, preview_follow_up
from content.management.terminal import plain_line, stop
from content.models import User
from content.words import moment_words


@dataclass(frozen=True)
class RunCommand:
    """A subcommand on a run: its help, and examples of the options after the id."""

    help: str
    examples: tuple[str, ...] = ("",)


RUN_COMMANDS: Mapping[str, RunCommand] = {
    "show": RunCommand(
        "show what it does, what it waits for and its results", ("", "--watch", "--curl")
    ),
    "start": RunCommand("start now, even if it is scheduled or paused", ("", "--watch")),
    "pause": RunCommand("pause batches that have not started"),
    "resume": RunCommand("resume paused batches", ("", "--watch")),
    "reschedule": RunCommand(
        "change the start time, or start at once",
        ("--at 2026-12-24T18:00 --zone Europe/Berlin", "--now"),
    ),
    "cancel": RunCommand("cancel what has not ended; saved items stay saved"),
    "retry": RunCommand(
        "retry the failed items in a new batch",
        ("--preview", "--code conflict --watch"),
    ),
    "undo": RunCommand(
        "undo the changes in a new batch, except for items that were changed since",
        ("--preview", "--watch"),
    ),
}
STATE_CHANGES = {"start": control.start, "pause": control.pause, "resume": control.resume}
FOLLOWS = {"retry": Follows.RETRY, "undo": Follows.UNDO}


def add_run_command(parser: CommandParser, name: str) -> None:
    """Add the options of one subcommand on a run."""
    parser.add_argument(
        "key", type=checked(parse_key), metavar="ID", help="id of a batch or of a run"
    )
    parser.add_argument(
        "--as",
        dest="by",
        metavar="USER",
        help="the user to act as; default: the creator's owner, or the user who started the run",
    )
    if name == "reschedule":
        when = parser.add_mutually_exclusive_group()
        when.add_argument(
            "--at",
            metavar="TIME",
            help="start time: 2026-12-24T18:00:00+01:00, or 2026-12-24T18:00 with --zone",
        )
        when.add_argument(
            "--now", action="store_true", help="start as soon as its dependencies allow it"
        )
        parser.add_argument("--until", metavar="TIME", help="end time of a sale")
        add_zone(parser)
    if name in FOLLOWS:
        parser.add_argument("--ids", type=split_ids, help="only these items")
        parser.add_argument(
            "--preview", action="store_true", help="show what would change, without starting it"
        )
    if name == "retry":
        parser.add_argument(
            "--code",
            choices=sorted(REFUSAL_LABELS),
            default="",
            help="only items that failed with this code",
        )
    if name == "show":
        shown = parser.add_mutually_exclusive_group()
        shown.add_argument("--watch", action="store_true", help="wait until it ends first")
        shown.add_argument(
            "--curl", action="store_true", help="print only the API call that repeats it"
        )
        shown.add_argument(
            "--command", action="store_true", help="print only the command that repeats it"
        )
    elif name not in {"cancel", "pause"}:
        add_watching(parser)


def find(options: dict[str, Any]) -> tuple[Run, User]:
    """Return the run and the acting user. Raises NotFound if the user may not see it."""
    if options["by"] is not None:
        by = find_user(options["by"])
        return find_run(options["key"], by=by), by
    run = find_run(options["key"])
    if run.submission is not None:
        return run, run.submission.by
    creator = run.batches[0].creator
    owner = creator.owner or stop(f"{creator.pk} has no owner: give the user to act as with --as.")
    return run, owner


def control_run(run: Run, by: User, options: dict[str, Any], out: OutputWrapper) -> None:
    """Carry out the subcommand. Raises ApplicationError."""
    name = options["what"]
    if name in FOLLOWS:
        _follow_up(run, by, options, out)
    elif name == "show":
        _show(run, options, out)
    elif name == "cancel":
        _cancel(run, by, out)
    else:
        if name == "reschedule":
            run = control.reschedule(run, by=by, **_times(options))
        else:
            run = STATE_CHANGES[name](run, by=by)
        for batch in run.batches:
            now = "; ".join(state_words(batch)) or batch.get_status_display().lower()
            out.write(plain_line(f"Batch {batch.pk}: {now}"))
    if name in {"start", "resume", "reschedule"}:
        follow(run, out, is_here=options["here"], is_watched=options["watch"])


def _times(options: dict[str, Any]) -> control.Times:
    times: control.Times = {}
    if options["at"]:
        times["scheduled_for"] = parse_moment(options["at"], options["zone"], "--at")
    if options["now"]:
        times["scheduled_for"] = None
    if options["until"]:
        times["until"] = parse_moment(options["until"], options["zone"], "--until")
    return times or stop("Give a new start (--at or --now), or a new end (--until).")


def _follow_up(run: Run, by: User, options: dict[str, Any], out: OutputWrapper) -> None:
    wanted: dict[str, Any] = {
        "by": by,
        "source": Source.COMMAND,
        "content_ids": options["ids"],
        "code": options.get("code", ""),
    }
    follows = FOLLOWS[options["what"]]
    if options["preview"]:
        show_preview(preview_follow_up(run, follows, **wanted), out)
        return
    following = follow_up(run, follows, **wanted)
    show_run(following, out)
    follow(following, out, is_here=options["here"], is_watched=options["watch"])


def _cancel(run: Run, by: User, out: OutputWrapper) -> None:
    run = control.cancel(run, by=by)
    done = f"{run.done:,} of {run.total:,} items were already done."
    out.write(f"Cancelled. {done} Saved items stay saved.")


def _show(run: Run, options: dict[str, Any], out: OutputWrapper) -> None:
    if options["curl"] or options["command"]:
        words_of = curl_of if options["curl"] else command_of
        calls = [words_of(batch) for batch in run.batches]
        if not all(calls):
            stop(
                "It can't be repeated: the batch that it retries or undoes was deleted, its "
                "operation no longer exists, or its dependencies can't be sent with a price file."
            )
        out.write("\n".join(calls))
        return
    if run.submission is not None:
        out.write(f"Run {run.key}")
    for batch in run.batches:
        _show_batch(batch, out)
    if options["watch"]:
        follow(run, out, is_here=False, is_watched=True)
    else:
        show_results(run, out)


def _show_batch(batch: BatchOperation, out: OutputWrapper) -> None:
    facts = [
        ("Batch", str(batch.pk)),
        ("does", describe(batch)),
        ("to", f"{batch.total_items:,} of {batch.creator}'s items"),
        ("requested", f"{moment_words(batch.created_at)} by {batch.requested_by}"),
        ("state", batch.get_status_display()),
        *(("", line) for line in note_lines(batch)),
    ]
    for name, value in facts:
        out.write(plain_line(f"{name:<10}{value}"))
    preview = preview_batch(batch) if batch.is_blocked else None
    if preview is not None:
        out.write("Preview as of now; it is checked again when it starts:")
        write_preview(preview, out)
