"""Long lists, page by page."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

# As many as a batch takes.
ROWS_A_PAGE = 100


def page_of(rows: Any, request: HttpRequest) -> Page[Any]:
    """The page that `?page=` names; the first or the last one for a number that isn't there."""
    return Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
