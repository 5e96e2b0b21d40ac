"""A temporary database for one command, and a separate broker."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from config.celery import app


@dataclass(frozen=True)
class Scratch:
    """A temporary folder, and the DATABASE_URL for child processes."""

    folder: Path
    database_url: str


@contextmanager
def scratch_database(url: str = "") -> Iterator[Scratch]:
    """A new, migrated database on the server of `url`; dropped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        before = connection.settings_dict["NAME"]
        name = f"content_{secrets.token_hex(4)}_scratch"
        is_file = connection.vendor == "sqlite"
        test = connection.settings_dict["TEST"]
        test["NAME"] = str(Path(folder) / f"{name}.sqlite3") if is_file else name
        address = f"sqlite:///{test['NAME']}" if is_file else _renamed(url, name)
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            yield Scratch(Path(folder), address)
        finally:
            connection.creation.destroy_test_db(before, verbosity=0)


def use_broker(url: str, options: dict[str, Any]) -> None:
    """Send the messages of this process to that broker instead of the installation's.

    Set both: Celery reads CELERY_BROKER_URL of the environment before `broker_url`.
    """
    app.conf.update(
        broker_url=url,
        broker_read_url=url,
        broker_write_url=url,
        broker_transport_options=options,
    )


def _renamed(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
