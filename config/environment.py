"""Reads the environment strictly: an invalid setting is refused with one message.

Nothing here opens a connection; `config.preflight` does, before a process starts to work.
"""

import math
import os
from collections.abc import Collection
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

MAX_INTEGER = 1_000_000_000
MIN_SECRET_LENGTH = 32
FLAGS = {"true": True, "1": True, "yes": True, "on": True}
FLAGS |= {"false": False, "0": False, "no": False, "off": False}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MAIL_SCHEMES = ("smtp", "smtp+tls", "smtps", "smtp+ssl", "consolemail", "filemail", "memorymail")


class ConfigurationError(ImproperlyConfigured):
    """The configuration is invalid; the message says what to change."""


def env_str(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_list(name: str) -> list[str]:
    """Return a comma-separated list."""
    return [part.strip() for part in env_str(name).split(",") if part.strip()]


def env_int(name: str, *, default: int, minimum: int = 1) -> int:
    """Return a whole number from `minimum` on."""
    given = env_str(name)
    if not given:
        return default
    number = int(given) if given.isascii() and given.removeprefix("-").isdecimal() else None
    if number is None or not minimum <= number <= MAX_INTEGER:
        raise ConfigurationError(
            f"{name} is {given!r}; give a whole number from {minimum} to {MAX_INTEGER:,}."
        )
    return number


def env_seconds(name: str, *, default: float) -> float:
    """Return a number of seconds above 0."""
    given = env_str(name)
    if not given:
        return default
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    if not 0 < number <= MAX_INTEGER:  # also false for NaN
        raise ConfigurationError(f"{name} is {given!r}; give a number of seconds above 0.")
    return number


def env_bool(name: str, *, default: bool) -> bool:
    given = env_str(name)
    if not given:
        return default
    if given.lower() not in FLAGS:
        raise ConfigurationError(f"{name} is {given!r}; give true or false.")
    return FLAGS[given.lower()]


def env_choice(name: str, *, default: str, among: Collection[str]) -> str:
    given = env_str(name) or default
    if given not in among:
        raise ConfigurationError(f"{name} is {given!r}; use {' or '.join(among)}.")
    return given


def log_level(default: str) -> str:
    given = env_str("LOG_LEVEL", default).upper() or default
    if given not in LOG_LEVELS:
        raise ConfigurationError(f"LOG_LEVEL is {given!r}; use one of {', '.join(LOG_LEVELS)}.")
    return given


def split_url(name: str, url: str) -> SplitResult:
    """Return the parts of a URL; error messages never contain its password."""
    try:
        parts = urlsplit(url)
        # PostgreSQL and MongoDB allow several hosts, so there may be several ports.
        _ = parts.hostname if "," in parts.netloc else parts.port
    except ValueError as error:
        raise ConfigurationError(
            f"{name} is not a valid URL: {_cleaned(error)}. Write scheme://user:password@host:port"
            "/name, with %-codes for special characters in the password."
        ) from None
    return parts


def _cleaned(error: ValueError) -> str:
    """Hide Python's message about an invalid port, which may quote a password."""
    words = str(error)
    return "the port is not a number up to 65535" if words.startswith("Port") else words


def site_url() -> str:
    url = env_str("SITE_URL", "http://localhost:8000").rstrip("/")
    parts = split_url("SITE_URL", url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ConfigurationError(
            f"SITE_URL is {url!r}; write it like https://batches.example.org, without a path."
        )
    return url


def mail_settings() -> dict[str, Any]:
    """Django's settings from EMAIL_URL; empty if there is none."""
    url = env_str("EMAIL_URL")
    if not url:
        return {}
    parts = split_url("EMAIL_URL", url)
    if parts.scheme not in MAIL_SCHEMES or (parts.scheme.startswith("smtp") and not parts.hostname):
        raise ConfigurationError(
            "EMAIL_URL is not a valid URL of a mail server; "
            "write it like smtp+tls://user:password@host:587."
        )
    found: dict[str, Any] = environ.Env.email_url_config(url)
    return found


def mail_sender(default: str) -> str:
    """Return the From address, with or without a name."""
    given = env_str("DEFAULT_FROM_EMAIL")
    if not given:
        return default
    try:
        validate_email(parseaddr(given)[1])
    except ValidationError:
        raise ConfigurationError(
            f"DEFAULT_FROM_EMAIL is {given!r}; write it like Batches <batches@example.org>."
        ) from None
    return given


def sandbox_failure() -> str:
    """`rejected`, `unreachable`, on-chain ids between commas, or nothing."""
    given = env_str("SANDBOX_FAILURE")
    if given not in {"", "rejected", "unreachable"} and not all(
        part.strip().isdecimal() for part in given.split(",")
    ):
        raise ConfigurationError(
            f"SANDBOX_FAILURE is {given!r}; give rejected, unreachable, or on-chain ids like 7,9."
        )
    return given


def secret_key(*, is_needed: bool) -> str:
    """Empty if none is set and none is required."""
    key = env_str("SECRET_KEY")
    if is_needed and len(key) < MIN_SECRET_LENGTH:
        raise ConfigurationError(
            "SITE_URL is https, so SECRET_KEY has to be set: to a random text of at least "
            f"{MIN_SECRET_LENGTH} characters."
        )
    return key


def data_dir(default: Path) -> Path:
    """Return the data folder of all processes on this machine; created if missing."""
    folder = Path(env_str("DATA_DIR") or default).resolve()
    try:
        for needed in (folder, folder / "static"):
            needed.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(
            f"DATA_DIR {folder} can't be {'written' if folder.is_dir() else 'made'}: {reason}. "
            "Choose a folder that can be written."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"DATA_DIR {folder} can't be written. Choose another folder, or change its owner."
        )
    return folder
