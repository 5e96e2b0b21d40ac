"""Trying again what failed of a batch, and putting back what it changed."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from batches.api.bodies import SomeFailures, SomeItems
from batches.api.created import HEADERS, BatchCreated, batch_created
from batches.api.examples import CREATED, SOME, SOME_FAILURES
from batches.api.found import find_own_batch, user_of
from batches.api.previews import PreviewPage, page_shown
from batches.errors import Invalid
from batches.models import BatchOperation, Follows, Source
from batches.operations.base import REFUSALS
from batches.operations.undo import Undo
from batches.services.runs.follow_up import clean_some, follow_up, preview_follow_up
from content import rules
from content.api.described import errors, example
from content.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from content.api.idempotency import once
from content.api.parsers import fields_of
from content.api.queries import PAGE_PARAMETERS

RETRIED, UNDONE = "Retry initiated", Undo.created_message
ANSWERS = errors(400, 401, 403, 404, 409, 413, 415, 422, 429)
ITEMS = OpenApiParameter(
    "contentId", str, many=True, description="Only these items; more than once for several."
)
CODE = OpenApiParameter(
    "code", str, enum=list(REFUSALS), description="Only what failed with this code."
)


def _created(message: str) -> Any:
    return example(
        "Created", {**CREATED, "message": message}, response_only=True, status_codes=["201"]
    )


class RetryView(APIView):
    @extend_schema(
        operation_id="previewRetry",
        tags=["batches"],
        parameters=[ITEMS, CODE, *PAGE_PARAMETERS],
        responses={200: PreviewPage, **errors(400, 401, 403, 404, 409)},
    )
    def get(self, request: Request, batch_id: str) -> Response:
        """What trying again the failed items would do now: nothing is written."""
        return _previewed(request, batch_id, Follows.RETRY)

    @extend_schema(
        operation_id="retryFailed",
        tags=["batches"],
        request=SomeFailures,
        parameters=[IDEMPOTENCY_KEY, *HEADERS],
        responses={201: BatchCreated, **ANSWERS},
        examples=[
            example("Only what was changed meanwhile", SOME_FAILURES, request_only=True),
            _created(RETRIED),
        ],
    )
    def post(self, request: Request, batch_id: str) -> Response:
        """Create a batch of the items that failed.

        Of one that was broken off also those whose turn never came. 409 where nothing failed, or
        while it runs. The body may be left out.
        """
        return _followed(request, batch_id, Follows.RETRY, RETRIED)


class UndoView(APIView):
    @extend_schema(
        operation_id="previewUndo",
        tags=["batches"],
        parameters=[ITEMS, *PAGE_PARAMETERS],
        responses={200: PreviewPage, **errors(400, 401, 403, 404, 409)},
    )
    def get(self, request: Request, batch_id: str) -> Response:
        """What undoing a batch would put back now: nothing is written."""
        return _previewed(request, batch_id, Follows.UNDO)

    @extend_schema(
        operation_id="undoBatch",
        tags=["batches"],
        request=SomeItems,
        parameters=[IDEMPOTENCY_KEY, *HEADERS],
        responses={201: BatchCreated, **ANSWERS},
        examples=[example("Only one of its items", SOME, request_only=True), _created(UNDONE)],
    )
    def post(self, request: Request, batch_id: str) -> Response:
        """Create a batch that puts back what one changed.

        Items that somebody changed since fail with `conflict` and stay. An undo can be undone. 409
        where nothing was changed, or while it runs. The body may be left out.
        """
        return _followed(request, batch_id, Follows.UNDO, UNDONE)


def _followed(request: Request, batch_id: str, follows: Follows, message: str) -> Response:
    batch = find_own_batch(request, batch_id)
    allowed = ("contentIds", "code") if follows == Follows.RETRY else ("contentIds",)
    wanted = _wanted(batch, fields_of(request, *allowed))

    def create() -> Response:
        by = user_of(request)
        return batch_created(follow_up(batch, follows, by=by, source=Source.API, **wanted), message)

    return once(request, create)


def _previewed(request: Request, batch_id: str, follows: Follows) -> Response:
    batch = find_own_batch(request, batch_id)
    query = request.query_params
    asked = {"contentIds": query.getlist("contentId") or None, "code": query.get("code")}
    wanted = _wanted(batch, {name: value for name, value in asked.items() if value is not None})
    preview = preview_follow_up(batch, follows, by=user_of(request), **wanted)
    return Response(page_shown(request, preview))


def _wanted(batch: BatchOperation, body: dict[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {"content_ids": clean_some(body.get("contentIds"), batch.content_ids)}
    if "code" in body:
        try:
            wanted["code"] = rules.clean_choice(body["code"], tuple(REFUSALS))
        except ValueError as error:
            raise Invalid(errors={"code": [str(error)]}) from error
    return wanted
