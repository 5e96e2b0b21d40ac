"""Temporary writes, like around each test, for data that several tests share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from tests import mongodb_cleanup


def world_scope(fixture_name: str, config: object) -> str:
    """Once a module, with the tests inside in transactions of their own; MongoDB has none."""
    return "function" if connection.vendor == "mongodb" else "module"


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo at the end what is written inside. May be nested; MongoDB empties everything instead."""
    if connection.vendor == "mongodb":
        try:
            yield
        finally:
            mongodb_cleanup.empty_written()
        return
    block = transaction.atomic()
    block._from_testcase = True  # as TestCase marks its own: the product looks through it
    with block:
        yield
        transaction.set_rollback(True)
