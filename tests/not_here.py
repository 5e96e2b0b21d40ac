"""The one list of tests that can't apply to a database, with the reason; they are deselected.

A pattern is matched against the whole node id, in the way of file names: `*`, `?`.
"""

from fnmatch import fnmatchcase

PLANS = {
    "*/test_indexes.py::test_index_serves_equality[[]*": (
        "this planner reads a table of few rows as a whole, whatever indexes it has"
    ),
}
CUT_OFF = {
    "*/test_database_cut_off.py::*": "Django itself ends transactions of SQL when a line is cut",
}
SHIM = {
    "*/test_mongodb_shim.py::test_update_many_*": "asks the stand-in for MongoDB a question",
}
LOCKS = {
    "*/test_rows.py::test_nothing_is_locked_outside_*": "this database locks no rows",
}
ALONE = "there is one who writes, and the tests' database in memory refuses another at once"
SQLITE: dict[str, str] = {
    **CUT_OFF,
    **SHIM,
    **LOCKS,
    "*/test_database.py::test_deadlocked_transactions_both_succeed": ALONE,
    "*/test_rivals.py::test_batches_on_same_items_serialized": ALONE,
}
POSTGRESQL: dict[str, str] = {**PLANS, **CUT_OFF, **SHIM}
MONGODB: dict[str, str] = {
    **PLANS,
    **LOCKS,
    "*/test_rows.py::test_what_fails_ends_*": "Django's own updates don't end a transaction there",
    "*/test_rows.py::test_values_by_key_need_*": "any key is plain there",
    "*/test_rows.py::test_an_object_is_no_key": "Django's own updates take objects",
    "*/test_rows.py::test_each_thread_has_*": "everything goes through querysets there",
    "*/test_without_tables.py::*": "MongoDB makes its collections by itself",
    "*/test_verify_following.py::test_repeated_slot_reported": (
        "takes a constraint away and puts it back, which is too slow and not ours to test there"
    ),
}

NOT_HERE = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mongodb": MONGODB}


def is_here(node_id: str, vendor: str) -> bool:
    return not any(fnmatchcase(node_id, pattern) for pattern in NOT_HERE[vendor])
