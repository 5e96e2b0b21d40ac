"""Create a batch, or preview one."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from batches.api.bodies import PreviewBody, body_for
from batches.api.created import HEADERS, BatchCreated, batch_created
from batches.api.examples import CREATED, PREVIEW, PREVIEW_BODY
from batches.api.previews import PreviewAnswer, PreviewItemAnswer, totals_shown
from batches.models import Source
from batches.operations import Operation
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order, operation_of
from batches.services.orders.preview import preview_order
from content.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from content.api.idempotency import idempotent
from content.api.openapi import errors, example
from content.api.parsers import body_of
from content.http import AuthenticatedRequest


def create_view(operation: Operation) -> Callable[..., HttpResponseBase]:
    """Return the view that creates batches of one kind."""

    class CreateView(APIView):
        @extend_schema(
            operation_id=operation.api_path,
            summary=f"{operation.label}: create a batch that runs in the background",
            description="The `Location` of the answer is the batch; poll it with its `ETag`. "
            "Send an `Idempotency-Key` if the request may be repeated.",
            tags=["batches"],
            request=body_for(operation),
            parameters=[IDEMPOTENCY_KEY, *HEADERS],
            responses={201: BatchCreated, **errors(400, 401, 403, 409, 413, 415, 422, 429)},
            examples=[
                *(
                    example(title, {"contentIds": ["7", "8"], **payload}, request_only=True)
                    for title, payload in operation.examples.items()
                ),
                example(
                    "Created",
                    {**CREATED, "message": operation.created_message},
                    response_only=True,
                    status_codes=["201"],
                ),
            ],
        )
        def post(self, request: AuthenticatedRequest) -> Response:
            """Create a batch; it runs in the background."""
            order = clean_order(operation, body_of(request))

            def create() -> Response:
                batch = create_batch(order, by=request.user, source=Source.API)
                return batch_created(batch, operation.created_message)

            return idempotent(request, create)

    CreateView.__name__ = f"Create{operation.kind.title().replace('-', '')}View"
    return CreateView.as_view()


class PreviewView(APIView):
    @extend_schema(
        operation_id="previewBatch",
        tags=["batches"],
        request=PreviewBody,
        responses={200: PreviewAnswer, **errors(400, 401, 403, 413, 415)},
        examples=[
            example("Ten percent more", PREVIEW_BODY, request_only=True),
            example("Preview", PREVIEW, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Preview a batch without creating it: nothing is written and no quota is used.

        Send the returned `expectedVersions` when you create the batch. Items that were changed in
        the meantime then fail with `conflict` and are not overwritten.
        """
        body: dict[str, Any] = dict(body_of(request))
        operation = operation_of(body.pop("operationType", None))
        order = clean_order(operation, body)
        wallet, preview = preview_order(order, by=request.user)
        return Response(
            {
                "operationType": operation.kind,
                "creator": wallet.pk,
                **totals_shown(preview),
                "results": PreviewItemAnswer(preview.items, many=True).data,
                "expectedVersions": {
                    item.content_id: item.version for item in preview.items if item.version
                },
            }
        )
