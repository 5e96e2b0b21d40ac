"""The context of a review: the preview with the largest changes first, and the batches."""

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator

from batches.admin.progress import ITEM_LABELS
from batches.models import BatchItem, Submission
from batches.operations import operation_for
from batches.rules import REJECT_ALL
from batches.services.orders.preview import Moves, Preview, PreviewItem
from batches.services.runs.confirm import count_to_type, preview_submission
from batches.services.runs.split import batches_needed, contents_of, items_by_creator
from content.contract.cost import Cost
from content.rules import format_stx
from content.words import differences

ROWS_OF_REVIEW = 100
ROWS_OF_REHEARSAL = 20
Outcome = BatchItem.Outcome


def review_context(submission: Submission, show: str, page_number: str | None) -> dict[str, Any]:
    """Return one page of the preview, largest changes first. Raises NotAllowed."""
    contents = contents_of(submission)
    preview = preview_submission(submission, contents)
    show = show if show in Outcome.values else ""
    items = [item for item in preview.items if not show or item.outcome == show]
    page = Paginator(rows_of(items), ROWS_OF_REVIEW).get_page(page_number)
    needed = batches_needed(submission, contents)
    return {
        "preview": preview,
        "page": page,
        "show": show,
        "tabs": _tabs(preview),
        "rows": page.object_list,
        "creators": [
            (str(wallet), wallet.pk, count)
            for wallet, count in items_by_creator(submission, contents).items()
        ],
        "batch_count": sum(needed.values()),
        "count_to_type": count_to_type(submission, preview),
        "is_startable": bool(preview.change_count)
        and not (submission.error_policy == REJECT_ALL and preview.failure_count),
        "is_strict": submission.error_policy == REJECT_ALL,
        "moves": moves_words(preview.moves),
        "cost": cost_words(preview.chain_cost),
        "cautions": operation_for(submission).cautions(preview.afters),
    }


def rows_of(items: Iterable[PreviewItem]) -> list[dict[str, Any]]:
    """Return the rows of the table, the largest changes first."""
    return [
        {
            "item": item,
            "label": ITEM_LABELS[item.outcome],
            "differences": differences(item.before, item.after),
            "outcome": {
                Outcome.SUCCEEDED: "Will change",
                Outcome.UNCHANGED: "Unchanged",
                Outcome.FAILED: "Not possible",
            }[item.outcome],
        }
        for item in sorted(items, key=_review_order)
    ]


def rehearsal(preview: Preview) -> dict[str, Any]:
    """Return a short preview: the first rows and the number of further ones."""
    rows = rows_of(preview.items)
    return {
        "headline": preview.headline,
        "moves": moves_words(preview.moves),
        "cost": cost_words(preview.chain_cost),
        "rows": rows[:ROWS_OF_REHEARSAL],
        "rest": max(0, len(rows) - ROWS_OF_REHEARSAL),
    }


def moves_words(moves: Moves | None) -> str:
    """Describe the price changes; empty if there are none."""
    if moves is None:
        return ""
    if moves.smallest == moves.largest:
        return f"Each price changes by {_signed(moves.mean)}."
    return (
        f"Prices change by {_signed(moves.smallest)} to {_signed(moves.largest)}, "
        f"by {_signed(moves.mean)} on average."
    )


def cost_words(cost: Cost | None) -> str:
    """Describe the on-chain update; empty if there is none."""
    if cost is None:
        return ""
    items = "1 item" if cost.items == 1 else f"{cost.items:,} items"
    calls = "1 transaction" if cost.transactions == 1 else f"{cost.transactions:,} transactions"
    fee = format_stx(cost.least_fee)
    return f"On-chain update of {items} in {calls} of {cost.size:,} bytes, fees from {fee}."


def _signed(micro_stx: int) -> str:
    return f"{'+' if micro_stx > 0 else '−' if micro_stx < 0 else ''}{format_stx(abs(micro_stx))}"


def _review_order(item: PreviewItem) -> tuple[int, int]:
    """Sort changes by size, then failures, then unchanged items."""
    rank = {Outcome.SUCCEEDED: 0, Outcome.FAILED: 1, Outcome.UNCHANGED: 2}[item.outcome]
    numbers = [
        abs(value - (item.before or {}).get(name, 0))
        for name, value in (item.after or {}).items()
        if type(value) is int and type((item.before or {}).get(name, 0)) is int
    ]
    return rank, -max(numbers, default=0)


def _tabs(preview: Preview) -> list[tuple[str, str, int]]:
    tabs = [
        ("", "All", len(preview.items)),
        (Outcome.SUCCEEDED, "Will change", preview.change_count),
        (Outcome.UNCHANGED, "Unchanged", preview.unchanged_count),
        (Outcome.FAILED, "Not possible", preview.failure_count),
    ]
    return [tab for tab in tabs if tab[2]]
