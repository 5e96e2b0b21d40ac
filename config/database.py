"""The only atomic(), and code for particular databases.

All code writes through this `atomic` and never through Django's, which does nothing on MongoDB.
`on_commit` is Django's on all three databases.
"""

import functools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.transaction import on_commit

from config.database_url import database_from_url

__all__ = [
    "atomic",
    "database_from_url",
    "is_mongodb",
    "is_unreachable",
    "lacks_tables",
    "on_commit",
]

TRIES = 20
BACKOFF_SECONDS = 0.01
MAX_BACKOFF_SECONDS = 0.5
DEADLOCK = "40P01"  # PostgreSQL's code

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def is_mongodb() -> bool:
    return connection.vendor == "mongodb"


def is_unreachable(error: BaseException) -> bool:
    """Return True if the database is unreachable or locked for too long: a retry can help."""
    if lacks_tables(error):
        return False
    if isinstance(error, OperationalError | InterfaceError):
        return True
    if not is_mongodb():
        return False
    # Its backend has one error for everything, and lets some of the driver's errors through.
    from pymongo.errors import ConnectionFailure

    if isinstance(error, DatabaseError):
        return isinstance(error.__cause__, ConnectionFailure) or _is_retryable(error)
    return isinstance(error, ConnectionFailure)


def lacks_tables(error: BaseException | None) -> bool:
    """`migrate` was not run on this database. Never on MongoDB, which needs no tables."""
    if not isinstance(error, DatabaseError):
        return False
    undefined_table = "42P01"  # PostgreSQL's code
    return (
        str(error).startswith("no such table")
        or getattr(error.__cause__, "sqlstate", "") == undefined_table
    )


def atomic(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Run the function in one transaction; inside another it joins that one.

    A function, not a `with` block, because after a write conflict on MongoDB or a deadlock on
    PostgreSQL the whole transaction must be repeated: then the outermost call runs again, so it
    must only do database work. A joined call creates no savepoint: its exception ends the whole
    transaction.
    """

    @functools.wraps(function)
    def inside(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        if _in_transaction():
            return function(*args, **kwargs)
        for pause in _backoffs():
            try:
                with _transaction():
                    return function(*args, **kwargs)
            except Exception as error:
                if not _is_retryable(error):
                    raise
                time.sleep(pause)
        with _transaction():
            return function(*args, **kwargs)

    return inside


def _in_transaction() -> bool:
    if is_mongodb():
        return connection.in_atomic_block_mongo  # type: ignore[attr-defined, no-any-return]
    # TestCase wraps every test in an atomic block of its own, which does not count.
    return any(not block._from_testcase for block in connection.atomic_blocks)  # type: ignore[attr-defined]


def _transaction() -> AbstractContextManager[None]:
    return _mongodb_transaction() if is_mongodb() else transaction.atomic()


@contextmanager
def _mongodb_transaction() -> Iterator[None]:
    """MongoDB's own transaction, also inside Django's atomic block, which the admin uses for saves.

    Such a block does nothing on MongoDB but is tracked: within it, on_commit callbacks do not run,
    and the commit would raise after it succeeded.
    """
    from django_mongodb_backend import transaction as mongodb

    around, connection.in_atomic_block = connection.in_atomic_block, False
    try:
        with mongodb.atomic():
            yield
    finally:
        connection.in_atomic_block = around
        _forget_transaction()


def _forget_transaction() -> None:
    """Clean up after the connection was lost during commit or rollback.

    Otherwise the backend keeps the old session, starts no new one and so runs later statements
    outside of any transaction; and callbacks of this commit would run after the next.
    """
    if connection.session is not None:  # type: ignore[attr-defined]
        connection._end_session()  # type: ignore[attr-defined]
        connection.run_on_commit = []


def _backoffs() -> Iterator[float]:
    """Growing delays in seconds before each retry, with jitter to separate concurrent writers."""
    for number in range(TRIES - 1):
        yield random.uniform(0.5, 1) * min(BACKOFF_SECONDS * 2**number, MAX_BACKOFF_SECONDS)  # noqa: S311


def _is_retryable(error: Exception) -> bool:
    """Also checks the driver's own errors, which MongoDB's backend lets through at commit."""
    if getattr(error.__cause__, "sqlstate", "") == DEADLOCK:
        return True
    has_labels = (getattr(each, "has_error_label", None) for each in (error, error.__cause__))
    return any(has_label and has_label("TransientTransactionError") for has_label in has_labels)
