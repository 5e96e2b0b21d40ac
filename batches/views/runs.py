"""What became of a template's runs, for one who looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from batches.models import BatchOperation, Submission, TemplateRun
from batches.services.results.run import Run
from batches.views.standing import Standing
from content.models import User

TONES = {
    TemplateRun.State.DUE: "waiting",
    TemplateRun.State.STARTED: "good",
    TemplateRun.State.MISSED: "quiet",
    TemplateRun.State.REFUSED: "bad",
}


@dataclass(frozen=True)
class TemplateRunRow:
    """One run with its batches, as far as the person may see them."""

    run: TemplateRun
    standing: Standing | None
    batches: Sequence[BatchOperation]
    # All that was started together has a page that the person may see.
    has_page: bool

    @property
    def tone(self) -> str:
        return TONES[TemplateRun.State(self.run.state)]

    @property
    def wall(self) -> datetime | None:
        """The clock on the template's wall; None for a run by hand."""
        if self.run.is_by_hand:
            return None
        return self.run.due_at.astimezone(self.run.template.zone).replace(tzinfo=None)


def runs_of(runs: Sequence[TemplateRun], user: User) -> list[TemplateRunRow]:
    """Two queries, however many."""
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
            Standing(Run(own), {}) if (own := batches.get(run.submission_id, [])) else None,
            own,
            run.submission_id in seen,
        )
        for run in runs
    ]
