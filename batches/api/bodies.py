"""The bodies that create batches, for the OpenAPI description. No rules: see the operations."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from batches.operations import OPERATIONS
from batches.operations.base import REFUSALS
from batches.rules import ERROR_POLICIES, LINKS, MOST_PARENTS
from content import rules
from content.api.fields import ContentId
from content.api.serializers import TokenGating


class ContentFilterBody(serializers.Serializer[Any]):
    contentType = serializers.ChoiceField(rules.CONTENT_TYPES, required=False)
    priceMin = serializers.IntegerField(min_value=0, max_value=rules.MAX_PRICE, required=False)
    priceMax = serializers.IntegerField(min_value=0, max_value=rules.MAX_PRICE, required=False)
    isRemoved = serializers.BooleanField(default=False)
    search = serializers.CharField(max_length=rules.MAX_SEARCH, required=False)


@extend_schema_field(
    {
        "type": "array",
        "maxItems": MOST_PARENTS,
        "items": {
            "oneOf": [
                {"type": "string", "format": "uuid"},
                {
                    "type": "object",
                    "properties": {
                        "batchId": {"type": "string", "format": "uuid"},
                        "when": {"type": "string", "enum": list(LINKS)},
                    },
                    "required": ["batchId"],
                },
            ]
        },
    }
)
class Links(serializers.ListField):
    """Batches to wait for: ids, or `{batchId, when}`."""


class BatchItems(serializers.ListField):
    """As many ids as a batch takes: BATCH_MAX_ITEMS."""

    def __init__(self, **options: Any) -> None:
        options |= {"child": ContentId(), "min_length": 1, "max_length": settings.BATCH_MAX_ITEMS}
        super().__init__(**options)


class CreateBatch(serializers.Serializer[Any]):
    """`contentIds` or `filter`, exactly one of them; the rest is the operation's own."""

    creator = serializers.CharField(
        required=False, help_text="One of your addresses; required only if you have several."
    )
    contentIds = BatchItems(required=False)
    filter = ContentFilterBody(
        required=False,
        help_text="Instead of contentIds: the creator's items that match when the batch is "
        "created; more than a batch takes are refused.",
    )
    errorPolicy = serializers.ChoiceField(ERROR_POLICIES, default=ERROR_POLICIES[0])
    expectedVersions = serializers.DictField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        help_text="From a preview; an item that changed since fails with `conflict`.",
    )
    scheduledFor = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When it is to begin; with an offset, or Z."
    )
    dependsOn = Links(
        required=False,
        help_text="Own batches that are to end first: ids (which wait `on-completion`), or "
        "`{batchId, when}` with `when` as `on-success` (every item is saved), `on-completion` "
        "(done, even if items failed) or `always` (ended in whatever way).",
    )


class PriceFields(serializers.Serializer[Any]):
    newPrice = serializers.IntegerField(
        min_value=0, max_value=rules.MAX_PRICE, required=False, help_text="In micro-STX."
    )
    percentChange = serializers.FloatField(
        min_value=-100, max_value=1000, required=False, help_text="Two places, not 0."
    )


class Updates(serializers.Serializer[Any]):
    """At least one of them."""

    title = serializers.CharField(max_length=rules.MAX_TITLE, required=False)
    description = serializers.CharField(
        max_length=rules.MAX_DESCRIPTION, required=False, allow_blank=True
    )
    contentType = serializers.ChoiceField(rules.CONTENT_TYPES, required=False)
    tokenGating = TokenGating(
        required=False, help_text="Or true and false, which keep the rest as it is."
    )
    refundable = serializers.BooleanField(required=False)
    refundWindowDays = serializers.IntegerField(
        min_value=0, max_value=rules.MAX_REFUND_WINDOW_DAYS, required=False
    )


class EndField(serializers.Serializer[Any]):
    until = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="When the prices are to be put back; only where nobody changed them since.",
    )


class UpdatePriceBody(EndField, PriceFields, CreateBatch):
    """`newPrice` or `percentChange`, exactly one of them."""


class UpdateMetadataBody(CreateBatch):
    updates = Updates()


class RemoveBody(CreateBatch):
    removalReason = serializers.CharField(
        max_length=rules.MAX_REMOVAL_REASON, required=False, allow_blank=True
    )


class RestoreBody(CreateBatch):
    pass


BODIES: dict[str, type[CreateBatch]] = {
    "update-price": UpdatePriceBody,
    "update-metadata": UpdateMetadataBody,
    "remove-content": RemoveBody,
    "restore-content": RestoreBody,
}


class ScheduleBody(EndField):
    """At least one of them; what is left out stays, and null stands for none."""

    scheduledFor = serializers.DateTimeField(required=False, allow_null=True)


class DependenciesBody(serializers.Serializer[Any]):
    dependsOn = Links(help_text="All that it is to wait for, as in the body of a creation.")


class SomeItems(serializers.Serializer[Any]):
    """Of all its items, or of these."""

    contentIds = serializers.ListField(child=ContentId(), min_length=1, required=False)


class SomeFailures(SomeItems):
    code = serializers.ChoiceField(
        list(REFUSALS), required=False, help_text="Only what failed with this code."
    )


class PreviewBody(EndField, PriceFields, CreateBatch):
    """The body that would create the batch, and the kind of operation.

    What it would wait for is checked and plays no part.
    """

    operationType = serializers.ChoiceField(list(OPERATIONS))
    updates = Updates(required=False)
    removalReason = serializers.CharField(
        max_length=rules.MAX_REMOVAL_REASON, required=False, allow_blank=True
    )
