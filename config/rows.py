"""Inserts many rows at once, without asking every field about every row.

`bulk_create` prepares each value by itself, which took two thirds of a batch's time. Here what is
the same in all rows is prepared and sent once, and the rest goes in the way that its database
reads fastest. The statement is made from the model's own fields.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any
from uuid import UUID

import uuid_utils
from django.db import connection
from django.db.models import Field, JSONField, Model

Fields = Mapping[str, "Field[Any, Any]"]
Columns = Mapping[str, Sequence[Any]]
# Some of the rows: their values in SQL, where they come from, and the parameters of that.
Source = tuple[list[str], str, list[Any]]

# Below the 999 parameters that every build of SQLite takes.
SQLITE_ROWS = 100
NOT_EACH = "{} can't differ from row to row."


def new_keys(count: int) -> list[str]:
    """So many UUIDv7 as text, at a fifth of what the objects cost."""
    return [uuid_utils.uuid7().hex for _ in range(count)]


def insert_rows(model: type[Model], *, same: Mapping[str, Any], each: Columns) -> None:
    """Insert as many rows as the columns of `each` are long; none where they are empty.

    Both map attribute names to values: `same` to one for all rows, `each` to one a row, which is
    a text, an integer, an UUID or its text, None, or for JSON fields what these hold. Fields that
    neither names get their default, which must not differ from row to row. Raises what
    `bulk_create` would; inside `atomic` only.
    """
    (count,) = {len(column) for column in each.values()}
    if not count:
        return
    fields = {field.attname: field for field in model._meta.concrete_fields}
    same = {
        name: same[name] if name in same else field.get_default()
        for name, field in fields.items()
        if name not in each
    }
    if connection.vendor not in SOURCES:
        model._default_manager.bulk_create(
            model(**same, **dict(zip(each, row, strict=True)))
            for row in zip(*each.values(), strict=True)
        )
        return
    if count > 1:
        equal = {name: column[0] for name, column in each.items() if _is_uniform(column)}
        each = {name: column for name, column in each.items() if name not in equal}
        same |= equal
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(fields[name].column)) for name in (*same, *each))
    marks = _marks(fields, same)
    prepared = [_prepared(fields[name], value) for name, value in same.items()]
    with connection.cursor() as cursor:
        for values, source, parameters in SOURCES[connection.vendor](fields, each):
            cursor.execute(
                f"INSERT INTO {quote(model._meta.db_table)} ({columns})"  # noqa: S608
                f" SELECT {', '.join([*marks, *values])} FROM {source}",
                [*prepared, *parameters],
            )


def _is_uniform(column: Sequence[Any]) -> bool:
    return column.count(column[0]) == len(column)


def _of_sqlite(fields: Fields, each: Columns) -> Iterator[Source]:
    """A parameter for each value, which it reads faster than JSON, for so many rows at a time."""
    values = [f"column{place}" for place in range(1, len(each) + 1)]
    row = f"({', '.join(['%s'] * len(each))})"
    columns = [_as_parameters(fields[name], column) for name, column in each.items()]
    rows = list(zip(*columns, strict=True))
    for start in range(0, len(rows), SQLITE_ROWS):
        some = rows[start : start + SQLITE_ROWS]
        # The same text again and again, so that the statement is compiled once.
        yield values, f"(VALUES {', '.join([row] * len(some))})", list(chain.from_iterable(some))


def _as_parameters(field: "Field[Any, Any]", column: Sequence[Any]) -> Sequence[Any]:
    if isinstance(field, JSONField):
        return [json.dumps(value) for value in column]
    kinds = {type(value) for value in column}
    if UUID in kinds:
        return [value.hex if isinstance(value, UUID) else value for value in column]
    for kind in kinds:
        if not issubclass(kind, str | int | NoneType):
            raise TypeError(NOT_EACH.format(kind.__name__))
    return column


def _of_postgresql(fields: Fields, each: Columns) -> Iterator[Source]:
    """All in one JSON text, which it takes apart."""

    def value(place: int, field: "Field[Any, Any]") -> str:
        kind = field.cast_db_type(connection)
        return f"(value->{place})::jsonb" if kind == "jsonb" else f"(value->>{place})::{kind}"

    values = [value(place, fields[name]) for place, name in enumerate(each)]
    rows = list(zip(*each.values(), strict=True))
    document = json.dumps(rows, default=_text, separators=(",", ":"))
    yield values, "json_array_elements(%s::json)", [document]


SOURCES = {"sqlite": _of_sqlite, "postgresql": _of_postgresql}


def _marks(fields: Fields, names: Mapping[str, Any]) -> list[str]:
    if connection.vendor == "sqlite":
        return ["%s"] * len(names)
    # A bare NULL in a SELECT would be taken for text.
    return [f"%s::{fields[name].cast_db_type(connection)}" for name in names]


def _prepared(field: "Field[Any, Any]", value: Any) -> Any:
    return field.get_db_prep_save(value, connection=connection)


def _text(value: object) -> str:
    if isinstance(value, UUID):
        return value.hex
    raise TypeError(NOT_EACH.format(type(value).__name__))
