"""Filters by price and day, in user notation."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateFilter, RangeNumericListFilter
from unfold.contrib.filters.forms import RangeDateForm, RangeNumericForm

from content.days import WRONG_ORDER, DayField, is_wrong_order, within_days
from content.models import Content
from content.rules import parse_stx


class StxRangeForm(RangeNumericForm):
    """Text instead of number fields, so that `1,234.5` is accepted and errors are visible."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.input_type = "text"
            field.widget.attrs["inputmode"] = "decimal"


class PriceFilter(RangeNumericListFilter):
    """Prices in STX, both ends included. Invalid input shows no rows and an error."""

    title = "price in STX"
    parameter_name = "price"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Content]) -> QuerySet[Content]:
        bounds: dict[str, int | None] = {}
        for name, lookup in (("price_from", "minimum"), ("price_to", "maximum")):
            typed = self.used_parameters.get(name)
            try:
                bounds[lookup] = parse_stx(typed) if typed else None
            except ValueError as error:
                # Never all rows: someone might select everything that matches.
                if not getattr(request, "price_filter_refused", False):
                    messages.error(request, f"Filter by price: {error}")
                    request.price_filter_refused = True  # type: ignore[attr-defined]
                return queryset.none()
        return queryset.priced(**bounds)  # type: ignore[attr-defined]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            form = choice["form"]
            yield {**choice, "form": StxRangeForm(name=form.name, data=form.data)}


class DayRangeForm(RangeDateForm):
    """Two days, both included, with Unfold's widgets."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(name, *args, **kwargs)
        for key, field in list(self.fields.items()):
            self.fields[key] = DayField(widget=field.widget)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if is_wrong_order(*self.days):
            self.add_error(f"{self.name}_to", WRONG_ORDER)
        return cleaned

    @property
    def days(self) -> tuple[Any, Any]:
        return self.cleaned_data.get(f"{self.name}_from"), self.cleaned_data.get(f"{self.name}_to")


class DayFilter(RangeDateFilter):
    """Days in the viewer's zone. Invalid input shows no rows and an error."""

    form_class = DayRangeForm

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = f"{self.field.verbose_name} (days in {timezone.get_current_timezone_name()})"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        form = self.form_class(name=self.parameter_name, data=self.used_parameters)
        if form.is_valid():
            return queryset.filter(**within_days(self.field_path, *form.days))
        if not getattr(request, "day_filter_refused", False):
            words = next(iter(form.errors.values()))[0]
            messages.error(request, f"Filter by {self.title}: {words}")
            request.day_filter_refused = True  # type: ignore[attr-defined]
        return queryset.none()
