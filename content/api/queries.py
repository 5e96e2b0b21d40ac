"""Strict parsing of query strings: filters and pages; errors name the parameter."""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters.rest_framework import Filter, FilterSet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from content import rules
from content.errors import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_SKIPPED = 2**53

PAGE_PARAMETERS = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        description="How many rows.",
    ),
    OpenApiParameter(
        "skip",
        {"type": "integer", "minimum": 0, "maximum": rules.MAX_ID, "default": 0},
        description="How many rows to skip.",
    ),
]


class CheckedField(forms.Field):
    """One parameter of the query string, with a check that raises ValueError."""

    def __init__(self, *, check: Callable[[str], Any], **options: Any) -> None:
        self.check = check
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            return self.check(value)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class Checked(Filter):  # type: ignore[misc]
    """Filters rows by a checked value; `default` applies if it is missing."""

    field_class = CheckedField

    def __init__(
        self,
        check: Callable[[str], Any],
        apply: Callable[[Any, Any], Any],
        schema: dict[str, Any],
        *,
        default: Any = None,
    ) -> None:
        super().__init__(check=check)
        self.apply, self.schema, self.default = apply, schema, default

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        value = self.default if value is None else value
        return rows if value is None else self.apply(rows, value)


def filtered(filters: type[FilterSet], request: Request, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the rows that match the query string. Raises Invalid."""
    found = filters(request.query_params, queryset=rows)
    if not found.is_valid():
        raise Invalid(
            errors={
                name: [str(words) for words in messages] for name, messages in found.errors.items()
            }
        )
    return found.qs  # type: ignore[no-any-return]


def filter_parameters(filters: type[FilterSet]) -> list[OpenApiParameter]:
    """Return the filters for the OpenAPI document."""
    return [
        OpenApiParameter(name, filter_.schema) for name, filter_ in filters.base_filters.items()
    ]


def integer(*, minimum: int, maximum: int) -> Callable[[str], int]:
    """Return a check for whole numbers in digits."""

    def check(text: str) -> int:
        if not re.fullmatch(r"\d{1,19}", text, re.ASCII):
            raise ValueError("This must be a whole number in digits.")
        return rules.clean_integer(int(text), minimum=minimum, maximum=maximum)

    return check


def choice(*choices: str) -> Callable[[str], str]:
    return lambda text: rules.clean_choice(text, choices)


def boolean(text: str) -> bool:
    return rules.clean_choice(text, ("true", "false")) == "true"


def search_words(text: str) -> str:
    return rules.clean_text(text, minimum=1, maximum=rules.MAX_SEARCH)


def page_of(request: Request) -> tuple[int, int]:
    """`limit` and `skip` of the query. Raises Invalid."""
    limit, errors = _number(request, "limit", default=DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT)
    skip, more = _number(request, "skip", default=0, minimum=0, maximum=rules.MAX_ID)
    if errors or more:
        raise Invalid(errors={**errors, **more})
    return limit, skip


def page(
    request: Request,
    rows: QuerySet[Any],
    *,
    creator: str | None = None,
    max_counted: int | None = None,
) -> dict[str, Any]:
    """Return the metadata of a list and, under `rows`, the queryset of the requested page.

    With `max_counted`, `total` is at most one more than that. Raises Invalid.
    """
    limit, skip = page_of(request)
    total = (rows if max_counted is None else rows.order_by()[: max_counted + 1]).count()
    is_within = skip < total or (max_counted is not None and max_counted < total)
    # Databases refuse very large offsets, and there are no rows beyond the end.
    found = rows[skip : skip + limit] if is_within and skip <= MAX_SKIPPED else rows.none()
    return {"creator": creator, "total": total, "rows": found, "limit": limit, "skip": skip}


def page_by_key(
    request: Request, rows: QuerySet[Any], *, creator: str | None = None
) -> dict[str, Any]:
    """Like `page`, for rows after a key: without counting and offset."""
    limit, _ = page_of(request)
    if "skip" in request.query_params:
        raise Invalid(errors={"skip": ["Give either `after` or `skip`, not both."]})
    return {"creator": creator, "total": None, "rows": rows[:limit], "limit": limit, "skip": 0}


def rows_under(frame: dict[str, Any], name: str, rows: Any) -> dict[str, Any]:
    """Return the list answer with its rows under their plural name."""
    return {"creator": frame["creator"], "total": frame["total"], name: rows, **frame}


def _number(
    request: Request, name: str, *, default: int, minimum: int, maximum: int
) -> tuple[int, dict[str, list[str]]]:
    text = request.query_params.get(name)
    if text is None:
        return default, {}
    try:
        return integer(minimum=minimum, maximum=maximum)(text), {}
    except ValueError as error:
        return default, {name: [str(error)]}
