"""The form of a schedule: start, end and dependencies."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from batches.errors import Invalid
from batches.models import Dependency
from batches.operations import Operation, operation_for
from batches.recurrence import LOCAL_FORMAT, instant_of, parse_local_time
from batches.services.orders.schedule import AT_ONCE, Schedule
from batches.services.pages.dependency_choices import BATCH, RUN, Candidate, candidates_for
from batches.services.results.run import Run
from batches.services.runs.control import Times
from content.models import User

AFTER = "after-"
DONT_WAIT = ("", "Don’t wait for it")
LINK_CHOICES = [
    DONT_WAIT,
    *((value, f"Start {label}") for value, label in Dependency.When.choices),
]


class LocalTimeInput(forms.TextInput):
    """A local date and time, from the browser's calendar or typed like 2026-12-01 09:00."""

    input_type = "datetime-local"


def parse_local_input(text: str) -> datetime | None:
    """Parse the value of a WallInput, also with seconds or a space. Raises ValidationError."""
    text = text.strip().replace(" ", "T", 1)
    if len(text) == len("2026-12-01T09:00:00") and text.endswith(":00"):
        text = text[:-3]
    try:
        return parse_local_time(text or None)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def format_local_input(moment: datetime) -> str:
    """Format an instant in the viewer's time zone for a WallInput."""
    return timezone.localtime(moment).strftime(LOCAL_FORMAT)


class MomentField(forms.CharField):
    """A local time in the viewer's time zone; its value is the instant in UTC, None if empty.

    `recurrence` interprets the hours that a clock change skips or repeats; Django's own field
    refuses them.
    """

    widget = LocalTimeInput

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=40, **options)

    def prepare_value(self, value: Any) -> Any:
        return format_local_input(value) if isinstance(value, datetime) else value

    def clean(self, value: Any) -> Any:
        local = parse_local_input(super().clean(value))
        return local and instant_of(local, timezone.get_current_timezone())


class ScheduleForm(forms.Form):
    """Start, end and dependencies; an empty form starts as soon as it is confirmed."""

    scheduled_for = MomentField(label="Start at")
    until = MomentField(label="End at")

    def __init__(
        self,
        data: Any = None,
        *,
        user: User,
        operation: Operation,
        was: Schedule = AT_ONCE,
        exclude: Iterable[UUID] = (),
    ) -> None:
        """`was` is the current schedule; `exclude` are batches that can't be dependencies."""
        super().__init__(data, initial={"scheduled_for": was.scheduled_for, "until": was.until})
        zone = timezone.get_current_timezone_name()
        self.fields[
            "scheduled_for"
        ].help_text = f"Local time in {zone}. Leave empty to start at once."
        self.fields[
            "until"
        ].help_text = f"Local time in {zone}, when the previous prices are restored."
        # If it was sent for an operation without an end, the field stays to show the error.
        if not (operation.may_end or was.until or (data or {}).get("until")):
            del self.fields["until"]
        self.operation, self.was = operation, was
        links = dict(was.depends_on)
        posted = [name for name in (data or {}) if str(name).startswith(AFTER) and data[name]]
        wanted, wanted_runs = (_keys(posted, kind) for kind in (BATCH, RUN))
        self.candidates: dict[str, Candidate] = {
            f"{AFTER}{candidate.key}": candidate
            for candidate in candidates_for(
                user, links, besides=exclude, also=wanted, also_runs=wanted_runs
            )
        }
        self.has_unknown_parent = any(name not in self.candidates for name in posted)
        for name, candidate in self.candidates.items():
            self.fields[name] = forms.ChoiceField(
                label=candidate.words,
                required=False,
                choices=LINK_CHOICES,
                initial=links.get(candidate.batch_ids[0], ""),
            )

    @property
    def after_fields(self) -> list[forms.BoundField]:
        """A choice for each batch or run that this can wait for."""
        return [self[name] for name in self.candidates]

    @property
    def is_open(self) -> bool:
        """True if a field is filled in or has an error."""
        if self.is_bound:
            return bool(self.errors) or any(self.data.get(name) for name in self.fields)
        return self.was != AT_ONCE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.has_unknown_parent:
            self.add_error(None, "You have no batch or run with this id. Choose again.")
        try:
            self.value().check(self.operation, was=self.was)
        except Invalid as error:
            self.add_refusal(error)
        return cleaned

    def add_refusal(self, error: Invalid) -> None:
        """Show the errors of the service at their fields."""
        for path, words in error.errors.items():
            name = {"scheduledFor": "scheduled_for"}.get(path, path)
            self.add_error(name if name in self.fields else None, words)

    @property
    def links(self) -> tuple[tuple[UUID, str], ...]:
        """The batches to wait for, each with the required outcome.

        Links to batches that this user can't see are not shown, and stay.
        """
        shown = {key for candidate in self.candidates.values() for key in candidate.batch_ids}
        return (
            *((key, when) for key, when in self.was.depends_on if key not in shown),
            *(
                (key, self.cleaned_data[name])
                for name, candidate in self.candidates.items()
                if self.cleaned_data.get(name)
                for key in candidate.batch_ids
            ),
        )

    def value(self) -> Schedule:
        """Return the schedule that was entered, with the current pause. Only for a valid form."""
        return Schedule(**self.times(), is_paused=self.was.is_paused)

    def times(self) -> Times:
        """Return the same as arguments of `reschedule`."""
        return {
            "scheduled_for": self.cleaned_data.get("scheduled_for"),
            "until": self.cleaned_data.get("until"),
            "depends_on": self.links,
        }

    @classmethod
    def of_run(cls, run: Run, data: Any = None, *, user: User) -> Self:
        """Return the form of a run with pending batches; it shows the schedule of the first."""
        first = run.pending[0]
        return cls(
            data,
            user=user,
            operation=operation_for(first),
            was=Schedule.of_batch(first),
            exclude=[batch.pk for batch in run.batches],
        )

    def clean_scheduled_for(self) -> datetime | None:
        return self._with_seconds("scheduled_for")

    def clean_until(self) -> datetime | None:
        return self._with_seconds("until")

    def _with_seconds(self, name: str) -> datetime | None:
        """Keep the exact instant if its minute was not edited: the input drops seconds."""
        moment: datetime | None = self.cleaned_data[name]
        known: datetime | None = self.initial[name]
        return known if known and self.data.get(name) == format_local_input(known) else moment


def _keys(names: Iterable[str], kind: str) -> set[UUID]:
    """Return the valid ids in the names of the fields of one kind."""
    keys = set()
    for name in names:
        found, _, key = name.removeprefix(AFTER).partition("-")
        with suppress(ValueError):
            keys |= {UUID(key)} if found == kind else set()
    return keys
