"""Strict JSON parser for request bodies."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.http import UnreadablePostError
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from content.errors import Invalid
from content.strict_json import parse_json

# A client that is still sending does not read the answer, so up to this much is drained.
MAX_DROPPED_BYTES = 16 * 1024 * 1024


class BodyTooLarge(APIException):
    """The body is over DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = 413
    default_code = "too-large"
    default_detail = "The body is over 1 MiB."


class StrictJSONParser(JSONParser):
    """One JSON object in UTF-8: no byte-order mark, no name twice, no NaN, bounded."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Raises ParseError, UnsupportedMediaType and BodyTooLarge."""
        refuse_other_charsets(media_type or "")
        try:
            text = read_body(stream).decode("utf-8")
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8.") from None
        try:
            body = parse_json(text, noun="body")
        except ValueError as error:
            raise ParseError(str(error)) from None
        if not isinstance(body, dict):
            raise ParseError("The body must be a JSON object.")
        return body


def body_of(request: Request) -> dict[str, Any]:
    """Return the object of the body, or an empty one without a body. Raises like the parser."""
    return request.data if isinstance(request.data, dict) and request.data else {}


def fields_of(request: Request, *allowed: str) -> dict[str, Any]:
    """Return the body, which may only have these fields. Raises Invalid and like `body_of`."""
    body = body_of(request)
    if errors := {str(name)[:64]: ["Unknown field."] for name in body if name not in allowed}:
        raise Invalid(errors=errors)
    return body


def refuse_other_charsets(media_type: str) -> None:
    """Check the parameters of Content-Type. Raises ParseError and UnsupportedMediaType."""
    name, *parameters = media_type.split(";")
    if "*" in name:  # frameworks accept a range such as `application/*`
        raise UnsupportedMediaType(name)
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        # `charset*` is an extended form that UTF-8 does not need.
        if name.strip().lower().startswith("charset") and (
            "*" in name or charset not in {"utf-8", "utf8"}
        ):
            raise ParseError("The body must be UTF-8; leave the charset out or say utf-8.")


def read_body(stream: IO[Any]) -> bytes:
    """Read the body. Raises BodyTooLarge and ParseError."""
    maximum: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        data: bytes = stream.read(maximum + 1)
        if len(data) > maximum:
            dropped = len(data)
            while dropped < MAX_DROPPED_BYTES and (more := stream.read(64 * 1024)):
                dropped += len(more)
            raise BodyTooLarge
    except UnreadablePostError:
        raise ParseError("The body was incomplete. Send the request again.") from None
    return data
