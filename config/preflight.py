"""Checks before a process starts to work: one message and exit code 2 for an invalid configuration.

`python -m config.preflight` only checks, for a parent process without Django. A broker that is
down is not an error: processes wait for it and log that.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.checks import run_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from config.brokers import check_broker
from config.database import is_mongodb, is_unreachable, lacks_tables
from config.environment import ConfigurationError
from config.errors import NO_TABLES

EXIT_CODE = 2
MAX_NAMED = 3
LONGEST_REASON = 120
# Messages of drivers, and their meaning.
REASONS = {
    "connection refused": "connection refused",
    "resolve": "no such host",
    "name or service not known": "no such host",
    "timeout": "no answer for seconds",
    "timed out": "no answer for seconds",
    "starting up": "it is starting up",
    "shutting down": "it is shutting down",
    "too many": "too many connections",
}


@contextmanager
def exit_on_configuration_error() -> Iterator[None]:
    """Exit with a message if the configuration is invalid."""
    try:
        yield
    except ConfigurationError as error:
        end(str(error))
    except Exception as error:
        if lacks_tables(error):
            end(NO_TABLES)
        if not is_unreachable(error):
            raise
        end(_refusal(error))


def end(words: str) -> None:
    """Print the message and raise SystemExit."""
    sys.stderr.write(f"{words}\n")
    sys.exit(EXIT_CODE)


def check_setup(*, may_lack_migrations: bool = False) -> None:
    """Check the database; raises ConfigurationError. Leaves no connection for a fork to share."""
    try:
        _check_database_file()
        _check_database_server()
        _check_migrations(may_lack_migrations=may_lack_migrations)
    except ConfigurationError:
        raise
    except Exception as error:
        if not isinstance(error, DatabaseError) and not is_unreachable(error):
            raise
        raise ConfigurationError(_refusal(error)) from None
    finally:
        connection.close()
        if is_mongodb():
            with suppress(KeyError):  # there may be no pool yet
                connection.close_pool()  # type: ignore[attr-defined]


def _check_database_file() -> None:
    if connection.vendor != "sqlite":
        return
    file = Path(connection.settings_dict["NAME"])
    if not file.parent.is_dir():
        raise ConfigurationError(
            f"DATABASE_URL names a file in {file.parent}, which is not a folder; "
            "create it, or name another."
        )
    # SQLite keeps two more files beside this one.
    needed = [path for path in (file, file.parent) if path.exists()]
    if file.is_dir() or not all(os.access(path, os.W_OK) for path in needed):
        raise ConfigurationError(
            f"The database file {file} can't be written; change its owner, or name another file "
            "in DATABASE_URL."
        )


def _check_database_server() -> None:
    connection.ensure_connection()
    if not is_mongodb():
        return
    client = connection.database.client  # type: ignore[attr-defined]
    hello = client.admin.command("hello")
    # A router in front of several replica sets reports this instead of a name.
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise ConfigurationError(
            "This MongoDB is not a replica set and has no transactions; start it with "
            "--replSet and run rs.initiate() once, a single node will do."
        )


def _check_migrations(*, may_lack_migrations: bool) -> None:
    executor = MigrationExecutor(connection)
    loader = executor.loader
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known.update(migration.replaces)
    applied = set(loader.applied_migrations)
    newer = sorted(key for key in applied - known if key[0] in loader.migrated_apps)
    if newer:
        raise ConfigurationError(
            f"The database is newer than this program, which does not know its {_names(newer)}; "
            "install the version that made it, or restore the backup from before the upgrade."
        )
    if may_lack_migrations:
        return
    if not applied:
        raise ConfigurationError(NO_TABLES)
    plan = executor.migration_plan(loader.graph.leaf_nodes())
    lacking = [(migration.app_label, migration.name) for migration, _ in plan]
    if lacking:
        raise ConfigurationError(
            f"The database is older than this program and lacks its {_names(lacking)}: "
            "run manage.py migrate"
        )


def _names(keys: list[tuple[str, str]]) -> str:
    names = [".".join(key) for key in keys[:MAX_NAMED]]
    more = f" and {len(keys) - MAX_NAMED:,} more" if len(keys) > MAX_NAMED else ""
    return f"migration{'s' if len(keys) > 1 else ''} {', '.join(names)}{more}"


def _refusal(error: BaseException) -> str:
    """Return the database, its error and the remedy; never its password."""
    words = " ".join(str(error).split())
    if connection.vendor == "sqlite":
        remedy = (
            "wait for the other process, or end it"
            if "locked" in words
            else "name another file in DATABASE_URL, or restore a backup"
        )
        file = connection.settings_dict["NAME"]
        return f"The database file {file} can't be used: {words}; {remedy}."
    return f"The database at {_database_place()} {_reason(words)}"


def _database_place() -> str:
    known = connection.settings_dict
    if is_mongodb():
        return str(urlsplit(known["HOST"]).netloc.rpartition("@")[2])
    return f"{known['HOST'] or 'localhost'}:{known['PORT'] or 5432}"


def _reason(words: str) -> str:
    name, user = connection.settings_dict["NAME"], connection.settings_dict.get("USER")
    if "does not exist" in words and f'database "{name}"' in words:
        return f"has no database {name}; create it (createdb {name}), or correct DATABASE_URL."
    refusals = ("authentication failed", "no password supplied", "Authentication failed")
    if any(refusal in words for refusal in refusals) or f'role "{user}" does not exist' in words:
        return f"refuses {user or 'this user'}; correct the user and the password in DATABASE_URL."
    if "invalid" in words:
        return f"can't be used with these options ({words[:LONGEST_REASON]}); correct DATABASE_URL."
    known = (reason for sign, reason in REASONS.items() if sign in words.lower())
    reason = next(known, words.rpartition("failed: ")[2][:LONGEST_REASON])
    return f"does not answer ({reason}); start it, or correct DATABASE_URL."


def main(*, looks_at_broker: bool = False) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with exit_on_configuration_error():
        django.setup()
        check_setup()
        if looks_at_broker:
            check_broker(settings.CELERY_BROKER_URL, settings.CELERY_BROKER_TRANSPORT_OPTIONS)
        else:  # the web server: manage.py runs Django's checks, and workers have no doors
            refuse_incomplete_operations()


def refuse_incomplete_operations() -> None:
    """Raises ConfigurationError that names what an operation lacks."""
    for message in run_checks(tags=["operations"]):
        raise ConfigurationError(f"{message.msg} {message.hint or ''}".strip())


if __name__ == "__main__":
    main()
