"""Reads query strings strictly: filters and pages; what is wrong is refused by its name."""

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
MOST_LIMIT = 200
MOST_SKIPPED = 2**53

PAGE_PARAMETERS = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST_LIMIT, "default": DEFAULT_LIMIT},
        description="How many rows.",
    ),
    OpenApiParameter(
        "skip",
        {"type": "integer", "minimum": 0, "maximum": rules.MAX_ID, "default": 0},
        description="How many rows to pass over first.",
    ),
]


class CheckedField(forms.Field):
    """One value of the query string, by a check that raises ValueError with words."""

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
    """Narrows the rows by a checked value; `default` stands for one that was not sent."""

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
    """The rows that the query string asks for. Raises Invalid."""
    found = filters(request.query_params, queryset=rows)
    if not found.is_valid():
        raise Invalid(
            errors={name: [str(words) for words in said] for name, said in found.errors.items()}
        )
    return found.qs  # type: ignore[no-any-return]


def filter_parameters(filters: type[FilterSet]) -> list[OpenApiParameter]:
    """The same filters for the OpenAPI description."""
    return [
        OpenApiParameter(name, filter_.schema) for name, filter_ in filters.base_filters.items()
    ]


def integer(*, least: int, most: int) -> Callable[[str], int]:
    """A check for whole numbers in plain digits."""

    def check(text: str) -> int:
        if not re.fullmatch(r"\d{1,19}", text, re.ASCII):
            raise ValueError("This must be a whole number in digits.")
        return rules.clean_integer(int(text), least=least, most=most)

    return check


def choice(*choices: str) -> Callable[[str], str]:
    return lambda text: rules.clean_choice(text, choices)


def boolean(text: str) -> bool:
    return rules.clean_choice(text, ("true", "false")) == "true"


def search_words(text: str) -> str:
    return rules.clean_text(text, least=1, most=rules.MAX_SEARCH)


def page_of(request: Request) -> tuple[int, int]:
    """`limit` and `skip` of the query. Raises Invalid."""
    limit, errors = _number(request, "limit", default=DEFAULT_LIMIT, least=1, most=MOST_LIMIT)
    skip, more = _number(request, "skip", default=0, least=0, most=rules.MAX_ID)
    if errors or more:
        raise Invalid(errors={**errors, **more})
    return limit, skip


def page(
    request: Request,
    rows: QuerySet[Any],
    *,
    creator: str | None = None,
    most_counted: int | None = None,
) -> dict[str, Any]:
    """The frame of a list, and under `rows` the queryset of the page that was asked for.

    `total` stops at one more than `most_counted`, where that is given. Raises Invalid.
    """
    limit, skip = page_of(request)
    total = (rows if most_counted is None else rows.order_by()[: most_counted + 1]).count()
    is_within = skip < total or (most_counted is not None and most_counted < total)
    # Beyond the end there is nothing, and databases don't take every offset.
    found = rows[skip : skip + limit] if is_within and skip <= MOST_SKIPPED else rows.none()
    return {"creator": creator, "total": total, "rows": found, "limit": limit, "skip": skip}


def page_by_key(
    request: Request, rows: QuerySet[Any], *, creator: str | None = None
) -> dict[str, Any]:
    """`page` for rows that begin where another page ended: nothing is counted or passed over."""
    limit, _ = page_of(request)
    if "skip" in request.query_params:
        raise Invalid(errors={"skip": ["Give either `after` or `skip`, not both."]})
    return {"creator": creator, "total": None, "rows": rows[:limit], "limit": limit, "skip": 0}


def rows_under(frame: dict[str, Any], name: str, rows: Any) -> dict[str, Any]:
    """The frame with its rows under their plural, in the order that API.md writes it."""
    return {"creator": frame["creator"], "total": frame["total"], name: rows, **frame}


def _number(
    request: Request, name: str, *, default: int, least: int, most: int
) -> tuple[int, dict[str, list[str]]]:
    text = request.query_params.get(name)
    if text is None:
        return default, {}
    try:
        return integer(least=least, most=most)(text), {}
    except ValueError as error:
        return default, {name: [str(error)]}
