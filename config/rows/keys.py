"""Lookups by text keys, and new keys."""

import json
from collections.abc import Iterable
from typing import Any

import uuid_utils
from django.db.models import CharField, Lookup, Q

from config.rows.columns import has_statements


def among(keys: Iterable[str]) -> Q:
    """Like `pk__in`, with all text keys in one parameter."""
    if not has_statements():
        return Q(pk__in=[*keys])
    # A set, since Django searches lists for expressions.
    return Q(pk__among=frozenset(keys))


def is_among(column: str, vendor: str) -> str:
    """Return the condition that `keys_as_parameter` completes."""
    if vendor == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608
    return f"{column} = ANY(%s)"


def keys_as_parameter(keys: Iterable[str], vendor: str) -> str | list[str]:
    """Any number of text keys as one parameter."""
    return json.dumps([*keys]) if vendor == "sqlite" else [*keys]


class _Among(Lookup):
    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        vendor = connection.vendor
        return is_among(column, vendor), (*parameters, keys_as_parameter(self.rhs, vendor))


CharField.register_lookup(_Among)


def new_keys(count: int) -> list[str]:
    """Return `count` UUIDv7 as text, at a fifth of the cost of UUID objects."""
    return [uuid_utils.uuid7().hex for _ in range(count)]
