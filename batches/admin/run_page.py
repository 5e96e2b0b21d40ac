"""The context of the page of a run: its progress, dependencies, notes and buttons."""

from typing import Any

from batches.admin.progress import progress_context
from batches.admin.run_buttons import buttons_of, url_of
from batches.services.pages.actions import allowed_actions
from batches.services.pages.graph import follow_ups_of, graph_of, originals_of
from batches.services.pages.notes import related_notes, start_notes
from batches.services.results.run import Run
from content.http import AuthenticatedHttpRequest


def run_context(run: Run, request: AuthenticatedHttpRequest) -> dict[str, Any]:
    user = request.user
    context = progress_context(run, request.GET)
    graph, follow_ups = graph_of(run.batches, user), follow_ups_of(run.batches, user)
    actions = allowed_actions(run, user, totals=context["tabs"].totals, follow_ups=follow_ups)
    return {
        **context,
        "graph": graph,
        "notes": [
            *related_notes(run, originals_of(run.batches, user), follow_ups),
            *start_notes(run, graph),
        ],
        "buttons": buttons_of(run, actions, user),
        "download_url": url_of(run, "results"),
    }
