"""The baseline of the benchmark: the same work as one raw transaction.

Its tables have no history, foreign keys or further indexes, so the ratio includes their cost.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

from django.db import connection

from config.database_url import SQLITE_OPTIONS

TABLES = (
    "CREATE TABLE bench_item (id varchar(64) PRIMARY KEY, price bigint, version int)",
    "CREATE TABLE bench_batch (id int PRIMARY KEY, status varchar(16), saved int)",
    """CREATE TABLE bench_result (
        batch int, position int, item varchar(64), price bigint, PRIMARY KEY (batch, position)
    )""",
)


class Floor(Protocol):
    """One raw connection to the scratch database."""

    raw: Any

    def fill(self, keys: Sequence[str], batches: int) -> None: ...

    def run(self, batch: int, keys: Sequence[str]) -> None: ...

    def close(self) -> None: ...


class PostgresFloor:
    """By psycopg: UPDATE … = ANY, one INSERT of many rows, one UPDATE of the batch."""

    def __init__(self) -> None:
        import psycopg

        known = connection.get_connection_params()
        names = ("dbname", "user", "password", "host", "port")
        self.raw: Any = psycopg.connect(**{name: known[name] for name in names if name in known})

    def fill(self, keys: Sequence[str], batches: int) -> None:
        with self.raw.transaction(), self.raw.cursor() as cursor:
            for table in TABLES:
                cursor.execute(table)
            cursor.executemany("INSERT INTO bench_item VALUES (%s, 1, 1)", [(key,) for key in keys])
            cursor.executemany(
                "INSERT INTO bench_batch VALUES (%s, 'queued', 0)", [(n,) for n in range(batches)]
            )

    def run(self, batch: int, keys: Sequence[str]) -> None:
        rows = [value for place, key in enumerate(keys) for value in (batch, place, key, 5)]
        places = ", ".join(["(%s, %s, %s, %s)"] * len(keys))
        with self.raw.transaction(), self.raw.cursor() as cursor:
            cursor.execute(
                "UPDATE bench_item SET price = price + 1, version = version + 1 WHERE id = ANY(%s)",
                [list(keys)],
            )
            cursor.execute(f"INSERT INTO bench_result VALUES {places}", rows)  # noqa: S608
            cursor.execute(
                "UPDATE bench_batch SET status = 'completed', saved = %s WHERE id = %s",
                [len(keys), batch],
            )

    def close(self) -> None:
        self.raw.close()


class SqliteFloor:
    """The same with sqlite3, using the product's pragmas."""

    def __init__(self) -> None:
        path = str(connection.settings_dict["NAME"])
        self.raw = sqlite3.connect(path, timeout=20, isolation_level=None)
        self.raw.executescript(SQLITE_OPTIONS["init_command"])

    def fill(self, keys: Sequence[str], batches: int) -> None:
        for table in TABLES:
            self.raw.execute(table)
        self.raw.execute("BEGIN IMMEDIATE")
        self.raw.executemany("INSERT INTO bench_item VALUES (?, 1, 1)", [(key,) for key in keys])
        self.raw.executemany(
            "INSERT INTO bench_batch VALUES (?, 'queued', 0)", [(n,) for n in range(batches)]
        )
        self.raw.execute("COMMIT")

    def run(self, batch: int, keys: Sequence[str]) -> None:
        rows = [value for place, key in enumerate(keys) for value in (batch, place, key, 5)]
        marks = ", ".join("?" * len(keys))
        places = ", ".join(["(?, ?, ?, ?)"] * len(keys))
        self.raw.execute("BEGIN IMMEDIATE")
        self.raw.execute(
            "UPDATE bench_item SET price = price + 1, version = version + 1"  # noqa: S608
            f" WHERE id IN ({marks})",
            list(keys),
        )
        self.raw.execute(f"INSERT INTO bench_result VALUES {places}", rows)  # noqa: S608
        self.raw.execute(
            "UPDATE bench_batch SET status = 'completed', saved = ? WHERE id = ?",
            [len(keys), batch],
        )
        self.raw.execute("COMMIT")

    def close(self) -> None:
        self.raw.close()
