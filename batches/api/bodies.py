"""The bodies that create batches, for the OpenAPI description. No rules: see the operations."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from batches.operations import OPERATIONS, Operation
from batches.operations.base import REFUSALS
from batches.operations.fields import Field, FieldType
from batches.rules import ERROR_POLICIES, LINKS, MAX_PARENTS
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
        "maxItems": MAX_PARENTS,
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
    """At most BATCH_MAX_ITEMS ids."""

    def __init__(self, **options: Any) -> None:
        options |= {"child": ContentId(), "min_length": 1, "max_length": settings.BATCH_MAX_ITEMS}
        super().__init__(**options)


class CreateBatch(serializers.Serializer[Any]):
    """Exactly one of `contentIds` and `filter`; the other fields are the operation's."""

    creator = serializers.CharField(
        required=False, help_text="One of your addresses; required only if you have several."
    )
    contentIds = BatchItems(required=False)
    filter = ContentFilterBody(
        required=False,
        help_text="Instead of contentIds: the creator's items that match when the batch is "
        "created; more than fit into one batch are refused.",
    )
    errorPolicy = serializers.ChoiceField(ERROR_POLICIES, default=ERROR_POLICIES[0])
    expectedVersions = serializers.DictField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        help_text="From a preview; an item that changed since then fails with `conflict`.",
    )
    scheduledFor = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Start time, with an offset or Z."
    )
    dependsOn = Links(
        required=False,
        help_text="Batches that must end first: ids (which wait `on-completion`), or "
        "`{batchId, when}` with `when` as `on-success` (every item is saved), `on-completion` "
        "(done, even if items failed) or `always` (ended with any outcome).",
    )


class PriceFields(serializers.Serializer[Any]):
    """Exactly one of `newPrice` and `percentChange`."""

    newPrice = serializers.IntegerField(
        min_value=0, max_value=rules.MAX_PRICE, required=False, help_text="In micro-STX."
    )
    percentChange = serializers.FloatField(
        min_value=-100,
        max_value=1000,
        required=False,
        help_text="At most two decimal places, not 0.",
    )


class Updates(serializers.Serializer[Any]):
    """At least one field."""

    title = serializers.CharField(max_length=rules.MAX_TITLE, required=False)
    description = serializers.CharField(
        max_length=rules.MAX_DESCRIPTION, required=False, allow_blank=True
    )
    contentType = serializers.ChoiceField(rules.CONTENT_TYPES, required=False)
    tokenGating = TokenGating(
        required=False, help_text="An object, or true or false to keep the other settings."
    )
    refundable = serializers.BooleanField(required=False)
    refundWindowDays = serializers.IntegerField(
        min_value=0, max_value=rules.MAX_REFUND_WINDOW_DAYS, required=False
    )


class EndField(serializers.Serializer[Any]):
    until = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="End time, when the previous prices are restored, except on items changed since.",
    )


class MetadataFields(serializers.Serializer[Any]):
    updates = Updates()


def payload_body(operation: Operation) -> type[serializers.Serializer[Any]]:
    """Return the serializer that the operation names, or one made of its fields."""
    if operation.body:
        body: type[serializers.Serializer[Any]] = import_string(operation.body)
        return body
    wire = {field.name: _wire(field) for field in operation.fields}
    return type(f"{type(operation).__name__}Fields", (serializers.Serializer,), wire)


def body_for(operation: Operation) -> type[CreateBatch]:
    """Return the serializer of the body that creates a batch of this kind."""
    own = payload_body(operation)
    bases = (EndField, own, CreateBatch) if operation.may_end else (own, CreateBatch)
    return type(f"{type(operation).__name__}Body", bases, {"__doc__": own.__doc__})


def _wire(field: Field) -> serializers.Field[Any, Any, Any, Any]:
    common: dict[str, Any] = {"required": field.is_required, "help_text": field.help}
    if field.type is FieldType.BOOLEAN:
        return serializers.BooleanField(**common)
    if field.type is FieldType.INTEGER:
        return serializers.IntegerField(min_value=field.minimum, max_value=field.limit, **common)
    if field.choices:
        return serializers.ChoiceField(field.choices, **common)
    return serializers.CharField(
        min_length=field.minimum or None,
        max_length=field.limit,
        allow_blank=not field.minimum,
        **common,
    )


class ScheduleBody(EndField):
    """At least one field; missing fields stay unchanged, and null clears a field."""

    scheduledFor = serializers.DateTimeField(required=False, allow_null=True)


class DependenciesBody(serializers.Serializer[Any]):
    dependsOn = Links(
        help_text="All batches to wait for, in the format of the body that creates a batch."
    )


class SomeItems(serializers.Serializer[Any]):
    """All items of the batch, or only `contentIds`."""

    contentIds = serializers.ListField(child=ContentId(), min_length=1, required=False)


class SomeFailures(SomeItems):
    code = serializers.ChoiceField(
        list(REFUSALS), required=False, help_text="Only items that failed with this code."
    )


class PreviewBody(EndField, CreateBatch):
    """The body that would create the batch, with the kind of operation.

    The schedule is validated but not used.
    """

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["operationType"] = serializers.ChoiceField(list(OPERATIONS))
        for operation in OPERATIONS.values():
            for name, field in payload_body(operation)().get_fields().items():
                field.required = False
                fields.setdefault(name, field)
        return fields
