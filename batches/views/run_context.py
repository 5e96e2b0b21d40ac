"""The context that the pages of batches and runs share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from batches.operations.undo import UNDO
from batches.services.pages.actions import allowed_actions
from batches.services.pages.graph import follow_ups_of, graph_of, originals_of
from batches.services.results.blockers import is_ahead
from batches.services.results.results import Totals
from batches.services.results.run import Run
from content.models import User


@dataclass(frozen=True)
class Delay:
    """Why batches have not started; `start_at` is the earliest time in the run."""

    pending: int
    paused: int
    linked: int
    start_at: datetime | None
    until: datetime | None

    @property
    def is_blocked(self) -> bool:
        return bool(self.paused or self.linked or self.start_at)


def delay_of(run: Run) -> Delay | None:
    """None if all batches have started."""
    if not run.pending:
        return None
    times = [batch.scheduled_for for batch in run.pending]
    return Delay(
        pending=len(run.pending),
        paused=sum(batch.is_paused for batch in run.pending),
        linked=sum(bool(batch.waits_for) for batch in run.pending),
        start_at=min((time for time in times if time and is_ahead(time)), default=None),
        until=run.pending[0].until,
    )


def run_context(run: Run, user: User, totals: Totals) -> dict[str, Any]:
    """Return its delay, dependencies, originals, follow-ups and allowed actions."""
    follow_ups = follow_ups_of(run.batches, user)
    return {
        "delay": delay_of(run),
        "graph": graph_of(run.batches, user),
        "originals": originals_of(run.batches, user),
        "follow_ups": follow_ups,
        "is_undo": any(UNDO in batch.payload for batch in run.batches),
        "actions": allowed_actions(run, user, totals=totals, follow_ups=follow_ups),
    }
