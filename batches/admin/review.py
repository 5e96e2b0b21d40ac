"""What a review shows: the preview, largest moves first, and what starting it takes."""

from typing import Any

from django.core.paginator import Paginator

from batches.admin.progress import ITEM_LABELS
from batches.models import BatchItem, Submission
from batches.operations import OPERATIONS
from batches.rules import REJECT_ALL
from batches.services.preview import Preview, PreviewItem
from batches.services.submissions import (
    batches_needed,
    contents_of,
    count_to_type,
    items_by_creator,
    preview_submission,
)
from content.words import differences

ROWS_OF_REVIEW = 100
Outcome = BatchItem.Outcome


def review_context(submission: Submission, show: str, page_number: str | None) -> dict[str, Any]:
    """The preview, largest moves first, a page of it. Raises NotAllowed."""
    contents = contents_of(submission)
    preview = preview_submission(submission, contents)
    show = show if show in Outcome.values else ""
    items = [item for item in preview.items if not show or item.outcome == show]
    items.sort(key=_review_order)
    page = Paginator(items, ROWS_OF_REVIEW).get_page(page_number)
    needed = batches_needed(submission, contents)
    return {
        "preview": preview,
        "page": page,
        "show": show,
        "tabs": _tabs(preview),
        "rows": [
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
            for item in page
        ],
        "creators": [
            (str(wallet), wallet.pk, count)
            for wallet, count in items_by_creator(submission, contents).items()
        ],
        "batch_count": sum(needed.values()),
        "count_to_type": count_to_type(submission, preview),
        "is_startable": bool(preview.change_count)
        and not (submission.error_policy == REJECT_ALL and preview.failure_count),
        "is_strict": submission.error_policy == REJECT_ALL,
        "cautions": OPERATIONS[submission.kind].cautions(preview.afters),
    }


def _review_order(item: PreviewItem) -> tuple[int, int]:
    """Changes by size, then what can't be done, then what stays."""
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
