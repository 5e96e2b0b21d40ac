"""The context that the pages of batches and runs share."""

from typing import Any

from batches.operations.undo import UNDO
from batches.services.pages.actions import allowed_actions
from batches.services.pages.graph import follow_ups_of, graph_of, originals_of
from batches.services.pages.notes import related_notes, start_notes
from batches.services.results.results import Totals
from batches.services.results.run import Run
from content.models import User


def run_context(run: Run, user: User, totals: Totals) -> dict[str, Any]:
    """Return what it waits for, related batches, dependencies and allowed actions."""
    graph, follow_ups = graph_of(run.batches, user), follow_ups_of(run.batches, user)
    return {
        "graph": graph,
        "start_notes": start_notes(run, graph),
        "related_notes": related_notes(run, originals_of(run.batches, user), follow_ups),
        "is_undo": any(UNDO in batch.payload for batch in run.batches),
        "actions": allowed_actions(run, user, totals=totals, follow_ups=follow_ups),
    }
