"""Serializer fields: camelCase names, instants in UTC."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from rest_framework import serializers

from content.rules import ID_PATTERN, wire_name


class Instant(serializers.DateTimeField):
    """ISO 8601 in UTC, regardless of the user's time zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)


class ContentId(serializers.RegexField):
    """The id of an item, for the OpenAPI description."""

    def __init__(self, **options: Any) -> None:
        super().__init__(f"^{ID_PATTERN}$", **options)


class Texts(serializers.ListField):
    """A list of strings, without per-item serialization, which would double the time."""

    child = serializers.CharField()

    def to_representation(self, texts: list[str]) -> list[str]:
        return texts


class OnChain(serializers.Serializer[Any]):
    """The chain state of an item's change."""

    status = serializers.CharField(source="chain_state")
    error = serializers.SerializerMethodField()

    def get_error(self, change: Any) -> str | None:
        return change.chain_error or None


def wire_fields(fields: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the `before` or `after` of a change, with API field names."""
    return None if fields is None else {wire_name(name): fields[name] for name in fields}
