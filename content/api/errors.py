"""Converts exceptions into the error format: `{message, code, errors, …}`."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.http import Http404, HttpRequest
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import APIView

from config.errors import fault
from content.api.files import WrongFile
from content.errors import ApplicationError, Invalid
from content.rules import one_line

log = structlog.get_logger(__name__)

# Our messages for exceptions of the frameworks.
CODES = {
    400: ("invalid", "This request is not valid."),
    401: ("unauthenticated", "Please send credentials."),
    403: ("forbidden", "You are not allowed to do this."),
    404: ("not-found", "Not found."),
    405: ("method-not-allowed", "This method is not allowed for this path."),
    406: ("not-acceptable", "This endpoint answers with JSON only."),
    413: ("too-large", "The body is over 1 MiB."),
    415: ("unsupported-media-type", "Send JSON, with Content-Type: application/json."),
}


def answer(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer an exception of a view; unexpected ones are logged and not disclosed."""
    status, body, headers = _answer(error)
    return Response(body, status=status, headers=headers)


class UnknownPath(APIView):
    """404 in the error format, for unknown paths."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        raise Http404


def _answer(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    if isinstance(error, ApplicationError):
        return _expected(error)
    if isinstance(error, exceptions.ValidationError):
        messages = {path: [str(words) for words in found] for path, found in error.detail.items()}  # type: ignore[union-attr]
        return _expected(Invalid(errors=messages))
    if isinstance(error, exceptions.APIException) and error.status_code < 500:
        return _refused(error)
    if isinstance(error, Http404):
        return _shape(404)
    if isinstance(error, PermissionDenied):
        return _shape(403)
    if isinstance(error, RequestDataTooBig | TooManyFieldsSent):
        return _shape(413)
    if isinstance(error, SuspiciousOperation):
        return _shape(400)
    return _unexpected(error)


def _expected(error: ApplicationError) -> tuple[int, dict[str, Any], dict[str, str]]:
    details = {_camel_case(name): value for name, value in error.details.items()}
    body = {
        "message": error.message,
        "code": error.code,
        "errors": error.errors if isinstance(error, Invalid) else {},
        **details,
    }
    return error.status, body, error.headers


def _refused(error: exceptions.APIException) -> tuple[int, dict[str, Any], dict[str, str]]:
    # Keep the messages of parsers, token authentication and CSRF checks.
    is_public = isinstance(
        error, exceptions.ParseError | exceptions.AuthenticationFailed | WrongFile
    ) or (isinstance(error, exceptions.PermissionDenied) and str(error.detail).startswith("CSRF"))
    status, body, headers = _shape(error.status_code, str(error.detail) if is_public else "")
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return status, body, headers


def _unexpected(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    status, body, headers = fault(error)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("database_away", error=one_line(str(error)))
    else:
        log.error("request_broke", exc_info=error)
    return status, body, headers


def _shape(status: int, message: str = "") -> tuple[int, dict[str, Any], dict[str, str]]:
    code, words = CODES.get(status, ("refused", "This request was refused."))
    return status, {"message": message or words, "code": code, "errors": {}}, {}


def _camel_case(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found.group(1).upper(), name)
