"""The floor of equal work: what a batch writes, by the raw driver and nothing else.

The same rows into the same tables, with their keys and indexes, in the same two transactions: the
claim, then items, history, results and the end of the batch. It reads nothing and checks nothing.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.utils import timezone
from uuid_utils.compat import uuid7

from batches.management.bench.world import World
from batches.models import BatchItem, BatchOperation, Status
from content.models import Content, ContentChange


class EqualWork:
    def __init__(self, world: World) -> None:
        self.world = world
        self.raw: Any = world.floor.raw
        self.is_sqlite = connection.vendor == "sqlite"

    def versions(self, keys: Sequence[str]) -> list[int]:
        """Return the versions of these items now, on which their history builds; not measured."""
        found = dict(Content.objects.filter(pk__in=keys).values_list("pk", "version"))
        return [found[key] for key in keys]

    def run(self, batch: BatchOperation, keys: Sequence[str], versions: Sequence[int]) -> None:
        now = timezone.now()
        token, price = uuid7(), batch.payload["newPrice"]
        with self._transaction() as cursor:
            self._update(
                cursor,
                BatchOperation,
                {
                    "status": Status.PROCESSING.value,
                    "lease_token": token,
                    "lease_until": now + timedelta(minutes=1),
                    "attempts": 1,
                    "started_at": now,
                    "updated_at": now,
                },
                [batch.pk],
            )
        changes = [uuid7() for _ in keys]
        before, after = json.dumps({"price": 1}), json.dumps({"price": price})
        with self._transaction() as cursor:
            self._update(
                cursor,
                Content,
                {"price": price, "updated_at": now, "updated_by": f"batch:{batch.pk}"},
                keys,
                also="version = version + 1",
            )
            self._insert(
                cursor,
                ContentChange,
                [
                    (change, key, version + 1, before, after, self.world.person.pk)
                    + (f"batch:{batch.pk}", now, "none", "", None)
                    for change, key, version in zip(changes, keys, versions, strict=True)
                ],
            )
            self._insert(
                cursor,
                BatchItem,
                [
                    (uuid7(), batch.pk, position, key, "succeeded", "", "{}", change)
                    for position, (key, change) in enumerate(zip(keys, changes, strict=True))
                ],
            )
            self._update(
                cursor,
                BatchOperation,
                {
                    "status": Status.COMPLETED.value,
                    "success_count": len(keys),
                    "lease_token": None,
                    "lease_until": None,
                    "completed_at": now,
                    "updated_at": now,
                },
                [batch.pk],
            )

    def _transaction(self) -> Any:
        return _SqliteTransaction(self.raw) if self.is_sqlite else _PostgresTransaction(self.raw)

    def _update(
        self,
        cursor: Any,
        model: type[models.Model],
        values: dict[str, Any],
        keys: Sequence[Any],
        also: str = "",
    ) -> None:
        pairs = ", ".join([*(f"{name} = %s" for name in values), *([also] if also else [])])
        if self.is_sqlite:
            where, asked = f"IN ({', '.join(['%s'] * len(keys))})", list(keys)
        else:
            where, asked = "= ANY(%s)", [list(keys)]
        statement = f"UPDATE {model._meta.db_table} SET {pairs} WHERE _id {where}"  # noqa: S608
        self._execute(cursor, statement, [*values.values(), *asked])

    def _insert(
        self, cursor: Any, model: type[models.Model], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        columns = ", ".join(str(field.column) for field in model._meta.concrete_fields)
        places = ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))
        statement = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES {places}"  # noqa: S608
        self._execute(cursor, statement, [value for row in rows for value in row])

    def _execute(self, cursor: Any, statement: str, values: list[Any]) -> None:
        if self.is_sqlite:
            cursor.execute(statement.replace("%s", "?"), [_for_sqlite(value) for value in values])
        else:
            cursor.execute(statement, values)


class _PostgresTransaction:
    def __init__(self, raw: Any) -> None:
        self.around, self.cursor = raw.transaction(), raw.cursor()

    def __enter__(self) -> Any:
        self.around.__enter__()
        return self.cursor

    def __exit__(self, *error: Any) -> None:
        self.cursor.close()
        self.around.__exit__(*error)


class _SqliteTransaction:
    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def __enter__(self) -> Any:
        self.raw.execute("BEGIN IMMEDIATE")
        return self.raw

    def __exit__(self, kind: Any, *error: Any) -> None:
        self.raw.execute("ROLLBACK" if kind else "COMMIT")


def _for_sqlite(value: Any) -> Any:
    """As Django stores it: ids as 32 hex digits, moments in UTC without an offset."""
    if isinstance(value, UUID):
        return value.hex
    if hasattr(value, "tzinfo"):
        return str(value.replace(tzinfo=None))
    return value
