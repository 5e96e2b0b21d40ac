"""Long lists, page by page."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

# The maximum of a batch.
ROWS_A_PAGE = 100


def page_of(rows: Any, request: HttpRequest) -> Page[Any]:
    """Return the page of `?page=`; the first or last one for a number out of range."""
    return Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
