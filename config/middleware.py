"""Small middlewares that don't belong to an app."""

import zoneinfo
from collections.abc import Callable
from http import HTTPStatus

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers

NO_LENGTH = "Send a Content-Length header."

GetResponse = Callable[[HttpRequest], HttpResponse]


def optional_slash(get_response: GetResponse) -> GetResponse:
    """Accept every path with and without a trailing slash, without a redirect.

    Except for the admin's paths, which end with one; the admin redirects itself.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(("/admin", "/static/")):
            request.path_info = request.path_info.rstrip("/") or "/"
        return get_response(request)

    return middleware


def time_zone_of_user(get_response: GetResponse) -> GetResponse:
    """Show times in the zone of the signed-in user."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", None)
        with timezone.override(zoneinfo.ZoneInfo(name) if name else None):
            return get_response(request)

    return middleware


def private_answers(get_response: GetResponse) -> GetResponse:
    """Forbid caches, and the browser's back button, to store answers for signed-in users.

    An answer with an ETag may be stored by the client, which must revalidate it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_api = request.path_info.startswith("/api/")
        if is_api:
            patch_vary_headers(response, ["Authorization", "Cookie"])
        is_private = is_api or (getattr(request, "user", None) and request.user.is_authenticated)
        if is_private and not response.has_header("Cache-Control"):
            cache_control = (
                {"no_cache": True} if response.has_header("ETag") else {"no_store": True}
            )
            patch_cache_control(response, private=True, **cache_control)
        return response

    return middleware


def no_nul_characters(get_response: GetResponse) -> GetResponse:
    """Refuse URLs and forms with a NUL, which PostgreSQL can't compare. The API has its own check.

    Before any view: the admin passes posted values to the database unchecked.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            address = request.path_info + request.META.get("QUERY_STRING", "")
            if "\x00" in address or "%00" in address:
                raise BadRequest("The URL contains an invalid character.")
            if request.method == "POST" and _posts_nul(request):
                raise BadRequest("The form contains an invalid character.")
        return get_response(request)

    return middleware


def _posts_nul(request: HttpRequest) -> bool:
    try:
        fields = list(request.POST.lists())
    except UnreadablePostError:
        raise BadRequest("The upload was incomplete. Send the form again.") from None
    return any("\x00" in text for name, values in fields for text in (name, *values))


def known_length(get_response: GetResponse) -> GetResponse:
    """Refuse chunked bodies without a length, which Django treats as empty.

    An empty body has a meaning: an undo without `contentIds` undoes every item.
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
    """Allow eval and inline styles in the admin, which Unfold's Alpine and charts need.

    External sources stay forbidden.
    """
    looser = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith(reverse("admin:index")):
            response._csp_replace = looser  # type: ignore[attr-defined]
        return response

    return middleware
