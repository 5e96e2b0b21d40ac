"""A model's columns, and what a database's values become on their way."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, cast

from django.db import connection
from django.db.models import Field, Model

AnyField: TypeAlias = "Field[Any, Any]"
Names: TypeAlias = tuple[str, ...]


def has_statements() -> bool:
    """False on MongoDB, where everything goes through querysets."""
    return connection.vendor in ("sqlite", "postgresql")


def field_of(model: type[Model], name: str) -> AnyField:
    """By its name, its attribute's name, or `pk`. Raises FieldDoesNotExist."""
    meta = model._meta
    return cast("AnyField", meta.pk if name == "pk" else meta.get_field(name))


def table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def bare(field: AnyField) -> str:
    """The column's name without its table's, as it is set and inserted."""
    return connection.ops.quote_name(str(field.column))


def column(field: AnyField) -> str:
    return f"{table(field.model)}.{bare(field)}"


class Columns:
    """Columns of one table, in a row from `start` on."""

    def __init__(self, model: type[Model], fields: Sequence[AnyField], *, start: int = 0) -> None:
        self.model, self.fields = model, fields
        self.range = slice(start, start + len(fields))
        self.converters: list[tuple[int, Callable[..., Any], Any]] = []
        for place, field in enumerate(fields):
            found = field.get_col(model._meta.db_table)
            ours = connection.ops.get_db_converters(found) + found.get_db_converters(connection)
            self.converters += [(place, convert, found) for convert in ours]

    def python_values(self, row: Sequence[Any]) -> list[Any]:
        values = list(row[self.range])
        for place, convert, found in self.converters:
            values[place] = convert(values[place], found, connection)
        return values


def equal_to(model: type[Model], where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The condition that each of these fields has that value, None for NULL."""
    nulls = tuple(name for name, value in where.items() if value is None)
    parameters = [
        field_of(model, name).get_db_prep_value(value, connection=connection)
        for name, value in where.items()
        if value is not None
    ]
    return _equalities(model, tuple(where), nulls), parameters


@lru_cache
def _equalities(model: type[Model], names: Names, nulls: Names) -> str:
    return " AND ".join(
        f"{column(field_of(model, name))} {'IS NULL' if name in nulls else '= %s'}"
        for name in names
    )
