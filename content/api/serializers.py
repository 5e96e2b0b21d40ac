"""Serializers of the catalogue, for answers and the OpenAPI description. No rules: those are in
`content.rules` and the services."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from content import rules
from content.api.fields import ContentId, Instant, OnChain, wire_fields
from content.models import Content, ContentChange
from content.services.catalogue.access import Viewer

_PRICE: dict[str, Any] = {
    "min_value": 0,
    "max_value": rules.MAX_PRICE,
    "help_text": "In micro-STX.",
}


class Error(serializers.Serializer[Any]):
    """Every error; `errors` has the messages of each field by path."""

    message = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]


class Credentials(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096)


class Token(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Send it as `Authorization: Token …`.")
    expiry = Instant()


class TokenGating(serializers.Serializer[Any]):
    enabled = serializers.BooleanField()
    tokenType = serializers.ChoiceField(rules.TOKEN_TYPES, allow_null=True, required=False)
    tokenContract = serializers.CharField(max_length=200, allow_null=True, required=False)
    minBalance = serializers.IntegerField(min_value=1, allow_null=True, required=False)


class ContentAnswer(serializers.Serializer[Content]):
    """An item. The context must have a Viewer as `viewer`."""

    contentId = serializers.CharField(source="content_id")
    title = serializers.CharField()
    description = serializers.CharField()
    contentType = serializers.ChoiceField(rules.CONTENT_TYPES, source="content_type")
    price = serializers.IntegerField(**_PRICE)
    creator = serializers.CharField(source="creator_id")
    url = serializers.SerializerMethodField(help_text="Null without access to the content.")
    tier = serializers.SerializerMethodField()
    tokenGating = serializers.SerializerMethodField()
    refundable = serializers.BooleanField()
    refundWindowDays = serializers.IntegerField(source="refund_window_days")
    isRemoved = serializers.BooleanField(source="is_removed")
    removedAt = Instant(source="removed_at", allow_null=True)
    removalReason = serializers.SerializerMethodField()
    onchainId = serializers.IntegerField(source="onchain_id", allow_null=True)
    version = serializers.IntegerField()
    createdAt = Instant(source="created_at")
    updatedAt = Instant(source="updated_at")
    updatedBy = serializers.CharField(source="updated_by")

    def get_url(self, content: Content) -> str | None:
        viewer: Viewer = self.context["viewer"]
        return (content.url or None) if viewer.may_open(content) else None

    def get_tier(self, content: Content) -> str | None:
        return None

    @extend_schema_field(TokenGating)
    def get_tokenGating(self, content: Content) -> dict[str, Any]:
        empty = {"enabled": False, "tokenType": None, "tokenContract": None, "minBalance": None}
        return {**empty, **content.token_gating}

    def get_removalReason(self, content: Content) -> str | None:
        return content.removal_reason if content.is_removed else None


class ContentPage(serializers.Serializer[Any]):
    creator = serializers.CharField(allow_null=True)
    total = serializers.IntegerField()
    contents = ContentAnswer(many=True)
    limit = serializers.IntegerField()
    skip = serializers.IntegerField()


class ContentEdit(serializers.Serializer[Any]):
    """The editable fields."""

    title = serializers.CharField(max_length=rules.MAX_TITLE, required=False)
    description = serializers.CharField(
        max_length=rules.MAX_DESCRIPTION, required=False, allow_blank=True
    )
    contentType = serializers.ChoiceField(rules.CONTENT_TYPES, required=False)
    price = serializers.IntegerField(required=False, **_PRICE)
    url = serializers.URLField(max_length=rules.MAX_URL, required=False, allow_blank=True)
    tokenGating = TokenGating(required=False)
    refundable = serializers.BooleanField(required=False)
    refundWindowDays = serializers.IntegerField(
        min_value=0, max_value=rules.MAX_REFUND_WINDOW_DAYS, required=False
    )


class NewContent(ContentEdit):
    """A new item; `contentId` is generated if missing."""

    title = serializers.CharField(max_length=rules.MAX_TITLE)
    price = serializers.IntegerField(**_PRICE)
    contentId = ContentId(required=False)
    creator = serializers.CharField(
        required=False, help_text="One of your addresses; required only if you have several."
    )
    onchainId = serializers.IntegerField(min_value=0, max_value=rules.MAX_ID, required=False)


class ChangeAnswer(serializers.Serializer[ContentChange]):
    """One change of an item; `before` and `after` have the changed fields."""

    version = serializers.IntegerField()
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()
    at = Instant()
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    cause = serializers.CharField(help_text="`batch:<id>`, `admin`, `api` or `import`.")
    batchId = serializers.UUIDField(source="batch_id", allow_null=True)
    onChain = OnChain(source="*")
    txId = serializers.SerializerMethodField()

    def get_before(self, change: ContentChange) -> dict[str, Any]:
        return wire_fields(change.before) or {}

    def get_after(self, change: ContentChange) -> dict[str, Any]:
        return wire_fields(change.after) or {}

    def get_txId(self, change: ContentChange) -> str | None:
        return (change.contract_call.tx_id or None) if change.contract_call else None


class HistoryPage(serializers.Serializer[Any]):
    creator = serializers.CharField()
    total = serializers.IntegerField()
    history = ChangeAnswer(many=True)
    limit = serializers.IntegerField()
    skip = serializers.IntegerField()
