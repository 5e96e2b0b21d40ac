"""Tests that can't apply to a database, with the reason; they are deselected.

A shell pattern is matched against the whole node id.
"""

from fnmatch import fnmatchcase

PLANS = {
    "*/test_indexes.py::test_index_serves_equality[[]*": (
        "the planner scans small tables regardless of indexes"
    ),
}
CUT_OFF = {
    "*/test_database_cut_off.py::*": "Django itself ends SQL transactions when a connection is cut",
}
SHIM = {
    "*/test_mongodb_shim.py::test_update_many_*": "tests the MongoDB shim only",
}
LOCKS = {
    "*/test_rows.py::test_nothing_is_locked_outside_*": "this database locks no rows",
}
ALONE = "the in-memory database of the tests refuses a second writer"
SQLITE: dict[str, str] = {
    **CUT_OFF,
    **SHIM,
    **LOCKS,
    "*/test_database.py::test_deadlocked_transactions_both_succeed": ALONE,
    "*/test_concurrent_batches.py::test_batches_on_same_items_serialized": ALONE,
}
POSTGRESQL: dict[str, str] = {**PLANS, **CUT_OFF, **SHIM}
MONGODB: dict[str, str] = {
    **PLANS,
    **LOCKS,
    "*/test_rows.py::test_error_ends_outer_*": "Django's own updates don't end a transaction there",
    "*/test_rows.py::test_values_by_key_*": "any key is plain there",
    "*/test_rows.py::test_an_object_is_no_key": "Django's own updates take objects",
    "*/test_rows.py::test_each_thread_has_*": "everything goes through querysets there",
    "*/test_without_tables.py::*": "MongoDB creates its collections automatically",
    "*/test_verify_following.py::test_repeated_slot_reported": (
        "drops and restores a constraint, which is too slow there"
    ),
}

UNSUPPORTED = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mongodb": MONGODB}


def is_supported(node_id: str, vendor: str) -> bool:
    return not any(fnmatchcase(node_id, pattern) for pattern in UNSUPPORTED[vendor])
