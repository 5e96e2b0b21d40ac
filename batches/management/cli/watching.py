"""What `run_batch` shows of what was started: what it waits for, how far it is, what came of it."""

import sys
import time
from collections.abc import Sequence
from datetime import datetime

from django.core.management.base import OutputWrapper
from django.utils import timezone
from django.utils.formats import date_format

from batches.models import BatchItem, BatchOperation, Dependency, Status
from batches.operations import describe
from batches.services.engine.settle import settle_due
from batches.services.heartbeat import worker_is_silent
from batches.services.mail.outbox import outcome_words
from batches.services.orders.preview import Preview, PreviewItem
from batches.services.results.progress import Progress
from batches.services.results.results import results_of
from batches.services.runs.control import Started
from batches.services.worker.inline import run_inline
from content.management.terminal import ProgressLine, counted, plain_line, stop, table
from content.rules import format_stx
from content.words import differences, moment_words

LOOK_SECONDS = 0.3
MOST_ROWS = 100
INTERRUPTED = 130


def show_started(started: Started, out: OutputWrapper) -> None:
    """A line for each batch, with its id; for several the id of the whole before them."""
    batches = started.progress().batches
    if started.submission is not None:
        out.write(f"Run {started.key} of {counted(len(batches), 'batch', 'batches')}")
    for batch in batches:
        items = counted(batch.total_items, "item")
        line = f"Batch {batch.pk} of {batch.creator}: {items}"
        out.write(plain_line("; ".join([line, *waiting_words(batch)])))


def follow(started: Started, out: OutputWrapper, *, is_here: bool, is_watched: bool) -> None:
    """Wait for the end and show the results, where that was asked for.

    Ends with exit code 1 when an item failed or a batch did not get through, 130 on Ctrl-C.
    """
    if is_here or is_watched:
        show_results(_watch(started, is_here=is_here), out)


def waiting_words(batch: BatchOperation) -> list[str]:
    """What keeps a batch from beginning, and when it is put back; empty for an ordinary one."""
    words = []
    if batch.is_blocked:
        later = batch.scheduled_for
        if later is not None and later > timezone.now():
            words.append(f"begins {when_words(later)}")
        if batch.is_paused:
            words.append("on hold")
        if batch.waits_for:
            others = f"{batch.waits_for} others" if batch.waits_for > 1 else "another batch"
            words.append(f"waits for {others}")
    if batch.until is not None and not batch.is_finished:
        words.append(f"is put back {when_words(batch.until)}")
    return words


def when_words(moment: datetime) -> str:
    """`24 Dec 2026, 18:00 CET (17:00 UTC)`, with the day in UTC where it is another."""
    words = moment_words(moment)
    if words.endswith(" UTC"):
        return words
    is_same_day = timezone.localtime(moment).date() == moment.date()
    return f"{words} ({date_format(moment, 'H:i' if is_same_day else 'j M, H:i')} UTC)"


def show_preview(plan: Preview, out: OutputWrapper) -> None:
    """Item by item what would happen; ends with exit code 1 when something is not possible."""
    write_preview(plan, out)
    if plan.failure_count:
        raise SystemExit(1)


def write_preview(plan: Preview, out: OutputWrapper) -> None:
    rows = [_preview_row(item) for item in plan.items[:MOST_ROWS]]
    out.write(table(("id", "title", "result", "why"), rows))
    if len(plan.items) > MOST_ROWS:
        out.write(f"… and {len(plan.items) - MOST_ROWS:,} more")
    if moves := plan.moves:
        smallest, largest, mean = (
            f"{'+' if move > 0 else ''}{format_stx(move)}"
            for move in (moves.smallest, moves.largest, moves.mean)
        )
        out.write(f"Prices move by {smallest} to {largest}, {mean} on average.")
    if cost := plan.chain_cost:
        calls = counted(cost.transactions, "transaction")
        fee = format_stx(cost.least_fee)
        out.write(f"The chain would take {calls} of {cost.size:,} bytes, {fee} at least.")
    out.write(f"{plan.headline}. Nothing was changed.")


def show_results(progress: Progress, out: OutputWrapper) -> None:
    """What came of each item, or of the failed ones where there are too many to read."""
    shows_all = progress.total <= MOST_ROWS
    rows: list[Sequence[object]] = []
    for batch in progress.batches:
        rows += _rows(batch, shows_all=shows_all, most=MOST_ROWS - len(rows))
        if batch.error:
            sys.stderr.write(plain_line(batch.error) + "\n")
    if rows:
        out.write(table(("id", "result", "why", "on chain"), rows))
    if progress.is_finished:
        words = outcome_words(progress)
        out.write(f"{words[:1].upper()}{words[1:]}.")
    else:
        out.write(f"{progress.done:,} of {progress.total:,} done.")
    all_completed = all(batch.status == Status.COMPLETED for batch in progress.batches)
    if progress.failed or (progress.is_finished and not all_completed):
        raise SystemExit(1)


def links_of(batch: BatchOperation) -> list[str]:
    """What a batch waits for, or waited for: each other batch and how it is to have ended."""
    links = Dependency.objects.filter(batch=batch).select_related("parent").order_by("id")
    return [
        f"{describe(link.parent)} {link.parent_id}, {link.get_when_display()}"
        f" ({link.get_state_display().lower()})"
        for link in links
    ]


def _watch(started: Started, *, is_here: bool) -> Progress:
    line, told = ProgressLine(), ""
    try:
        while not (progress := started.progress()).is_finished:
            if is_here:
                _work(progress)
                progress = started.progress()
                if progress.is_finished:
                    break
            line.show(progress.percent / 100, f"{progress.done:,} of {progress.total:,}")
            if (news := _why_not(progress, is_here=is_here)) and news != told:
                line.clear()
                sys.stderr.write(plain_line(news) + "\n")
                told = news
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        line.clear()
        stop("It goes on without being watched.", INTERRUPTED)
    line.clear()
    return progress


def _work(progress: Progress) -> None:
    settle_due()
    waiting = [batch.pk for batch in progress.batches if not batch.is_finished]
    due = BatchOperation.objects.claimable().filter(pk__in=waiting).order_by("created_at", "id")
    if keys := list(due.values_list("pk", flat=True)):
        run_inline(keys)


def _why_not(progress: Progress, *, is_here: bool) -> str:
    """What stands between it and its end, where that is no worker at work; else nothing."""
    waiting = [batch for batch in progress.batches if not batch.is_finished]
    if waiting and all(batch.is_blocked for batch in waiting):
        first = "; ".join(waiting_words(waiting[0]))
        return f"Not begun: {first}."
    if not is_here and worker_is_silent():
        return "No worker has been seen: start one, or use --here."
    return ""


def _preview_row(item: PreviewItem) -> Sequence[object]:
    if item.outcome == BatchItem.Outcome.SUCCEEDED:
        what = "; ".join(map(str, differences(item.before, item.after)))
        return (item.content_id, item.title, "Would change", what)
    return (item.content_id, item.title, item.outcome.label, item.words)


def _rows(batch: BatchOperation, *, shows_all: bool, most: int) -> list[Sequence[object]]:
    items = batch.items.all()
    if not shows_all:
        items = items.filter(outcome=BatchItem.Outcome.FAILED)
    return [
        (result.content_id, result.outcome.label, result.words, result.chain_state)
        for result in results_of(batch, items[: max(0, most)])
    ]
