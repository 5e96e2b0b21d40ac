"""The run history of a template, as far as the user may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from batches.models import BatchOperation, Submission, TemplateRun
from batches.services.results.run import Run
from batches.views.run_progress import Progress
from content.models import User

TONES = {
    TemplateRun.State.DUE: "waiting",
    TemplateRun.State.STARTED: "good",
    TemplateRun.State.MISSED: "quiet",
    TemplateRun.State.REFUSED: "bad",
}


@dataclass(frozen=True)
class TemplateRunRow:
    """One run with the batches that the user may see."""

    run: TemplateRun
    progress: Progress | None
    batches: Sequence[BatchOperation]
    # True if the user may see the page of the whole run.
    has_page: bool

    @property
    def tone(self) -> str:
        return TONES[TemplateRun.State(self.run.state)]

    @property
    def local(self) -> datetime | None:
        """The local time in the template's zone; None for a manual run."""
        if self.run.is_manual:
            return None
        return self.run.due_at.astimezone(self.run.template.zone).replace(tzinfo=None)


def runs_of(runs: Sequence[TemplateRun], user: User) -> list[TemplateRunRow]:
    """Add the visible batches to the runs, in two queries for any number of runs."""
    keys = [run.submission_id for run in runs if run.submission_id]
    batches: dict[object, list[BatchOperation]] = {}
    seen: set[object] = set()
    if keys:
        visible = BatchOperation.objects.visible_to(user).filter(submission_id__in=keys)
        for batch in visible.order_by("created_at"):
            batches.setdefault(batch.submission_id, []).append(batch)
        pages = Submission.objects.visible_to(user).filter(pk__in=keys)
        seen = set(pages.values_list("pk", flat=True))
    return [
        TemplateRunRow(
            run,
            Progress(Run(own), {}) if (own := batches.get(run.submission_id, [])) else None,
            own,
            run.submission_id in seen,
        )
        for run in runs
    ]
