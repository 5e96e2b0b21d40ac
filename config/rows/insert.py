"""Inserts many rows at once.

`bulk_create` prepares each value separately. Here values common to all rows are prepared and sent
once, and the others in the form that the database reads fastest.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import JSONField, Model

from config.rows.columns import (
    AnyField,
    bare,
    cached,
    has_statements,
    parameter_of,
    table,
    write,
)

Fields = Mapping[str, AnyField]
Columns = Mapping[str, Sequence[Any]]
# The number of rows (if the statement depends on it), and their values.
Parameters = tuple[int, list[Any]]

# Below the 999 parameters that every build of SQLite allows.
SQLITE_ROWS = 100
UNSUPPORTED = "{} can't differ from row to row."


def insert_rows(
    model: type[Model], *, same: Mapping[str, Any], each: Mapping[str, Sequence[Any]]
) -> None:
    """Insert one row per entry of the columns in `each`; none if they are empty.

    Both map attribute names to values: `same` to one value for all rows, `each` to one per row:
    a string, an integer, a UUID or its text, None, or a JSON value. Values of one column must not
    be equal with different meanings, like 1 and True. Other fields get their default, which must
    be the same for all rows. Raises what `bulk_create`
    would; inside `atomic` only.
    """
    (count,) = {len(column) for column in each.values()}
    if not count:
        return
    fields = _fields(model)
    same = {
        name: same[name] if name in same else field.get_default()
        for name, field in fields.items()
        if name not in each
    }
    if not has_statements():
        rows = zip(*each.values(), strict=True)
        model._default_manager.bulk_create(
            model(**same, **dict(zip(each, row, strict=True))) for row in rows
        )
        return
    if count > 1:
        equal = {name: column[0] for name, column in each.items() if _is_uniform(column)}
        each = {name: column for name, column in each.items() if name not in equal}
        same |= equal
    prepared = [parameter_of(fields[name], value) for name, value in same.items()]
    for number, parameters in PARAMETERS[connection.vendor](fields, each):
        statement = _statement(model, tuple(same), tuple(each), number)
        write(statement, [*prepared, *parameters])


def _is_uniform(column: Sequence[Any]) -> bool:
    return column.count(column[0]) == len(column)


@cached
def _fields(model: type[Model]) -> Fields:
    return {field.attname: field for field in model._meta.concrete_fields}


@cached
def _statement(model: type[Model], same: tuple[str, ...], each: tuple[str, ...], rows: int) -> str:
    fields = _fields(model)
    columns = ", ".join(bare(fields[name]) for name in (*same, *each))
    marks = [_mark(fields[name]) for name in same]
    values, source = SOURCES[connection.vendor]([fields[name] for name in each], rows)
    return (
        f"INSERT INTO {table(model)} ({columns})"  # noqa: S608
        f" SELECT {', '.join([*marks, *values])} FROM {source}"
    )


def _mark(field: AnyField) -> str:
    # PostgreSQL treats a bare NULL in a SELECT as text.
    return "%s" if connection.vendor == "sqlite" else f"%s::{field.cast_db_type(connection)}"


# ---------------------------------------------------------------- SQLite: one parameter per value


def _of_sqlite(fields: Sequence[AnyField], rows: int) -> tuple[list[str], str]:
    row = f"({', '.join(['%s'] * len(fields))})"
    values = [f"column{place}" for place in range(1, len(fields) + 1)]
    return values, f"(VALUES {', '.join([row] * rows)})"


def _for_sqlite(fields: Fields, each: Columns) -> Iterator[Parameters]:
    """SQLite reads parameters faster than it parses JSON; limited rows per statement."""
    columns = [_as_parameters(fields[name], column) for name, column in each.items()]
    rows = list(zip(*columns, strict=True))
    for start in range(0, len(rows), SQLITE_ROWS):
        some = rows[start : start + SQLITE_ROWS]
        yield len(some), list(chain.from_iterable(some))


def _as_parameters(field: AnyField, column: Sequence[Any]) -> Sequence[Any]:
    if isinstance(field, JSONField):
        return [json.dumps(value) for value in column]
    kinds = {type(value) for value in column}
    if UUID in kinds:
        return [value.hex if isinstance(value, UUID) else value for value in column]
    for kind in kinds:
        if not issubclass(kind, str | int | NoneType):
            raise TypeError(UNSUPPORTED.format(kind.__name__))
    return column


# ---------------------------------------------------------------- PostgreSQL: one JSON parameter


def _of_postgresql(fields: Sequence[AnyField], rows: int) -> tuple[list[str], str]:
    def value(place: int, field: AnyField) -> str:
        kind = field.cast_db_type(connection)
        return f"(value->{place})::jsonb" if kind == "jsonb" else f"(value->>{place})::{kind}"

    values = [value(place, field) for place, field in enumerate(fields)]
    return values, "json_array_elements(%s::json)"


def _for_postgresql(fields: Fields, each: Columns) -> Iterator[Parameters]:
    rows = list(zip(*each.values(), strict=True))
    yield 0, [json.dumps(rows, default=_text, separators=(",", ":"))]


def _text(value: object) -> str:
    if isinstance(value, UUID):
        return value.hex
    raise TypeError(UNSUPPORTED.format(type(value).__name__))


SOURCES = {"sqlite": _of_sqlite, "postgresql": _of_postgresql}
PARAMETERS = {"sqlite": _for_sqlite, "postgresql": _for_postgresql}
