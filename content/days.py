"""Filters by a range of days in the viewer's zone, both ends included."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from content.rules import day_bounds

# The range that databases and all zones support.
FIRST, LAST = date(1970, 1, 2), date(9999, 12, 30)
WRONG_ORDER = "This is before the first day. Choose a later day, or swap the two."


class DayField(forms.DateField):
    """A day, from a date picker or typed like 2026-01-31."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        options.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**options)
        self.error_messages["invalid"] = "Write the day like 2026-01-31."
        self.validators += [
            MinValueValidator(FIRST, "Choose a day after 1970-01-01."),
            MaxValueValidator(LAST, "Choose a day before 9999-12-31."),
        ]


def is_wrong_order(first: date | None, last: date | None) -> bool:
    return first is not None and last is not None and last < first


def within_days(field: str, first: date | None, last: date | None) -> dict[str, datetime]:
    """Return the lookups from the start of the first to the end of the last day."""
    zone = timezone.get_current_timezone()
    bounds = {}
    if first is not None:
        bounds[f"{field}__gte"] = day_bounds(first, zone)[0]
    if last is not None:
        bounds[f"{field}__lt"] = day_bounds(last, zone)[1]
    return bounds
