"""Serializers of batches, for answers and the OpenAPI description. No rules: see the operations."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from batches.models import BatchItem, BatchOperation, Dependency, Source, Status
from batches.services.results.results import Result, results_of
from content.api.fields import Instant, OnChain, Texts, wire_fields
from content.models import ContentChange

LINKS = Prefetch("dependencies", Dependency.objects.order_by("id"))
SHOWN_CHAIN_STATES = [
    state.value for state in ContentChange.ChainState if state != ContentChange.ChainState.NONE
]


class ResultAnswer(serializers.Serializer[Any]):
    """One item. `message` if it succeeded; `error` and `code` if it failed."""

    contentId = serializers.CharField(source="content_id")
    success = serializers.BooleanField(source="is_success")
    outcome = serializers.ChoiceField(BatchItem.Outcome.choices)
    message = serializers.CharField(source="words", required=False)
    error = serializers.CharField(source="words", required=False)
    code = serializers.CharField(required=False)
    before = serializers.DictField(required=False)
    after = serializers.DictField(required=False)
    version = serializers.IntegerField(required=False)
    txId = serializers.CharField(source="tx_id", required=False, allow_null=True)
    onChain = OnChain(source="*", required=False)

    def to_representation(self, result: Result) -> dict[str, Any]:
        shown = {
            "contentId": result.content_id,
            "success": result.is_success,
            "outcome": result.outcome.value,
        }
        if not result.is_success:
            return {**shown, "code": result.code, "error": result.words}
        return {
            **shown,
            "message": result.words,
            "before": wire_fields(result.before),
            "after": wire_fields(result.after),
            "txId": result.tx_id or None,
            "onChain": {"status": str(result.chain_state), "error": result.chain_error or None},
            "version": result.version,
        }


class DependencyAnswer(serializers.Serializer[Dependency]):
    """A batch to wait for, and the required outcome."""

    batchId = serializers.UUIDField(source="parent_id")
    when = serializers.ChoiceField(Dependency.When.choices)
    state = serializers.ChoiceField(Dependency.State.choices)


class BatchAnswer(serializers.Serializer[BatchOperation]):
    """A batch without its results, for lists."""

    _id = serializers.UUIDField(source="pk")
    creator = serializers.CharField(source="creator_id")
    operationType = serializers.CharField(source="kind")
    status = serializers.ChoiceField(Status.choices)
    outcome = serializers.ChoiceField(BatchOperation.Outcome.choices, allow_null=True)
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment]
    totalItems = serializers.IntegerField(source="total_items")
    successCount = serializers.IntegerField(source="success_count")
    unchangedCount = serializers.IntegerField(source="unchanged_count")
    failureCount = serializers.IntegerField(source="failure_count")
    successRate = serializers.FloatField(source="success_rate")
    progress = serializers.IntegerField(help_text="Percent of the items that have a result.")
    contentIds = Texts(source="content_ids")
    updatePayload = serializers.DictField(source="payload")
    scheduledFor = Instant(source="scheduled_for", allow_null=True)
    until = Instant(allow_null=True)
    dependsOn = serializers.SerializerMethodField()
    dependencies = DependencyAnswer(source="dependencies.all", many=True)
    isPaused = serializers.BooleanField(source="is_paused")
    retryOf = serializers.UUIDField(source="retry_of_id", allow_null=True)
    undoOf = serializers.UUIDField(source="undo_of_id", allow_null=True)
    error = serializers.SerializerMethodField()
    errorCode = serializers.SerializerMethodField(
        help_text="`dependency` if a batch that it waited for ended with another outcome."
    )
    createdAt = Instant(source="created_at")
    startedAt = Instant(source="started_at", allow_null=True)
    completedAt = Instant(source="completed_at", allow_null=True)
    updatedAt = Instant(source="updated_at")

    def get_dependsOn(self, batch: BatchOperation) -> list[UUID]:
        return [link.parent_id for link in batch.dependencies.all()]

    def get_error(self, batch: BatchOperation) -> str | None:
        return batch.error or None

    def get_errorCode(self, batch: BatchOperation) -> str | None:
        return batch.error_code or None


class BatchWithResults(BatchAnswer):
    """One batch with its results."""

    dependents = serializers.SerializerMethodField(help_text="The batches that wait for it.")
    results = serializers.SerializerMethodField()
    onChain = serializers.SerializerMethodField()

    def get_dependents(self, batch: BatchOperation) -> list[UUID]:
        return list(batch.dependents.order_by("id").values_list("batch_id", flat=True))

    @extend_schema_field(ResultAnswer(many=True))
    def get_results(self, batch: BatchOperation) -> Any:
        return ResultAnswer(self.context["results"], many=True).data

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_onChain(self, batch: BatchOperation) -> dict[str, int]:
        results: Sequence[Result] = self.context["results"]
        counted = Counter(str(result.chain_state) for result in results)
        return {state: counted[state] for state in SHOWN_CHAIN_STATES}


class BatchPage(serializers.Serializer[Any]):
    creator = serializers.CharField(allow_null=True)
    total = serializers.IntegerField(
        allow_null=True, help_text="Counted up to 10,000; 10,001 means more than 10,000."
    )
    batches = BatchAnswer(many=True)
    limit = serializers.IntegerField()
    skip = serializers.IntegerField()


class OutcomeTotals(serializers.Serializer[Any]):
    succeeded = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()


class ResultTotals(serializers.Serializer[Any]):
    """Counts over the whole batch, regardless of the filter; `codes` counts failures by code."""

    totals = OutcomeTotals(source="*")
    codes = serializers.DictField(child=serializers.IntegerField())


class ResultPage(ResultTotals):
    creator = serializers.CharField()
    total = serializers.IntegerField()
    results = ResultAnswer(many=True)
    limit = serializers.IntegerField()
    skip = serializers.IntegerField()


def one_batch(batch: BatchOperation) -> Any:
    """Return a batch with its results, as every endpoint of a single batch answers it."""
    prefetch_related_objects([batch], LINKS)
    return BatchWithResults(batch, context={"results": results_of(batch)}).data
