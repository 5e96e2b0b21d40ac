"""The search in the sidebar."""

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.core.paginator import InvalidPage
from django.http import HttpRequest, HttpResponse


def search(request: HttpRequest) -> HttpResponse:
    """Unfold's search, which expects `page` to be a valid number."""
    try:
        return admin.site.search(request)  # type: ignore[attr-defined]
    except (ValueError, InvalidPage):
        raise BadRequest("The search has no page with this number.") from None
