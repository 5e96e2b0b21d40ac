"""Small middlewares that belong to no app."""

import zoneinfo
from collections.abc import Callable
from http import HTTPStatus

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers

NO_LENGTH = "Say how long the body is, with Content-Length."

GetResponse = Callable[[HttpRequest], HttpResponse]


def optional_slash(get_response: GetResponse) -> GetResponse:
    """Every path works with and without a trailing slash, without a redirect.

    But for the admin's: those end with one, and the admin redirects by itself.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(("/admin", "/static/")):
            request.path_info = request.path_info.rstrip("/") or "/"
        return get_response(request)

    return middleware


def time_zone_of_user(get_response: GetResponse) -> GetResponse:
    """Pages show times in the zone of the person who is signed in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", None)
        with timezone.override(zoneinfo.ZoneInfo(name) if name else None):
            return get_response(request)

    return middleware


def private_answers(get_response: GetResponse) -> GetResponse:
    """What somebody who is signed in reads is kept by no cache, and by no browser's back button.

    An answer with an ETag may be kept by its reader, who asks again each time.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_api = request.path_info.startswith("/api/")
        if is_api:
            patch_vary_headers(response, ["Authorization", "Cookie"])
        is_private = is_api or (getattr(request, "user", None) and request.user.is_authenticated)
        if is_private and not response.has_header("Cache-Control"):
            kept = {"no_cache": True} if response.has_header("ETag") else {"no_store": True}
            patch_cache_control(response, private=True, **kept)
        return response

    return middleware


def no_nul_characters(get_response: GetResponse) -> GetResponse:
    """Refuse addresses and forms with a NUL, which PostgreSQL can't compare. The API has its own.

    Before any view: the admin hands much of what is posted to the database as it is.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            address = request.path_info + request.META.get("QUERY_STRING", "")
            if "\x00" in address or "%00" in address:
                raise BadRequest("The address holds a character that can't be there.")
            if request.method == "POST" and _posts_nul(request):
                raise BadRequest("The form holds a character that can't be there.")
        return get_response(request)

    return middleware


def _posts_nul(request: HttpRequest) -> bool:
    try:
        fields = list(request.POST.lists())
    except UnreadablePostError:
        raise BadRequest("The form ended too soon.") from None
    return any("\x00" in text for name, values in fields for text in (name, *values))


def known_length(get_response: GetResponse) -> GetResponse:
    """Refuse bodies sent in chunks without a length, which Django takes for empty ones.

    An empty body means something: an undo without `contentIds` puts back every item.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        is_unsized = "Transfer-Encoding" in request.headers and not request.META.get(
            "CONTENT_LENGTH"
        )
        if is_unsized and request.path_info.startswith("/api/"):
            answer = {"message": NO_LENGTH, "code": "length-required", "errors": {}}
            return JsonResponse(answer, status=HTTPStatus.LENGTH_REQUIRED)
        return get_response(request)

    return middleware


def policy_of_admin(get_response: GetResponse) -> GetResponse:
    """Let the admin evaluate strings and style inline, which Unfold's Alpine and charts need.

    Still nothing may come from elsewhere.
    """
    looser = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith(reverse("admin:index")):
            response._csp_replace = looser  # type: ignore[attr-defined]
        return response

    return middleware
