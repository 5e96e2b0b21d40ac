"""Deletes only what a test wrote: MongoDB has no transaction around a whole test.

Django's own answer is to flush every collection and to make the permissions anew, which costs
more than most tests.
"""

from typing import Any

from django.db import connection
from django.test import TransactionTestCase
from pymongo import monitoring

WRITES = frozenset({"insert", "update", "findAndModify"})
# What `migrate` wrote belongs to the database as the tests find it.
KEPT = frozenset({"django_migrations", "django_content_type", "auth_permission"})

_written: set[str] = set()


class _Writes(monitoring.CommandListener):
    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in WRITES:
            _written.add(event.command[event.command_name])

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def install() -> None:
    """Call it before the first connection is made."""
    monitoring.register(_Writes())
    TransactionTestCase._fixture_teardown = empty_written  # type: ignore[attr-defined]


def empty_written(_test: Any = None) -> None:
    for name in _written - KEPT:
        connection.database[name].delete_many({})  # type: ignore[attr-defined]
    _written.clear()
