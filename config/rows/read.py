"""Reads one row by equality, and many by key."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

from django.db import connection
from django.db.models import ForeignKey, Model
from django.db.transaction import TransactionManagementError

from config.rows.columns import (
    Columns,
    Names,
    cached,
    column,
    equal_to,
    field_of,
    has_statements,
    table,
)
from config.rows.keys import among, is_among, keys_as_parameter

AnyModel = TypeVar("AnyModel", bound=Model)

PATH = "__"


def read_row(model: type[AnyModel], names: Names, **where: Any) -> AnyModel | None:
    """Return the row whose fields equal `where`, with only the key and the fields of `names`.

    A name such as `creator__owner_id` joins the object of a foreign key, which must refer to
    another table and not be null. Foreign keys are compared with keys, never objects. None if there
    is no such row.
    """
    if not has_statements():
        related = {name.partition(PATH)[0] for name in names if PATH in name}
        rows = model._default_manager.filter(**where).order_by().only(*names)
        return next(iter((rows.select_related(*related) if related else rows)[:1]), None)
    parts = _parts(model, names)
    condition, parameters = equal_to(model, where)
    with connection.cursor() as cursor:
        cursor.execute(f"{_selection(model, names)} WHERE {condition}", parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    found, *related_rows = (part.make(row) for part in parts)
    for part, related_row in zip(parts[1:], related_rows, strict=True):
        setattr(found, part.through, related_row)
    return cast("AnyModel", found)


def read_locked(model: type[Model], names: Names, keys: Iterable[str]) -> list[Any]:
    """Rows with those text keys, ordered by key, locked if the database locks rows.

    Each is a named tuple of `names`, where `pk` is the key. Unknown keys are left out. Raises
    TransactionManagementError outside of a transaction, which would release the lock at once.
    """
    if not has_statements():
        rows = model._default_manager.filter(among(keys)).order_by("pk")
        return list(rows.select_for_update(no_key=True).values_list(*names, named=True))
    if connection.features.has_select_for_update and connection.get_autocommit():
        raise TransactionManagementError("Rows are locked within a transaction only.")
    statement, columns, make = _locked_selection(model, names)
    with connection.cursor() as cursor:
        cursor.execute(statement, [keys_as_parameter(keys, connection.vendor)])
        return [make(columns.python_values(row)) for row in cursor.fetchall()]


class _Part(Columns):
    """The columns of one object in a row; `through` is the foreign key that leads to it."""

    def __init__(
        self, model: type[Model], names: Iterable[str], *, start: int = 0, through: str = ""
    ) -> None:
        chosen = {field_of(model, name).attname for name in names} | {model._meta.pk.attname}
        # In the model's own order, as `from_db` expects them.
        fields = [field for field in model._meta.concrete_fields if field.attname in chosen]
        super().__init__(model, fields, start=start)
        self.attnames = [field.attname for field in fields]
        self.through = through

    def make(self, row: Sequence[Any]) -> Model:
        return self.model.from_db(connection.alias, self.attnames, self.python_values(row))


@cached
def _parts(model: type[Model], names: Names) -> list[_Part]:
    own = [name for name in names if PATH not in name]
    related: dict[str, list[str]] = {}
    for name in names:
        if PATH in name:
            key, _, rest = name.partition(PATH)
            related.setdefault(key, []).append(rest)
    parts = [_Part(model, [*own, *related])]
    for key, attributes in related.items():
        target = cast("ForeignKey[Any, Any]", field_of(model, key)).related_model
        parts.append(_Part(target, attributes, start=parts[-1].range.stop, through=key))
    return parts


@cached
def _selection(model: type[Model], names: Names) -> str:
    first, *related = _parts(model, names)
    columns = ", ".join(column(field) for part in (first, *related) for field in part.fields)
    joins = "".join(
        f" INNER JOIN {table(part.model)}"
        f" ON {column(field_of(model, part.through))} = {column(field_of(part.model, 'pk'))}"
        for part in related
    )
    return f"SELECT {columns} FROM {table(model)}{joins}"  # noqa: S608


@cached
def _locked_selection(
    model: type[Model], names: Names
) -> tuple[str, Columns, Callable[[Iterable[Any]], Any]]:
    columns = Columns(model, [field_of(model, name) for name in names])
    listed = ", ".join(map(column, columns.fields))
    key = column(field_of(model, "pk"))
    has_locks = connection.features.has_select_for_no_key_update
    lock = f" {connection.ops.for_update_sql(no_key=True)}" if has_locks else ""
    statement = (
        f"SELECT {listed} FROM {table(model)}"  # noqa: S608
        f" WHERE {is_among(key, connection.vendor)} ORDER BY {key}{lock}"
    )
    return statement, columns, cast("Any", namedtuple("Row", names))._make
