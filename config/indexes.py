"""Partial indexes."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Index, Model, Q


class PresentIndex(Index):
    """An index for a rarely used foreign key, without rows where it is null.

    On MongoDB, whose partial indexes don't support *is null*, it covers all rows.
    """

    def create_sql(
        self,
        model: type[Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **kw: Any,
    ) -> Any:
        (field,) = self.fields
        present = Q(**{f"{field}__isnull": False})
        index = Index(fields=[field], name=self.name, condition=present)
        return index.create_sql(model, schema_editor, using, **kw)


def drop_like_indexes(schema_editor: BaseDatabaseSchemaEditor, model: type[Model]) -> None:
    """Drop the indexes that Django adds on PostgreSQL for LIKE on text keys, which are unused."""
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    for name in found:
        if name.endswith("_like"):
            schema_editor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
