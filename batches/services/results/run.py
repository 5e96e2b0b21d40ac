"""A run, one batch or several that were started together, and its combined state."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from batches.errors import NotAllowed, NotFound
from batches.models import BatchOperation, Status, Submission
from batches.models.batch import BatchQuerySet
from batches.operations import describe
from batches.services.permissions import may_control, may_control_all
from content.models import User


@dataclass(frozen=True)
class Run:
    """The batches of a run, as far as the person may see them.

    `submission` is None for a batch that was started alone, or that is looked at alone.
    """

    batches: Sequence[BatchOperation]
    submission: Submission | None = None

    @property
    def key(self) -> UUID:
        """The id that `find_run` takes."""
        return self.submission.pk if self.submission else self.batches[0].pk

    @property
    def noun(self) -> str:
        return "run" if self.submission else "batch"

    @property
    def description(self) -> str:
        """What it does: `Update price +10 %`."""
        return describe(self.submission or self.batches[0])

    @property
    def kind(self) -> str:
        return self.submission.kind if self.submission else self.batches[0].kind

    @property
    def rows(self) -> BatchQuerySet:
        """All of its batches, including hidden ones."""
        if self.submission:
            return BatchOperation.objects.filter(submission=self.submission)
        return BatchOperation.objects.filter(pk__in=[batch.pk for batch in self.batches])

    def complete(self) -> Self:
        """Read all of its batches again, including hidden ones; one query."""
        rows = self.rows.select_related("creator").order_by("created_at", "id")
        return type(self)(list(rows), self.submission)

    def check_right(self, user: User) -> None:
        """Raise NotAllowed unless the user may control every batch of it."""
        if not self.may_be_controlled_by(user):
            raise NotAllowed(f"You may not change this {self.noun}.")

    def may_be_controlled_by(self, user: User) -> bool:
        """Return True if the user may control every batch of it, including hidden ones."""
        if self.submission:
            return may_control_all(user, self.submission)
        return all(may_control(user, batch) for batch in self.batches)

    def refreshed(self) -> Self:
        """Read the same batches again; one query."""
        keys = [batch.pk for batch in self.batches]
        rows = BatchOperation.objects.filter(pk__in=keys).select_related("creator")
        return type(self)(list(rows.order_by("created_at", "id")), self.submission)

    # ------------------------------------------------------------ progress

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
    def pending(self) -> Sequence[BatchOperation]:
        """The batches that have not started."""
        return [batch for batch in self.batches if batch.status == Status.PENDING]

    @property
    def status(self) -> Status:
        """Waiting while all batches wait; once all have ended, the worst status."""
        found = {Status(batch.status) for batch in self.batches}
        if not self.is_finished:
            return Status.PENDING if found == {Status.PENDING} else Status.PROCESSING
        worst = (Status.FAILED, Status.CANCELLED)
        return next((status for status in worst if status in found), Status.COMPLETED)

    @property
    def outcome(self) -> BatchOperation.Outcome | None:
        """The combined outcome; None before the end, or if no item was processed."""
        if not self.is_finished:
            return None
        if self.succeeded == self.total:
            return BatchOperation.Outcome.SUCCEEDED
        if self.succeeded:
            return BatchOperation.Outcome.PARTIAL
        if self.status == Status.CANCELLED and not self.failed:
            return None
        return BatchOperation.Outcome.FAILED

    # ------------------------------------------------------------ schedule

    @property
    def is_paused(self) -> bool:
        """True if a pending batch is paused."""
        return any(batch.is_paused for batch in self.pending)

    @property
    def is_blocked(self) -> bool:
        """True if every unfinished batch waits for a time, a resume or another batch."""
        unfinished = [batch for batch in self.batches if not batch.is_finished]
        return bool(unfinished) and all(batch.is_blocked for batch in unfinished)

    @property
    def scheduled_for(self) -> datetime | None:
        """The earliest start of the pending batches; None for at once."""
        times = [batch.scheduled_for for batch in self.pending or self.batches]
        return None if None in times else min(filter(None, times), default=None)

    @property
    def until(self) -> datetime | None:
        """When its changes are undone; None if never, or if its batches differ."""
        ends = {batch.until for batch in self.pending or self.batches}
        return ends.pop() if len(ends) == 1 else None


def run_of(submission: Submission, user: User | None = None) -> Run:
    """Return the run with the batches that the user may see; one query."""
    batches = BatchOperation.objects.all()
    visible = batches.visible_to(user) if user else batches
    ours = visible.filter(submission=submission).select_related("creator", "requested_by")
    return Run(list(ours.order_by("created_at", "id")), submission)


def find_batch_run(key: UUID, *, by: User | None = None) -> Run:
    """Find the run of one batch that the user may see. Raises NotFound."""
    batches = BatchOperation.objects.visible_to(by) if by else BatchOperation.objects.all()
    batch = batches.select_related("creator__owner", "requested_by").filter(pk=key).first()
    if batch is None:
        raise NotFound(f"There is no batch {key}.")
    return Run([batch])


def find_submission_run(key: UUID, *, by: User | None = None) -> Run:
    """The batches of a submission, as far as the person may see them. Raises NotThere.

    A draft is its author's, at a form, and not a run yet.
    """
    submissions = Submission.objects.visible_to(by) if by else Submission.objects.all()
    confirmed = submissions.filter(state=Submission.State.CONFIRMED, pk=key)
    submission = confirmed.select_related("by").first()
    run = None if submission is None else run_of(submission, by)
    if run is None or not run.batches:
        raise NotFound(f"There is no run {key}.")
    return run


def find_run(key: UUID, *, by: User | None = None) -> Run:
    """Find the batch or the run with this id. Raises NotFound."""
    for find in (find_batch_run, find_submission_run):
        with suppress(NotFound):
            return find(key, by=by)
    raise NotFound(f"There is no batch and no run {key}.")
