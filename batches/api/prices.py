"""Import prices from a file and export the current prices."""

import hashlib
from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from batches import rules
from batches.api.created import HEADERS, RunCreated, run_created
from batches.api.previews import PreviewPage, page_shown
from batches.downloads import prices_answer
from batches.errors import NotFound
from batches.models import Source
from batches.services.orders.schedule import Schedule
from batches.services.results.run import run_of
from batches.services.runs import price_file
from batches.services.runs.confirm import preview_draft, start_draft
from batches.services.runs.price_drafts import draft_prices, without_unchanged
from batches.services.runs.price_lines import OPERATION, Prices
from content.api.files import CSV, FILE_PARSERS, XLSX, file_of
from content.api.filters import ContentFilter
from content.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from content.api.idempotency import idempotent
from content.api.negotiation import AlwaysJSON
from content.api.openapi import errors, example
from content.api.queries import Checked, boolean, choice, filter_parameters, filtered
from content.http import AuthenticatedRequest
from content.models import Content, ContentQuerySet, User
from content.services.catalogue.access import Viewer

FILE = "content_id,new_price\r\nfilm-7,2.5\r\nfilm-8,1250\r\n"
OPTIONS = ("preview", "limit", "skip", "errorPolicy", "scheduledFor", "until", "dependsOn")
PARAMETERS = [
    OpenApiParameter(
        "preview", bool, description="`true` previews the change without starting it."
    ),
    OpenApiParameter("limit", int, description="Page size of a preview's results."),
    OpenApiParameter("skip", int, description="Number of a preview's results to skip."),
    OpenApiParameter("errorPolicy", str, enum=rules.ERROR_POLICIES),
    OpenApiParameter("scheduledFor", OpenApiTypes.DATETIME, description="Start time."),
    OpenApiParameter(
        "until",
        OpenApiTypes.DATETIME,
        description="End time, when the previous prices are restored.",
    ),
    OpenApiParameter("dependsOn", str, description="Comma-separated ids of batches to wait for."),
]
_CREATED = {
    "message": OPERATION.created_message,
    "submissionId": "0198c5f2-6a31-7c04-9f0a-2b8d4d1f6e54",
    "batchIds": ["0198c5f2-6a31-7c04-9f0a-2b8d4d1f6e55"],
    "totalItems": 2,
    "skippedLines": [],
    "unchangedLines": [],
}


class PricesFilter(ContentFilter):
    format = Checked(
        choice(*price_file.FORMS),
        lambda rows, value: rows,
        {"type": "string", "enum": list(price_file.FORMS), "default": price_file.CSV},
    )


class PricesStarted(RunCreated):
    """One batch per creator and 100 items.

    `skippedLines` have an id but no price, `unchangedLines` have the current price: both are left
    out. A change that waits keeps the unchanged lines.
    """

    skippedLines = serializers.ListField(child=serializers.IntegerField())
    unchangedLines = serializers.ListField(child=serializers.IntegerField())


class PricesPreview(PreviewPage):
    operationType = serializers.CharField()
    creator = serializers.CharField(allow_null=True, help_text="Null if there are several.")


class PricesView(APIView):
    parser_classes = FILE_PARSERS
    # `format` selects the file; clients that accept nothing else get errors as JSON too.
    content_negotiation_class = AlwaysJSON

    @extend_schema(
        operation_id="getPrices",
        tags=["prices"],
        parameters=filter_parameters(PricesFilter),
        responses={
            (200, CSV): str,
            (200, XLSX): OpenApiTypes.BINARY,
            **errors(400, 401, 404),
        },
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """Get the current prices of own items as a file to edit and send back.

        Columns `content_id`, `title` and `new_price`, the current one in STX. Staff choose the
        creator with `creator`. At most 10,000 items.
        """
        user = request.user
        address = request.query_params.get("creator")
        contents = Content.objects.all() if address else Content.objects.owned_by(user)
        found = cast("ContentQuerySet", filtered(PricesFilter, request, contents))
        if address and not _may_export(user, address):
            raise NotFound
        form = request.query_params.get("format", price_file.CSV)
        # No byte-order mark: programs expect UTF-8, as for the results of a batch.
        return prices_answer(found, form, prefix="")

    @extend_schema(
        operation_id="setPrices",
        tags=["prices"],
        request={CSV: OpenApiTypes.STR, XLSX: OpenApiTypes.BINARY},
        parameters=[*PARAMETERS, IDEMPOTENCY_KEY, *HEADERS],
        responses={
            200: PricesPreview,
            201: PricesStarted,
            **errors(
                400, 401, 403, 409, 413, 415, 422, 429, status_415="Neither CSV nor a spreadsheet."
            ),
        },
        examples=[
            example("A price for each item", FILE, request_only=True, media_type=CSV),
            example("Started", _CREATED, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Change the price of each item in a file: CSV or a spreadsheet, up to 10,000 lines.

        The first line names the columns: `content_id`, and `new_price` in STX, or `percent`, or
        `new_price_micro_stx`; others are ignored. The whole file is checked first. If lines are
        invalid, nothing is started: `errors` lists up to a hundred of them as
        `rows.<line>.<column>`, and `badLines` counts all.
        """
        data, by = file_of(request), request.user
        options = _options(request)
        if options.pop("preview"):
            return Response(_preview(request, price_file.read(data), by, options))

        def start() -> Response:
            prices = without_unchanged(price_file.read(data), options["schedule"], by=by)
            draft = draft_prices(prices, by=by, source=Source.API, **options)
            started = start_draft(draft)
            answer = run_created(run_of(started, by), OPERATION.created_message)
            answer.data["skippedLines"] = prices.skipped
            answer.data["unchangedLines"] = prices.unchanged
            return answer

        digest = hashlib.sha256(data).hexdigest()
        return idempotent(request, start, asked=[digest, sorted(request.query_params.lists())])


def _options(request: Request) -> dict[str, Any]:
    """Validate the options in the query string. Raises Invalid."""
    query = request.query_params
    errors = rules.ErrorCollector()
    for name, values in query.lists():
        if name not in OPTIONS:
            errors.add(name[:64], "Unknown field.")
        elif len(values) > 1:
            errors.add(name, "Send this only once.")
    options: dict[str, Any] = query.dict()
    if "dependsOn" in options:
        options["dependsOn"] = options["dependsOn"].split(",")
    schedule = errors.attempt(Schedule.clean, options, OPERATION)
    policy = options.get("errorPolicy", rules.SKIP_FAILED)
    errors.attempt(rules.clean_error_policy, policy)
    is_preview = "preview" in options and errors.attempt(
        boolean, options["preview"], field="preview"
    )
    errors.raise_errors()
    return {"preview": is_preview, "schedule": schedule, "error_policy": policy}


def _may_export(user: User, address: str) -> bool:
    viewer = Viewer(user)
    return viewer.is_overseer or address in viewer.addresses


def _preview(request: Request, prices: Prices, by: User, options: dict[str, Any]) -> dict[str, Any]:
    prices = without_unchanged(prices, options["schedule"], by=by)
    draft = draft_prices(prices, by=by, source=Source.API, **options)
    wallets, preview = preview_draft(draft)
    return {
        "operationType": OPERATION.kind,
        # Null for items of several creators.
        "creator": wallets[0].pk if len(wallets) == 1 else None,
        **page_shown(request, preview),
    }
