"""Lists of batches, one batch, and its results."""

from datetime import datetime
from typing import Any

from django.db.models import F
from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from batches.api.created import retry_after
from batches.api.lookup import find_batch
from batches.api.serializers import (
    LINKS,
    BatchAnswer,
    BatchPage,
    BatchWithResults,
    ResultAnswer,
    ResultPage,
    ResultTotals,
    one_batch,
)
from batches.downloads import batch_file
from batches.errors import Invalid, NotFound
from batches.models import BatchItem, BatchOperation, Source, Status, sees_all
from batches.models.batch import BatchQuerySet
from batches.operations import OPERATIONS
from batches.operations.base import REFUSALS
from batches.services.results.results import results_of, totals_of
from content.api.negotiation import AlwaysJSON
from content.api.openapi import errors
from content.api.queries import (
    PAGE_PARAMETERS,
    Checked,
    choice,
    filter_parameters,
    filtered,
    page,
    page_by_key,
    rows_under,
)
from content.http import AuthenticatedRequest
from content.instants import parse_instant
from content.models import User, Wallet
from content.principals import clean_address

FORMATS = ("json", "csv")
NEWEST_FIRST, SOONEST_FIRST = "-createdAt", "scheduledFor"
ORDERINGS: dict[str, tuple[Any, ...]] = {
    "createdAt": ("created_at", "id"),
    NEWEST_FIRST: ("-created_at", "-id"),
    SOONEST_FIRST: (F("scheduled_for").asc(nulls_last=True), "id"),
}
# Users do not open more pages, and an exact count is slow for a long list.
MAX_COUNTED = 10_000
AFTER = OpenApiParameter(
    "after",
    {"type": "string", "format": "uuid"},
    description="Instead of `skip`: the `_id` of the last batch of the previous page. As fast "
    "on the thousandth page as on the first; `total` is null then.",
)
_INSTANT = {"type": "string", "format": "date-time"}


def _one_of(*choices: str) -> tuple[Any, dict[str, Any]]:
    return choice(*choices), {"type": "string", "enum": list(choices)}


def _equal(field: str, values: tuple[str, ...]) -> Checked:
    check, schema = _one_of(*values)
    return Checked(check, lambda rows, value: rows.filter(**{field: value}), schema)


def _unfiltered(*values: str) -> Checked:
    """Validated and read by the view itself."""
    check, schema = _one_of(*values)
    return Checked(check, lambda rows, value: rows, schema)


def _after(rows: BatchQuerySet, moment: datetime) -> BatchQuerySet:
    return rows.filter(created_at__gte=moment)


def _before(rows: BatchQuerySet, moment: datetime) -> BatchQuerySet:
    return rows.filter(created_at__lt=moment)


class BatchFilter(FilterSet):  # type: ignore[misc]
    creator = Checked(
        clean_address,
        lambda rows, address: rows.filter(creator_id=address),
        {"type": "string"},
    )
    status = _equal("status", tuple(Status.values))
    operationType = _equal("kind", tuple(OPERATIONS))
    source = _equal("source", tuple(Source.values))
    createdAfter = Checked(parse_instant, _after, _INSTANT)
    createdBefore = Checked(parse_instant, _before, _INSTANT)
    coming = Checked(
        choice("true"),
        lambda rows, _: rows.upcoming(),
        {"type": "string", "enum": ["true"]},
    )
    ordering = Checked(
        choice(*ORDERINGS),
        lambda rows, name: rows.order_by(*ORDERINGS[name]),
        {"type": "string", "enum": list(ORDERINGS), "default": NEWEST_FIRST},
    )


