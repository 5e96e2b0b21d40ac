"""How far a submission, or a single batch, has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from batches.models import BatchOperation, Status, Submission
from batches.models.batch import BatchQuerySet
from content.models import User


@dataclass(frozen=True)
class Progress:
    """How far a submission, or a single batch, has come."""

    batches: Sequence[BatchOperation]

    def _sum(self, counter: str) -> int:
        return sum(getattr(batch, counter) for batch in self.batches)

    @property
    def total(self) -> int:
        return self._sum("total_items")

    @property
    def succeeded(self) -> int:
        return self._sum("success_count")

    @property
    def unchanged(self) -> int:
        return self._sum("unchanged_count")

    @property
    def failed(self) -> int:
        return self._sum("failure_count")

    @property
    def done(self) -> int:
        return self.succeeded + self.failed

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100

    @property
    def is_finished(self) -> bool:
        return all(batch.is_finished for batch in self.batches)

    @property
    def status(self) -> Status:
        """As of one batch: waiting while all wait, and in the end as the worst of them."""
        found = {Status(batch.status) for batch in self.batches}
        if not self.is_finished:
            return Status.PENDING if found == {Status.PENDING} else Status.PROCESSING
        worst = (Status.FAILED, Status.CANCELLED)
        return next((status for status in worst if status in found), Status.COMPLETED)

    @property
    def _planned(self) -> Sequence[BatchOperation]:
        """Those that have not begun; all once every one of them has."""
        return [batch for batch in self.batches if batch.status == Status.PENDING] or self.batches

    @property
    def is_paused(self) -> bool:
        """Something that has not begun is on hold."""
        return any(batch.is_paused and batch.status == Status.PENDING for batch in self.batches)

    @property
    def scheduled_for(self) -> datetime | None:
        """When the first begins of those that have not; None for as soon as may be."""
        times = [batch.scheduled_for for batch in self._planned]
        return None if None in times else min(filter(None, times), default=None)

    @property
    def until(self) -> datetime | None:
        """When it is put back; None also where its batches differ."""
        ends = {batch.until for batch in self._planned}
        return ends.pop() if len(ends) == 1 else None

    @property
    def outcome(self) -> BatchOperation.Outcome | None:
        """What came of all of it; None before the end, and when nothing was done."""
        if not self.is_finished:
            return None
        if self.succeeded == self.total:
            return BatchOperation.Outcome.SUCCEEDED
        if self.succeeded:
            return BatchOperation.Outcome.PARTIAL
        if self.status == Status.CANCELLED and not self.failed:
            return None
        return BatchOperation.Outcome.FAILED


def progress_of(submission: Submission, user: User | None = None) -> Progress:
    """Of all its batches, or of those that the person may see. One query, however many items."""
    batches = BatchOperation.objects.all()
    return Progress(batches_of(submission, batches.visible_to(user) if user else batches))


def batches_of(submission: Submission, among: BatchQuerySet) -> list[BatchOperation]:
    """Its batches among these, in the order in which they were made."""
    ours = among.filter(submission=submission).select_related("creator")
    return list(ours.order_by("created_at", "id"))
