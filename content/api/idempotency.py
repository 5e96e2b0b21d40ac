"""Support for `Idempotency-Key` in requests that create something."""

import json
from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from content import rules
from content.api.parsers import body_of
from content.errors import Invalid
from content.http import AuthenticatedRequest
from content.services.idempotency import Answer, answer_once, fingerprint_of

HEADER = "Idempotency-Key"
PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Any text of your own. The same request with the same key within 24 hours gets "
    "the first answer again, with `Idempotent-Replayed: true`; another request gets 422.",
)


def idempotent(
    request: AuthenticatedRequest, make: Callable[[], Response], *, asked: Any = None
) -> Response:
    """Return the answer of `make`, or the stored answer to the first request with this key.

    `asked` is the full request, if it is more than the object in the body. Raises
    Invalid, KeyReused and KeyInUse.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return make()
    try:
        rules.clean_idempotency_key(key)
    except ValueError as error:
        raise Invalid(errors={HEADER: [str(error)]}) from error
    asked = body_of(request) if asked is None else asked
    fingerprint = fingerprint_of(str(request.method), request.path, asked)
    answer = answer_once(request.user, key, fingerprint, lambda: _plain(make()))
    headers = dict(answer.headers)
    if answer.is_replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(answer.body, status=answer.status, headers=headers)


def _plain(response: Response) -> Answer:
    body: Any = json.loads(JSONRenderer().render(response.data))
    return Answer(response.status_code, body, dict(response.items()))