class BatchListView(APIView):
    @extend_schema(
        operation_id="listBatches",
        tags=["batches"],
        parameters=[*filter_parameters(BatchFilter), *PAGE_PARAMETERS, AFTER],
        responses={200: BatchPage, **errors(400, 401, 404)},
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        """List own batches, newest first, without results; staff who may view batches see all.

        `coming=true` lists accepted batches that have not started because of a time, a pause or
        another batch, the soonest first.
        """
        return _list(request, request.query_params.get("creator"))


class CreatorListView(APIView):
    @extend_schema(
        operation_id="listBatchesOfCreator",
        tags=["batches"],
        parameters=[*PAGE_PARAMETERS, AFTER],
        responses={200: BatchPage, **errors(400, 401, 404)},
    )
    def get(self, request: AuthenticatedRequest, address: str) -> Response:
        """List the batches on one creator's content, newest first, without results."""
        return _list(request, address)


class BatchView(APIView):
    @extend_schema(
        operation_id="getBatch",
        tags=["batches"],
        parameters=[
            OpenApiParameter(
                "If-None-Match",
                str,
                OpenApiParameter.HEADER,
                description="The `ETag` of the last answer; 304 if nothing has changed.",
            )
        ],
        responses={
            200: BatchWithResults,
            304: OpenApiResponse(description="Nothing changed."),
            **errors(401, 404),
        },
    )
    def get(self, request: AuthenticatedRequest, batch_id: str) -> Response:
        """Get one batch with its results so far, in the order of the request.

        `ETag` changes with every result and every step on the chain.
        """
        batch = find_batch(request, batch_id)
        again = {} if batch.is_finished else {"Retry-After": retry_after(batch)}
        headers = {"ETag": batch.etag} | again
        if get_conditional_response(request._request, etag=batch.etag) is not None:
            return Response(status=304, headers=headers)
        return Response(one_batch(batch), headers=headers)


class ResultFilter(FilterSet):  # type: ignore[misc]
    outcome = _equal("outcome", tuple(BatchItem.Outcome.values))
    code = _equal("code", tuple(REFUSALS))
    format = _unfiltered(*FORMATS)


class ResultsView(APIView):
    # `format=csv` selects CSV; a client with `Accept: text/csv` gets errors as JSON too.
    content_negotiation_class = AlwaysJSON

    @extend_schema(
        operation_id="listResults",
        tags=["batches"],
        parameters=[*filter_parameters(ResultFilter), *PAGE_PARAMETERS],
        responses={
            (200, "application/json"): ResultPage,
            (200, "text/csv"): str,
            **errors(400, 401, 404),
        },
    )
    def get(self, request: AuthenticatedRequest, batch_id: str) -> HttpResponse:
        """List the results so far, in the order of the request; `format=csv` for all in one file.

        The file is complete, regardless of `limit` and `skip`, with prices in micro-STX. Without a
        filter, and once the batch has ended, it also contains the ids that were not processed,
        with the outcome `not-attempted`.
        """
        batch = find_batch(request, batch_id)
        query = request.query_params
        items = filtered(ResultFilter, request, batch.items.order_by("position"))
        if query.get("format") == "csv":
            outcome, code = query.get("outcome", ""), query.get("code", "")
            # No byte-order mark: programs expect UTF-8 and would read it as part of the first name.
            return batch_file(batch, outcome=outcome, code=code, prefix="")
        frame = page(request, items, creator=batch.creator_id)
        results = results_of(batch, frame.pop("rows"))
        shown = rows_under(frame, "results", ResultAnswer(results, many=True).data)
        return Response({**shown, **ResultTotals(totals_of(batch)).data})


def _list(request: AuthenticatedRequest, address: str | None) -> Response:
    user = request.user
    batches = BatchOperation.objects.visible_to(user)
    query = request.query_params
    key = query.get("after")
    by_time = key is None and query.get("coming") == "true"
    order = query.get("ordering", SOONEST_FIRST if by_time else NEWEST_FIRST)
    if key is not None:
        if order == SOONEST_FIRST:
            raise Invalid(errors={"ordering": ["With `after`, batches are ordered by createdAt."]})
        batches = batches.following(_last_seen(request, key), newest_first=order == NEWEST_FIRST)
    found = filtered(BatchFilter, request, batches)
    if "ordering" not in query:
        found = found.order_by(*ORDERINGS[order])
    found = found.prefetch_related(LINKS)
    if address is not None:
        # Batches of other users do not exist, for lists as for single ones.
        # PostgreSQL refuses NUL, even in comparisons.
        if "\0" in address or not (sees_all(user) or _owns(user, address)):
            raise NotFound
        found = found.filter(creator_id=address)
    if key is None:
        frame = page(request, found, creator=address, max_counted=MAX_COUNTED)
    else:
        frame = page_by_key(request, found, creator=address)
    return Response(rows_under(frame, "batches", BatchAnswer(frame.pop("rows"), many=True).data))


def _owns(user: User, address: str) -> bool:
    return Wallet.objects.owned_by(user).filter(pk=address).exists()


def _last_seen(request: AuthenticatedRequest, key: str) -> BatchOperation:
    try:
        return find_batch(request, key)
    except NotFound:
        raise Invalid(
            errors={"after": ["Send the id of the last batch of the previous page."]}
        ) from None
