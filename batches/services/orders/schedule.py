"""When a change starts, when it ends and what it waits for: one value with one validator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from batches import rules
from batches.errors import Invalid
from batches.models import BatchOperation, Submission
from batches.operations import Operation

# A batch to wait for, and one of batches.rules.LINKS.
Link = tuple[UUID, str]
FIELDS = ("scheduledFor", "until", "dependsOn")


@dataclass(frozen=True)
class Schedule:
    """When a change starts, what it waits for, and when it is undone; instants in UTC."""

    scheduled_for: datetime | None = None
    until: datetime | None = None
    depends_on: tuple[Link, ...] = ()
    # Until it is resumed.
    is_paused: bool = False

    @classmethod
    def clean(cls, body: Mapping[str, Any], operation: Operation) -> Self:
        """Read `scheduledFor`, `until` and `dependsOn` as the API has them.

        Raises Invalid that names every wrong field.
        """
        errors = rules.ErrorCollector()
        schedule = cls(
            errors.attempt(rules.clean_moment, body.get("scheduledFor"), "scheduledFor"),
            errors.attempt(rules.clean_moment, body.get("until"), "until"),
            tuple(errors.attempt(rules.clean_depends_on, body.get("dependsOn")) or ()),
        )
        errors.attempt(schedule.check, operation)
        errors.raise_errors()
        return schedule

    @classmethod
    def of_batch(cls, batch: BatchOperation) -> Self:
        """Return the current schedule of a batch; one query for its links."""
        links = tuple(batch.dependencies.order_by("id").values_list("parent_id", "when"))
        return cls(batch.scheduled_for, batch.until, links, batch.is_paused)

    @classmethod
    def of_submission(cls, submission: Submission) -> Self:
        """Return the schedule of a prepared change."""
        links = tuple((UUID(key), when) for key, when in submission.depends_on)
        return cls(submission.scheduled_for, submission.until, links, submission.is_paused)

    def check(self, operation: Operation, *, was: "Schedule | None" = None) -> None:
        """Raise Invalid that names each wrong field.

        Values equal to those in `was` are not checked again, so a past start may stay.
        """
        was = was or AT_ONCE
        errors = rules.ErrorCollector()
        if self.scheduled_for not in (None, was.scheduled_for):
            errors.attempt(rules.check_moment, self.scheduled_for, field="scheduledFor")
        if self.until is not None and self.until != was.until:
            errors.attempt(self._check_until, operation, field="until")
        elif self._ends_before_start and self.scheduled_for != was.scheduled_for:
            errors.add("scheduledFor", "This must be earlier than the end.")
        if len(self.depends_on) > rules.MAX_PARENTS:
            errors.add("dependsOn", rules.TOO_MANY_PARENTS)
        errors.raise_errors()

    def _check_until(self, operation: Operation) -> None:
        if not operation.may_end:
            raise ValueError(rules.NO_END)
        assert self.until is not None
        rules.check_moment(self.until)
        if self._ends_before_start:
            raise ValueError("This must be later than the start.")

    @property
    def _ends_before_start(self) -> bool:
        return bool(self.until and self.scheduled_for and self.until <= self.scheduled_for)


AT_ONCE = Schedule()


def clean_times(body: Mapping[str, Any]) -> dict[str, datetime | None]:
    """Read the times in a body, as arguments of `reschedule`. Raises Invalid."""
    errors = rules.ErrorCollector()
    times = {
        argument: errors.attempt(rules.clean_moment, body[name], name)
        for name, argument in (("scheduledFor", "scheduled_for"), ("until", "until"))
        if name in body
    }
    if not times:
        raise Invalid(errors={"scheduledFor": ["Send a time, or null to start at once."]})
    errors.raise_errors()
    return times
