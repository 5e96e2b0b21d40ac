"""Converts DATABASE_URL into Django's settings; opens no connection."""

from typing import Any
from urllib.parse import SplitResult, parse_qs

import environ

from config.environment import ConfigurationError, split_url

CONNECT_SECONDS = 5

SQLITE_OPTIONS: dict[str, Any] = {
    # IMMEDIATE: a transaction that reads first and writes later would fail at once with
    # "database is locked", whatever the timeout, if another process wrote in between.
    "transaction_mode": "IMMEDIATE",
    # A checkpoint after 16 MB of changes instead of 4, since commits wait for checkpoints.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000;"
    ),
    "timeout": 20,
}
POSTGRESQL_OPTIONS = {
    "connect_timeout": CONNECT_SECONDS,
    # Without these a query to a crashed machine waits for a quarter of an hour.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
MONGODB_OPTIONS = {
    "serverSelectionTimeoutMS": CONNECT_SECONDS * 1000,
    "connectTimeoutMS": CONNECT_SECONDS * 1000,
}


def database_from_url(url: str) -> dict[str, Any]:
    """Settings of one database: sqlite:///…, postgres://… or mongodb://… .

    Raises ConfigurationError with a message that names the error.
    """
    if url == "sqlite://:memory:":  # not a valid URL, but a common notation
        raise _memory()
    parts = split_url("DATABASE_URL", url)
    if parts.scheme in {"mongodb", "mongodb+srv"}:
        return _mongodb(url, parts)
    if parts.scheme == "sqlite":
        return _sqlite(url, parts)
    if parts.scheme in {"postgres", "postgresql"}:
        return _postgresql(url, parts)
    problem = f"has the unknown scheme {parts.scheme!r}" if parts.scheme else "has no scheme"
    raise ConfigurationError(
        f"DATABASE_URL {problem}; use sqlite:///…, postgres://… or mongodb://… ."
    )


def _sqlite(url: str, parts: SplitResult) -> dict[str, Any]:
    if parts.netloc:
        raise ConfigurationError(
            "DATABASE_URL names a host for SQLite; write sqlite:////whole/path/to/file.sqlite3."
        )
    if not parts.path.strip("/") or ":memory:" in parts.path:
        raise _memory()
    return {**environ.Env.db_url_config(url), "OPTIONS": dict(SQLITE_OPTIONS)}


def _memory() -> ConfigurationError:
    return ConfigurationError(
        "DATABASE_URL names a database in memory, of which each process would have its own; "
        "name a file: sqlite:////whole/path/to/file.sqlite3."
    )


def _postgresql(url: str, parts: SplitResult) -> dict[str, Any]:
    if not parts.path.strip("/"):
        raise ConfigurationError(
            "DATABASE_URL names no database: write postgres://user:password@host:5432/NAME."
        )
    known = environ.Env.db_url_config(url)
    return {
        **known,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**POSTGRESQL_OPTIONS, **known.get("OPTIONS", {})},
    }


def _mongodb(url: str, parts: SplitResult) -> dict[str, Any]:
    name = parts.path.strip("/")
    if not name:
        raise ConfigurationError(
            "DATABASE_URL names no database: write mongodb://host:27017/NAME?replicaSet=… ."
        )
    if parts.scheme == "mongodb":  # the other scheme would need a DNS lookup
        _refuse_by_driver(url)
    given = {option.lower() for option in parse_qs(parts.query)}
    options = {key: value for key, value in MONGODB_OPTIONS.items() if key.lower() not in given}
    return {"ENGINE": "django_mongodb_backend", "HOST": url, "NAME": name, "OPTIONS": options}


def _refuse_by_driver(url: str) -> None:
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    try:
        parse_uri(url, warn=False)
    except (PyMongoError, ValueError):
        # The driver's message may quote the password.
        raise ConfigurationError(
            "DATABASE_URL is not a valid MongoDB URL: write mongodb://user:password@host:27017"
            "/name?replicaSet=…, with %-codes for special characters."
        ) from None
