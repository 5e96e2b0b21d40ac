"""The output of `run_batch` about a run: what it waits for, its progress and its results."""

import sys
import time
from collections.abc import Sequence

from django.core.management.base import OutputWrapper

from batches.models import BatchItem, BatchOperation, Status
from batches.operations import describe
from batches.services.engine.settle import settle_due
from batches.services.heartbeat import worker_is_silent
from batches.services.mail.outbox import outcome_words
from batches.services.orders.preview import Preview, PreviewItem
from batches.services.pages.graph import follow_ups_of, graph_of, originals_of
from batches.services.pages.notes import Note, related_notes, start_notes
from batches.services.results.blockers import blockers
from batches.services.results.results import results_of
from batches.services.results.run import Run
from batches.services.worker.inline import run_inline
from content.management.terminal import ProgressLine, counted, plain_line, stop, table
from content.rules import format_stx
from content.words import differences, moment_and_utc_words

POLL_SECONDS = 0.3
MAX_ROWS = 100
INTERRUPTED = 130


def show_run(run: Run, out: OutputWrapper) -> None:
    """Print a line for each batch, and the id of a run of several before them."""
    if run.submission is not None:
        out.write(f"Run {run.key} of {counted(len(run.batches), 'batch', 'batches')}")
    for batch in run.batches:
        items = counted(batch.total_items, "item")
        line = f"Batch {batch.pk} of {batch.creator}: {items}"
        out.write(plain_line("; ".join([line, *state_words(batch)])))


def follow(run: Run, out: OutputWrapper, *, is_here: bool, is_watched: bool) -> None:
    """Wait until the run ends and show the results, if `is_here` or `is_watched`.

    Exit with 1 if an item failed or a batch did not complete, with 130 on Ctrl-C.
    """
    if is_here or is_watched:
        show_results(_watch(run, is_here=is_here), out)


def state_words(batch: BatchOperation) -> list[str]:
    """Return what blocks a batch, and when it ends; empty if neither applies."""
    words = blockers(batch)
    if batch.until is not None and not batch.is_finished:
        words.append(f"ends {moment_and_utc_words(batch.until)}")
    return words


def show_preview(preview: Preview, out: OutputWrapper) -> None:
    """Print a preview item by item; exit with 1 if an item would fail."""
    write_preview(preview, out)
    if preview.failure_count:
        raise SystemExit(1)


def write_preview(preview: Preview, out: OutputWrapper) -> None:
    rows = [_preview_row(item) for item in preview.items[:MAX_ROWS]]
    out.write(table(("id", "title", "result", "why"), rows))
    if len(preview.items) > MAX_ROWS:
        out.write(f"… and {len(preview.items) - MAX_ROWS:,} more")
    if moves := preview.moves:
        smallest, largest, mean = (
            f"{'+' if move > 0 else ''}{format_stx(move)}"
            for move in (moves.smallest, moves.largest, moves.mean)
        )
        out.write(f"Prices change by {smallest} to {largest}, by {mean} on average.")
    if cost := preview.chain_cost:
        calls = counted(cost.transactions, "transaction")
        fee = format_stx(cost.least_fee)
        out.write(f"The on-chain update takes {calls} of {cost.size:,} bytes, fees from {fee}.")
    out.write(f"{preview.headline}. Nothing was changed.")


def show_results(run: Run, out: OutputWrapper) -> None:
    """Print the result of each item, or only failures if there are too many."""
    shows_all = run.total <= MAX_ROWS
    rows: list[Sequence[object]] = []
    for batch in run.batches:
        rows += _rows(batch, shows_all=shows_all, most=MAX_ROWS - len(rows))
        if batch.error:
            sys.stderr.write(plain_line(batch.error) + "\n")
    if rows:
        out.write(table(("id", "result", "why", "on chain"), rows))
    if run.is_finished:
        words = outcome_words(run)
        out.write(f"{words[:1].upper()}{words[1:]}.")
    else:
        out.write(f"{run.done:,} of {run.total:,} done.")
    all_completed = all(batch.status == Status.COMPLETED for batch in run.batches)
    if run.failed or (run.is_finished and not all_completed):
        raise SystemExit(1)


def note_lines(batch: BatchOperation) -> list[str]:
    """Return what the batch waits for, retries and undoes, in sentences with ids."""
    run = Run([batch])
    graph = graph_of(run.batches, None)
    notes = [
        *start_notes(run, graph),
        *(
            Note("Waited for", node.batch, f", {node.when}: {node.state_label.lower()}.")
            for node in graph.parents
            if node not in graph.awaited
        ),
        *related_notes(run, originals_of(run.batches, None), follow_ups_of(run.batches, None)),
    ]
    return [
        note.words + (f" {describe(note.batch)} {note.batch.pk}{note.tail}" if note.batch else "")
        for note in notes
    ]


def _watch(run: Run, *, is_here: bool) -> Run:
    line, shown = ProgressLine(), ""
    try:
        while not (run := run.refreshed()).is_finished:
            if is_here:
                _work(run)
                run = run.refreshed()
                if run.is_finished:
                    break
            line.show(run.percent / 100, f"{run.done:,} of {run.total:,}")
            if (notice := _notice(run, is_here=is_here)) and notice != shown:
                line.clear()
                sys.stderr.write(plain_line(notice) + "\n")
                shown = notice
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        line.clear()
        stop("Stopped watching. The run continues.", INTERRUPTED)
    line.clear()
    return run


def _work(run: Run) -> None:
    settle_due()
    waiting = [batch.pk for batch in run.batches if not batch.is_finished]
    due = BatchOperation.objects.claimable().filter(pk__in=waiting).order_by("created_at", "id")
    if keys := list(due.values_list("pk", flat=True)):
        run_inline(keys)


def _notice(run: Run, *, is_here: bool) -> str:
    """Return why the run does not proceed; empty if a worker is busy with it."""
    if run.is_blocked:
        first = next(batch for batch in run.batches if not batch.is_finished)
        return f"Not started: {'; '.join(state_words(first))}."
    if not is_here and worker_is_silent():
        return "No worker is running: start one, or use --here."
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
