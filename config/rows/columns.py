"""Columns of a model, and conversion of values to and from the database."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

from django.db import connection, transaction
from django.db.models import Field, Model

AnyField: TypeAlias = "Field[Any, Any]"
Names: TypeAlias = tuple[str, ...]
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def cached(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Cache the result per database vendor and thread: converters belong to the thread's own
    connection and must be freed with it.
    """
    cache = threading.local()

    @wraps(function)
    def inside(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        known: dict[Any, Result] = cache.__dict__.setdefault("known", {})
        key = (connection.vendor, args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = function(*args, **kwargs)
        return known[key]

    return inside


def has_statements() -> bool:
    """Return False on MongoDB, where everything goes through querysets."""
    return connection.vendor in ("sqlite", "postgresql")


def field_of(model: type[Model], name: str) -> AnyField:
    """By its name, its attribute's name, or `pk`. Raises FieldDoesNotExist."""
    meta = model._meta
    return cast("AnyField", meta.pk if name == "pk" else meta.get_field(name))


def table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def bare(field: AnyField) -> str:
    """Return the column's name without its table, for SET and INSERT."""
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


def parameter_of(field: AnyField, value: Any) -> Any:
    """Return the value for the database. Raises TypeError for an object instead of its key."""
    if isinstance(value, Model):
        raise TypeError(f"Give the key that {field.name} holds, not the object.")
    return field.get_db_prep_save(value, connection=connection)


def write(statement: str, parameters: Sequence[Any]) -> int:
    """Run a statement and return the number of rows; an exception ends the transaction."""
    with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cast("int", cursor.rowcount)


def equal_to(model: type[Model], where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Return the condition that these fields have these values, None for NULL."""
    nulls = tuple(name for name, value in where.items() if value is None)
    parameters = [
        parameter_of(field_of(model, name), value)
        for name, value in where.items()
        if value is not None
    ]
    return _equalities(model, tuple(where), nulls), parameters


@cached
def _equalities(model: type[Model], names: Names, nulls: Names) -> str:
    return " AND ".join(
        f"{column(field_of(model, name))} {'IS NULL' if name in nulls else '= %s'}"
        for name in names
    )
