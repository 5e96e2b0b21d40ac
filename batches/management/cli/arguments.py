"""Parse the command line of `run_batch`: people, items, times, batches."""

import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.management.base import CommandParser

from batches import recurrence, rules
from batches.errors import Invalid
from batches.services.orders.schedule import Link
from content.instants import parse_instant
from content.management.terminal import stop
from content.models import User, Wallet

Value = TypeVar("Value")
OPTIONS = {
    "scheduledFor": "--at",
    "until": "--until",
    "dependsOn": "--after",
    "contentIds": "--ids",
    "creator": "--creator",
}


def checked(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Turn a rule into a type of argparse that shows the rule's message."""

    def check(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return check


def add_watching(parser: CommandParser) -> None:
    parser.add_argument(
        "--watch", action="store_true", help="wait until it ends, and show the results"
    )
    parser.add_argument(
        "--here", action="store_true", help="run it in this process, and show the results"
    )


def add_zone(parser: CommandParser) -> None:
    parser.add_argument(
        "--zone",
        type=checked(recurrence.clean_zone),
        metavar="ZONE",
        help="the time zone of times without an offset, such as Europe/Berlin",
    )


def find_user(name: str) -> User:
    user = User.objects.filter(username=name).first()
    return user or stop(f"There is no user {name[:150]!r}.")


def acting_user(name: str | None, creator: Wallet | None) -> User:
    """Return the named user, or the owner of the creator's address."""
    if name is not None:
        return find_user(name)
    if creator is None:
        stop("Give the creator of the items (--creator), or the user to act as (--as).")
    return creator.owner or stop(f"{creator.pk} has no owner: give the user to act as with --as.")


def parse_moment(text: str, zone: str | None, option: str) -> datetime:
    """Return the instant of a time with an offset, or of a local time in the zone."""
    try:
        if zone is None:
            return _instant(text)
        if _has_offset(text):
            raise ValueError("Give either an offset or --zone, not both.")
        local = recurrence.parse_local_time(text)
        assert local is not None
        return recurrence.instant_of(local, ZoneInfo(zone))
    except ValueError as error:
        stop(f"{option} {text[:60]!r}: {error}")


def _instant(text: str) -> datetime:
    if not _has_offset(text) and _is_local_time(text):
        raise ValueError(
            "Add an offset, such as +01:00, or a time zone, such as --zone Europe/Berlin."
        )
    return parse_instant(text)


def _has_offset(text: str) -> bool:
    return bool(re.search(r"T.*(Z|[+-]\d\d(:?\d\d)?)$", text.strip(), re.IGNORECASE))


def _is_local_time(text: str) -> bool:
    try:
        return recurrence.parse_local_time(text) is not None
    except ValueError:
        return False


def parse_key(text: str) -> UUID:
    """Parse the id of a batch or of a run. Raises ValueError."""
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is not a valid batch id.") from None


def parse_link(text: str) -> Link:
    """Parse a dependency: `BATCH` or `BATCH:on-success`. Raises ValueError."""
    key, colon, when = text.partition(":")
    link = {"batchId": str(parse_key(key)), "when": when if colon else rules.ON_COMPLETION}
    return rules.clean_depends_on([link])[0]


def read_bytes(path: str) -> bytes:
    """Read a file, or standard input for `-`."""
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        stop(f"{path}: {error.strerror}.")


def ids_of_file(path: str) -> list[str]:
    """Read the ids in a file, or from standard input for `-`."""
    try:
        return split_ids(read_bytes(path).decode("utf-8-sig"))
    except UnicodeDecodeError:
        stop(f"{path} is not UTF-8 text.")


def split_ids(text: str) -> list[str]:
    return [key for key in re.split(r"[\s,;]+", text) if key]


def chosen_ids(options: dict[str, Any]) -> list[str]:
    """Return the ids of --ids or --ids-file."""
    if options["ids"] is not None:
        return list(options["ids"])
    return ids_of_file(options["ids_file"])


def as_typed(error: Invalid, links: Sequence[Link]) -> Invalid:
    """Name the command's options in the error instead of the API's fields."""

    def typed(path: str) -> str:
        field, _, place = path.partition(".")
        if field == "dependsOn" and place.isdigit():
            return f"--after {links[int(place)][0]}"
        if field == "rows":
            line, _, column = place.partition(".")
            return f"line {line}, {column}" if column else f"line {line}"
        return OPTIONS.get(field, path)

    errors = {typed(path): words for path, words in error.errors.items()}
    return Invalid(error.message, errors=errors)
