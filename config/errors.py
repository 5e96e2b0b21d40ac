"""Answers to unexpected errors."""

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader

from config import database

RETRY_AFTER_SECONDS = "5"
UNREACHABLE = "The database does not answer. Nothing was stored. Please try again in a few seconds."
NO_TABLES = "There are no tables yet: run manage.py migrate"
INVALID_REQUEST = "This request is not valid."
SERVER_ERROR = "Something went wrong on our side."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 before any view: an unknown host or an invalid character."""
    if request.path_info.startswith("/api/"):
        answer: dict[str, object] = {"message": INVALID_REQUEST, "code": "invalid", "errors": {}}
        return JsonResponse(answer, status=400)
    return HttpResponse(loader.get_template("400.html").render(), status=400)


def fault(error: BaseException | None) -> tuple[int, dict[str, object], dict[str, str]]:
    """Return status, API body and headers: 503 while the database is unreachable or empty."""
    if database.lacks_tables(error):
        words = NO_TABLES
    elif error is not None and database.is_unreachable(error):
        words = UNREACHABLE
    else:
        return 500, {"message": SERVER_ERROR, "code": "internal", "errors": {}}, {}
    body: dict[str, object] = {"message": words, "code": "unavailable", "errors": {}}
    return 503, body, {"Retry-After": RETRY_AFTER_SECONDS}


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what was raised outside of the API's views; never ask the database."""
    status, body, headers = fault(sys.exc_info()[1])
    if request.path_info.startswith("/api/"):
        return JsonResponse(body, status=status, headers=headers)
    # Without the request, whose user would need a database query.
    page = loader.get_template(f"{status}.html").render(
        {"no_tables": NO_TABLES if body["message"] == NO_TABLES else ""}
    )
    return HttpResponse(page, status=status, headers=headers)
