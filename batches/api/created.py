"""The answer to requests that start batches: 201, the URL to poll and the remaining quota."""

import math
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.response import Response

from batches.errors import rate_limit_headers
from batches.models import BatchOperation, Status
from batches.services.quota import quota_of
from batches.services.results.run import Run
from content.api.fields import Instant
from content.models import Wallet

MAX_POLL_SECONDS = 60
HEADERS = [
    OpenApiParameter(name, kind, OpenApiParameter.HEADER, response=[201], description=description)
    for name, kind, description in (
        ("Location", OpenApiTypes.STR, "The URL that shows the progress."),
        ("Retry-After", OpenApiTypes.INT, "Seconds to wait before the first poll."),
        (
            "RateLimit",
            OpenApiTypes.STR,
            "The batches left in this hour, and the seconds until it ends.",
        ),
    )
]


class BatchCreated(serializers.Serializer[BatchOperation]):
    """The last three are present if the batch waits for something or has an end."""

    message = serializers.SerializerMethodField()
    batchId = serializers.UUIDField(source="pk")
    status = serializers.ChoiceField(Status.choices)
    totalItems = serializers.IntegerField(source="total_items")
    scheduledFor = Instant(source="scheduled_for", required=False, allow_null=True)
    until = Instant(required=False, allow_null=True)
    dependsOn = serializers.ListField(child=serializers.UUIDField(), required=False)

    def get_message(self, batch: BatchOperation) -> str:
        return str(self.context["message"])

    def to_representation(self, batch: BatchOperation) -> dict[str, Any]:
        parents = (
            list(batch.dependencies.order_by("id").values_list("parent_id", flat=True))
            if batch.waits_for
            else []
        )
        shown = {
            "message": self.get_message(batch),
            "batchId": str(batch.pk),
            "status": batch.status,
            "totalItems": batch.total_items,
        }
        if batch.scheduled_for is None and batch.until is None and not parents:
            return shown
        instant = Instant(allow_null=True)
        return {
            **shown,
            "scheduledFor": batch.scheduled_for and instant.to_representation(batch.scheduled_for),
            "until": batch.until and instant.to_representation(batch.until),
            "dependsOn": [str(key) for key in parents],
        }


class RunCreated(serializers.Serializer[Any]):
    """The batches of a run."""

    message = serializers.CharField()
    submissionId = serializers.UUIDField()
    batchIds = serializers.ListField(child=serializers.UUIDField())
    totalItems = serializers.IntegerField()


def batch_created(batch: BatchOperation, message: str) -> Response:
    """Answer 201 for one batch."""
    answer = BatchCreated(batch, context={"message": message})
    headers = {
        "Location": f"/api/batches/{batch.pk}",
        "Retry-After": retry_after(batch),
        **_quota_headers(batch.creator),
    }
    return Response(answer.data, status=201, headers=headers)


def run_created(run: Run, message: str) -> Response:
    """Answer 201 for a run, with the creator's quota if there is only one creator."""
    body = {
        "message": message,
        "submissionId": str(run.key),
        "batchIds": [str(batch.pk) for batch in run.batches],
        "totalItems": run.total,
    }
    headers = {"Location": f"/api/submissions/{run.key}", "Retry-After": "1"}
    wallets = {batch.creator_id: batch.creator for batch in run.batches}
    if len(wallets) == 1:
        headers |= _quota_headers(*wallets.values())
    return Response(body, status=201, headers=headers)


def retry_after(batch: BatchOperation) -> str:
    """Return the seconds to wait before the next poll of an unfinished batch."""
    if batch.scheduled_for is None:
        return "1"
    seconds = (batch.scheduled_for - timezone.now()).total_seconds()
    return str(max(1, min(MAX_POLL_SECONDS, math.ceil(seconds))))


def _quota_headers(wallet: Wallet) -> dict[str, str]:
    quota = quota_of(wallet)
    return rate_limit_headers(
        limit=quota.limit, remaining=quota.remaining, reset_seconds=quota.reset_seconds
    )
