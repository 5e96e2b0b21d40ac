"""The catalogue: list, read, add, edit, history."""

from functools import partial
from typing import Any

from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from content.api.filters import ContentFilter
from content.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from content.api.idempotency import idempotent
from content.api.openapi import errors, example
from content.api.parsers import body_of
from content.api.queries import PAGE_PARAMETERS, filter_parameters, filtered, page, rows_under
from content.api.serializers import (
    ChangeAnswer,
    ContentAnswer,
    ContentEdit,
    ContentPage,
    HistoryPage,
    NewContent,
)
from content.errors import NotFound
from content.http import AuthenticatedRequest
from content.models import Content, ContentChange
from content.services.catalogue.access import Viewer
from content.services.catalogue.items import add_content, edit_content, find_content

NEW_ITEM = {"title": "Lecture 1", "contentType": "course", "price": 2_500_000}


class ContentListView(APIView):
    @extend_schema(
        operation_id="listContents",
        tags=["contents"],
        parameters=[*filter_parameters(ContentFilter), *PAGE_PARAMETERS],
        responses={200: ContentPage, **errors(400, 401)},
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        """List the catalogue, newest first; removed items only by `isRemoved=true`."""
        contents = filtered(ContentFilter, request, Content.objects.all())
        frame = page(request, contents, creator=request.query_params.get("creator"))
        return Response(rows_under(frame, "contents", _shown(request, frame.pop("rows"))))

    @extend_schema(
        operation_id="addContent",
        tags=["contents"],
        request=NewContent,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ContentAnswer, **errors(400, 401, 403, 409, 413, 415, 422)},
        examples=[example("A new item", NEW_ITEM, request_only=True)],
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Add an item and put it on sale."""

        def add() -> Response:
            content = add_content(body_of(request), by=request.user)
            location = {"Location": f"/api/contents/{content.pk}", "ETag": _etag(content)}
            return Response(_one(request, content), status=201, headers=location)

        return idempotent(request, add)


class ContentView(APIView):
    @extend_schema(
        operation_id="getContent",
        tags=["contents"],
        responses={200: ContentAnswer, **errors(401, 404)},
    )
    def get(self, request: AuthenticatedRequest, content_id: str) -> Response:
        """Get one item, with `isRemoved` for a removed one. `ETag` is its version."""
        content = find_content(content_id)
        return Response(_one(request, content), headers={"ETag": _etag(content)})

    @extend_schema(
        operation_id="editContent",
        tags=["contents"],
        request=ContentEdit,
        parameters=[
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description='The version that was read, in quotes: `"3"`.',
            )
        ],
        responses={200: ContentAnswer, **errors(400, 401, 403, 404, 410, 412, 413, 415)},
        examples=[example("Another title", {"title": "Lecture 1, revised"}, request_only=True)],
    )
    def patch(self, request: AuthenticatedRequest, content_id: str) -> Response:
        """Edit one item: change the sent fields, keep the others."""
        expected = request.headers.get("If-Match")
        content = edit_content(
            content_id,
            body_of(request),
            by=request.user,
            is_expected=None if expected is None else partial(_matches, expected),
        )
        return Response(_one(request, content), headers={"ETag": _etag(content)})


class HistoryView(APIView):
    @extend_schema(
        operation_id="listContentHistory",
        tags=["contents"],
        parameters=PAGE_PARAMETERS,
        responses={200: HistoryPage, **errors(400, 401, 404)},
    )
    def get(self, request: AuthenticatedRequest, content_id: str) -> Response:
        """List the changes of an item, newest first; for its owner and staff who may view it."""
        content = find_content(content_id)
        if not Viewer(request.user).may_see_history(content):
            raise NotFound
        changes = ContentChange.objects.filter(content=content).order_by("-version")
        changes = changes.select_related("by", "contract_call")
        frame = page(request, changes, creator=content.creator_id)
        rows = ChangeAnswer(frame.pop("rows"), many=True).data
        return Response(rows_under(frame, "history", rows))


def _shown(request: AuthenticatedRequest, contents: Any) -> Any:
    viewer = Viewer(request.user)
    return ContentAnswer(contents, many=True, context={"viewer": viewer}).data


def _one(request: AuthenticatedRequest, content: Content) -> Any:
    return ContentAnswer(content, context={"viewer": Viewer(request.user)}).data


def _etag(content: Content) -> str:
    return f'"{content.version}"'


def _matches(header: str, version: int) -> bool:
    """If-Match, by strong comparison: `*`, or a list of versions in quotes."""
    return not {"*", f'"{version}"'}.isdisjoint(parse_etags(header))
