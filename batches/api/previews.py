"""Previews in API answers."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from batches.models import BatchItem
from batches.services.orders.preview import Preview, PreviewItem
from content.api.fields import wire_fields
from content.api.queries import page_of


class PreviewItemAnswer(serializers.Serializer[Any]):
    """One item; `before` and `after` are null if it would not change."""

    contentId = serializers.CharField(source="content_id")
    title = serializers.CharField()
    success = serializers.BooleanField()
    outcome = serializers.ChoiceField(BatchItem.Outcome.choices)
    message = serializers.CharField(required=False)
    error = serializers.CharField(required=False)
    code = serializers.CharField(required=False)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)

    def to_representation(self, item: PreviewItem) -> dict[str, Any]:
        is_failed = item.outcome == BatchItem.Outcome.FAILED
        words = {"error": item.words, "code": item.code} if is_failed else {"message": item.words}
        return {
            "contentId": item.content_id,
            "title": item.title,
            "success": not is_failed,
            "outcome": item.outcome.value,
            **words,
            "before": wire_fields(item.before),
            "after": wire_fields(item.after),
            "version": item.version,
        }


class MovesAnswer(serializers.Serializer[Any]):
    """How much prices would change, in micro-STX; negative if they fall."""

    smallest = serializers.IntegerField()
    largest = serializers.IntegerField()
    mean = serializers.IntegerField()


class ChainCostAnswer(serializers.Serializer[Any]):
    """The cost of the on-chain update; `leastFee` is in micro-STX."""

    transactions = serializers.IntegerField()
    items = serializers.IntegerField(help_text="The number of items with an on-chain update.")
    bytes = serializers.IntegerField(source="size")
    leastFee = serializers.IntegerField(source="least_fee")


class PreviewTotals(serializers.Serializer[Any]):
    totalItems = serializers.IntegerField()
    changeCount = serializers.IntegerField()
    unchangedCount = serializers.IntegerField()
    failureCount = serializers.IntegerField()
    headline = serializers.CharField()
    moves = MovesAnswer(allow_null=True, help_text="Null if no price would change.")
    chainCost = ChainCostAnswer(allow_null=True, help_text="Null if no on-chain update is needed.")


class PreviewAnswer(PreviewTotals):
    operationType = serializers.CharField()
    creator = serializers.CharField()
    results = PreviewItemAnswer(many=True)
    expectedVersions = serializers.DictField(child=serializers.IntegerField())


class PreviewPage(PreviewTotals):
    """The totals cover all items, `results` the requested page."""

    results = PreviewItemAnswer(many=True)
    limit = serializers.IntegerField()
    skip = serializers.IntegerField()


def totals_shown(preview: Preview) -> dict[str, Any]:
    """Return the totals of a preview over all its items."""
    moves, cost = preview.moves, preview.chain_cost
    return {
        "totalItems": len(preview.items),
        "changeCount": preview.change_count,
        "unchangedCount": preview.unchanged_count,
        "failureCount": preview.failure_count,
        "headline": preview.headline,
        "moves": None if moves is None else MovesAnswer(moves).data,
        "chainCost": None if cost is None else ChainCostAnswer(cost).data,
    }


def page_shown(request: Request, preview: Preview) -> dict[str, Any]:
    """Return one page of a preview of any length. Raises Invalid."""
    limit, skip = page_of(request)
    results = PreviewItemAnswer(preview.items[skip : skip + limit], many=True).data
    return {**totals_shown(preview), "results": results, "limit": limit, "skip": skip}
