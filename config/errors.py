"""What a request is answered when something broke that no view expected."""

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader

from config import database

RETRY_AFTER_SECONDS = "5"
AWAY = "The database does not answer. Nothing was stored. Please try again in a few seconds."
NO_TABLES = "There are no tables yet: run manage.py migrate"
NOT_VALID = "This request is not valid."
BROKEN = "Something went wrong on our side."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is refused before any view: a host that is not ours, a character that can't be there."""
    if request.path_info.startswith("/api/"):
        answer: dict[str, object] = {"message": NOT_VALID, "code": "invalid", "errors": {}}
        return JsonResponse(answer, status=400)
    return HttpResponse(loader.get_template("400.html").render(), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 while the database is away or empty, 500 for any other fault; never asks the database."""
    error = sys.exc_info()[1]
    is_empty = database.lacks_tables(error)
    is_away = is_empty or (error is not None and database.is_away(error))
    status = 503 if is_away else 500
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if is_away else {}
    if request.path_info.startswith("/api/"):
        answer: dict[str, object] = {
            "message": NO_TABLES if is_empty else AWAY if is_away else BROKEN,
            "code": "unavailable" if is_away else "internal",
            "errors": {},
        }
        return JsonResponse(answer, status=status, headers=headers)
    # Without the request: its user would be asked of the database.
    page = loader.get_template(f"{status}.html").render(
        {"no_tables": NO_TABLES if is_empty else ""}
    )
    return HttpResponse(page, status=status, headers=headers)
