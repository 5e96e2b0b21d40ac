"""Custom indexes exist on every database and are used."""

import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from batches.models import BatchOperation
from content.models import Content, ContentChange

SPARSE = {
    "batches_batch_of_submission": (BatchOperation, "submission_id"),
    "batches_batch_retries": (BatchOperation, "retry_of_id"),
    "batches_batch_undoes": (BatchOperation, "undo_of_id"),
    "content_change_of_call": (ContentChange, "contract_call_id"),
}


def indexes_of(model):
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, model._meta.db_table)


@pytest.mark.parametrize("name", SPARSE)
def test_rare_values_have_partial_indexes(db, name):
    model, column = SPARSE[name]

    found = indexes_of(model)

    assert found[name]["columns"] == [column]
    others = [other for other, facts in found.items() if facts["index"] and other != name]
    assert not [other for other in others if found[other]["columns"] == [column]]


@pytest.mark.parametrize("name", SPARSE)
def test_index_serves_equality(db, name):
    model, column = SPARSE[name]

    for asked in ({column: uuid7()}, {f"{column}__in": [uuid7(), uuid7()]}):
        assert name in model.objects.filter(**asked).order_by().explain()


def test_keys_of_items_have_one_index_only(db):
    if connection.vendor == "postgresql":
        assert not [name for name in indexes_of(Content) if name.endswith("_like")]
