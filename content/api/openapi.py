"""Parts of the OpenAPI description that several views share."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from content.api.serializers import Error

_MEANINGS = {
    400: "The body or the query is not valid.",
    401: "Missing or wrong credentials.",
    403: "Not allowed.",
    404: "Does not exist, or is not yours.",
    409: "Not possible in this state, or already taken.",
    410: "The item was removed.",
    412: "The item changed since it was read.",
    413: "The body is over 1 MiB.",
    415: "The body is not JSON.",
    422: "The idempotency key was used for another request.",
    429: "Too many batches in this hour; Retry-After and RateLimit say when.",
}


def errors(*statuses: int, **meanings: str) -> dict[int, Any]:
    """Descriptions of these statuses, plus 503, which every view can return.

    `status_429="…"` overrides the text.
    """
    described: dict[int, Any] = {
        status: OpenApiResponse(
            Error, description=meanings.get(f"status_{status}", _MEANINGS[status])
        )
        for status in statuses
    }
    described[503] = OpenApiResponse(Error, description="The database does not answer.")
    return described


def example(name: str, value: Any, **options: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, **options)
