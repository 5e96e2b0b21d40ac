"""The context of the progress of a run."""

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import QueryDict
from django.utils import timezone

from batches.models import BatchItem, BatchOperation, Status
from batches.operations import known_operation
from batches.result_tabs import ResultTabs
from batches.services.results.blockers import blocker_label, blockers
from batches.services.results.results import chain_counts, left_of, results_of, totals_of
from batches.services.results.run import Run
from content.admin.words import CHAIN_LABELS
from content.models import Content, ContentChange
from content.words import differences

ChainState = ContentChange.ChainState
LONG_WAIT = timedelta(seconds=15)
POLL_SECONDS = 1
POLL_CHAIN_SECONDS = 5
# A blocked run rarely changes.
POLL_BLOCKED_SECONDS = 15
ROWS_A_PAGE = 100

STATUS_LABELS = {
    Status.PENDING.label: "info",
    Status.PROCESSING.label: "primary",
    Status.COMPLETED.label: "success",
    Status.FAILED.label: "danger",
    Status.CANCELLED.label: "",
}
OUTCOME_LABELS = {
    BatchOperation.Outcome.SUCCEEDED.label: "success",
    BatchOperation.Outcome.PARTIAL.label: "warning",
    BatchOperation.Outcome.FAILED.label: "danger",
}
ITEM_LABELS = {
    BatchItem.Outcome.SUCCEEDED: "success",
    BatchItem.Outcome.UNCHANGED: "",
    BatchItem.Outcome.FAILED: "danger",
}


def progress_context(run: Run, query: QueryDict) -> dict[str, Any]:
    """Return counters, chain states and one page of the results that `query` selects.

    Failures come first. `poll_seconds` is 0 if nothing can change any more.
    """
    batches = list(run.batches)
    chain = chain_counts(*batches) if run.is_finished else {}
    tabs = ResultTabs.read(query, totals_of(*batches), is_finished=run.is_finished)
    page = Paginator(_chosen(batches, tabs), ROWS_A_PAGE).get_page(query.get("p"))
    rows = list(page.object_list)
    return {
        "run": run,
        "headline": headline(run),
        "status": {"text": status_words(run), "label": STATUS_LABELS[run.status.label]},
        "batches": [(batch, words_of_blockers(batch)) for batch in batches],
        "chain_states": [
            (ChainState(state).label, count, CHAIN_LABELS[ChainState(state)])
            for state, count in sorted(chain.items())
        ],
        "waits_long": _waits_long(run),
        "poll_seconds": _poll_seconds(run, set(chain)),
        "tabs": tabs,
        "can_send_again": bool(tabs.totals.failed and _has_requested_columns(batches[0])),
        "page": page,
        "refresh_query": "&".join(filter(None, (tabs.query, f"p={page.number}"))),
        "results": left_rows(rows) if tabs.shows_left else result_rows(batches, rows),
    }


def status_words(run: Run) -> str:
    return blocker_label(run) if run.status == Status.PENDING else str(run.status.label)


def words_of_blockers(batch: BatchOperation) -> str:
    """`Starts 24 Dec 2026, 18:00 CET (17:00 UTC), paused`; empty if nothing blocks it."""
    words = ", ".join(blockers(batch))
    return f"{words[:1].upper()}{words[1:]}"


def _has_requested_columns(batch: BatchOperation) -> bool:
    operation = known_operation(batch)
    return bool(operation and operation.requested_columns)


def _chosen(batches: list[BatchOperation], tabs: ResultTabs) -> Any:
    if tabs.shows_left:
        return left_of(batches)
    items = BatchItem.objects.of(batches).matching(outcome=tabs.outcome, code=tabs.code)
    return items.with_changes().failures_first()


def headline(run: Run) -> str:
    """`37 of 40 saved, 2 of them unchanged, 3 failed`."""
    parts = [f"{run.succeeded:,} of {run.total:,} saved"]
    if run.unchanged:
        parts.append(f"{run.unchanged:,} of them unchanged")
    if run.failed:
        parts.append(f"{run.failed:,} failed")
    return ", ".join(parts)


def left_rows(left: list[tuple[BatchOperation, str]]) -> list[dict[str, Any]]:
    """Return table rows for the ids that were not processed."""
    titles = _titles([key for _, key in left])
    words = {"outcome": "Not attempted", "why": "The batch ended before this item was processed"}
    return [{"id": key, "title": titles.get(key), "label": "", **words} for _, key in left]


def _titles(keys: list[str]) -> dict[str, str]:
    return dict(Content.objects.filter(pk__in=keys).values_list("pk", "title"))


def result_rows(batches: list[BatchOperation], items: list[BatchItem]) -> list[dict[str, Any]]:
    """Return table rows for results, in the order of `items`; the batches have one kind."""
    results = results_of(batches[0], items) if items else []
    titles = _titles([result.content_id for result in results])
    return [
        {
            "id": result.content_id,
            "title": titles.get(result.content_id),
            "why": result.words,
            "chain_error": result.chain_error,
            "tx_id": result.tx_id,
            "label": ITEM_LABELS[result.outcome],
            "outcome": result.outcome.label,
            "differences": differences(result.before, result.after),
            "chain": ""
            if result.chain_state == ChainState.NONE
            else ChainState(result.chain_state).label,
            "chain_label": CHAIN_LABELS[ChainState(result.chain_state)],
        }
        for result in results
    ]


def _poll_seconds(run: Run, chain: set[str]) -> int:
    if run.is_finished:
        return POLL_CHAIN_SECONDS if ContentChange.OPEN_STATES & chain else 0
    return POLL_BLOCKED_SECONDS if run.is_blocked else POLL_SECONDS


def _waits_long(run: Run) -> bool:
    if run.status != Status.PENDING or run.is_blocked or not run.batches:
        return False
    since = min(
        max(batch.created_at, batch.scheduled_for or batch.created_at) for batch in run.batches
    )
    return since < timezone.now() - LONG_WAIT
