"""The one atomic(), and everything that a particular database needs of its own.

All code writes through `atomic` from here and never through Django's: on MongoDB Django's own
does nothing. `on_commit` is Django's on all three databases.
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

__all__ = ["atomic", "database_from_url", "is_away", "is_mongodb", "lacks_tables", "on_commit"]

TRIES = 20
PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.5
DEADLOCK = "40P01"  # PostgreSQL's code

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def is_mongodb() -> bool:
    return connection.vendor == "mongodb"


def is_away(error: BaseException) -> bool:
    """The database can't be reached, or is locked by others for too long: trying again can help."""
    if lacks_tables(error):
        return False
    if isinstance(error, OperationalError | InterfaceError):
        return True
    if not is_mongodb():
        return False
    # Its backend knows one error for everything, and lets the driver's own through in places.
    from pymongo.errors import ConnectionFailure

    if isinstance(error, DatabaseError):
        return isinstance(error.__cause__, ConnectionFailure) or _asks_for_another_try(error)
    return isinstance(error, ConnectionFailure)


def lacks_tables(error: BaseException | None) -> bool:
    """`migrate` was not run on this database. Never on MongoDB: it makes collections by itself."""
    if not isinstance(error, DatabaseError):
        return False
    undefined_table = "42P01"  # PostgreSQL's code
    return (
        str(error).startswith("no such table")
        or getattr(error.__cause__, "sqlstate", "") == undefined_table
    )


def atomic(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Run the function in one transaction; inside another it joins that one.

    A function, not a `with` block, because MongoDB answers a write conflict by asking for the
    whole transaction again, and PostgreSQL ends one of two that wait for each other: the outermost
    call is repeated then, so it must do nothing but database work. A joined call makes no
    savepoint: what it raises ends the whole.
    """

    @functools.wraps(function)
    def inside(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        if _in_transaction():
            return function(*args, **kwargs)
        for pause in _pauses():
            try:
                with _transaction():
                    return function(*args, **kwargs)
            except Exception as error:
                if not _asks_for_another_try(error):
                    raise
                time.sleep(pause)
        with _transaction():
            return function(*args, **kwargs)

    return inside


def _in_transaction() -> bool:
    if is_mongodb():
        return connection.in_atomic_block_mongo  # type: ignore[attr-defined, no-any-return]
    # TestCase wraps every test in an atomic block of its own, which is none of ours.
    return any(not block._from_testcase for block in connection.atomic_blocks)  # type: ignore[attr-defined]


def _transaction() -> AbstractContextManager[None]:
    return _mongodb_transaction() if is_mongodb() else transaction.atomic()


@contextmanager
def _mongodb_transaction() -> Iterator[None]:
    """MongoDB's own transaction, also inside a block of Django's, as the admin has around saves.

    Such a block does nothing there, but it counts: within it, what waits for the commit may not
    be run, and the commit would raise after it was made.
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
    """What is left where the line was cut at the commit or at the rolling back.

    The backend keeps its session then, begins no other one, and so would run all that follows
    outside of any transaction; and what waited for this commit would be run after the next.
    """
    if connection.session is not None:  # type: ignore[attr-defined]
        connection._end_session()  # type: ignore[attr-defined]
        connection.run_on_commit = []


def _pauses() -> Iterator[float]:
    """Seconds to wait before each further try, growing, with jitter so that rivals part."""
    for number in range(TRIES - 1):
        yield random.uniform(0.5, 1) * min(PAUSE_SECONDS * 2**number, LONGEST_PAUSE_SECONDS)  # noqa: S311


def _asks_for_another_try(error: Exception) -> bool:
    """Also of the driver's own error: MongoDB's backend lets those of a commit through."""
    if getattr(error.__cause__, "sqlstate", "") == DEADLOCK:
        return True
    has_labels = (getattr(each, "has_error_label", None) for each in (error, error.__cause__))
    return any(has_label and has_label("TransientTransactionError") for has_label in has_labels)
