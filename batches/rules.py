"""Pure validation of the fields that every batch has."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from batches.errors import Invalid
from content.instants import parse_instant
from content.rules import (
    CONTENT_TYPES,
    MAX_ID,
    MAX_SEARCH,
    clean_boolean,
    clean_choice,
    clean_content_id,
    clean_integer,
    clean_price,
    clean_text,
)

SKIP_FAILED, REJECT_ALL = "skip-failed", "reject-all"
ERROR_POLICIES = (SKIP_FAILED, REJECT_ALL)
ON_SUCCESS, ON_COMPLETION, ALWAYS = "on-success", "on-completion", "always"
LINKS = (ON_SUCCESS, ON_COMPLETION, ALWAYS)
MAX_PARENTS = 20
# A date further ahead is most likely a mistyped year.
MAX_AHEAD = timedelta(days=5 * 366)
NO_END = "Only a price change can have an end."
TOO_MANY_PARENTS = f"A batch can wait for at most {MAX_PARENTS} others."


class FieldErrors(ValueError):
    """Several invalid fields: maps the path of each to its messages.

    `message` sums them up; `details` are further facts for programs.
    """

    def __init__(self, errors: dict[str, list[str]], *, message: str = "", **details: Any) -> None:
        self.errors, self.message, self.details = errors, message, details
        super().__init__("; ".join(words for messages in errors.values() for words in messages))


class ErrorCollector:
    """Collects the errors of several checks, so that one refusal names every wrong field."""

    def __init__(self) -> None:
        self.errors: dict[str, list[str]] = {}
        self.message = ""
        self.details: dict[str, Any] = {}

    def add(self, field: str, words: str) -> None:
        self.errors.setdefault(field, []).append(words)

    def attempt(
        self, clean: Callable[..., Any], *arguments: Any, field: str = "", **more: Any
    ) -> Any:
        """Return the clean value, or None after recording the error, at `field` by default."""
        try:
            return clean(*arguments, **more)
        except FieldErrors as error:
            self.errors.update(error.errors)
            self.message = error.message or self.message
            self.details.update(error.details)
        except Invalid as error:
            self.errors.update(error.errors)
        except ValueError as error:
            self.errors[field] = [str(error)]
        return None

    def raise_errors(self) -> None:
        """Raise Invalid if a check failed."""
        if self.errors:
            raise Invalid(self.message, errors=self.errors, **self.details)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn `{"updates.title": "A"}` into `{"updates": {"title": "A"}}`."""
    found: dict[str, Any] = {}
    for path, value in values.items():
        *above, name = path.split(".")
        place = found
        for part in above:
            place = place.setdefault(part, {})
        place[name] = value
    return found


def clean_content_ids(value: Any, *, maximum: int | None = None) -> list[str]:
    """1 … `maximum` different ids as strings (`maximum` defaults to BATCH_MAX_ITEMS).

    Raises FieldErrors with `contentIds` or `contentIds.<position>` as paths.
    """
    maximum = maximum or settings.BATCH_MAX_ITEMS
    if not isinstance(value, list):
        raise FieldErrors({"contentIds": ["Send a list of ids."]})
    if not value:
        raise FieldErrors({"contentIds": ["Choose at least one item."]})
    if len(value) > maximum:
        raise FieldErrors(
            {"contentIds": [f"{len(value):,} items are too many: choose at most {maximum:,}."]}
        )
    errors: dict[str, list[str]] = {}
    clean: list[str] = []
    for position, raw in enumerate(value):
        try:
            clean.append(clean_content_id(raw))
        except ValueError as error:
            errors[f"contentIds.{position}"] = [str(error)]
    if repeated := [key for key, times in Counter(clean).items() if times > 1]:
        shown = ", ".join(repeated[:5])
        errors["contentIds"] = [f"These ids appear more than once: {shown}."]
    if errors:
        raise FieldErrors(errors)
    return clean


FILTERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "contentType": ("content_type", lambda value: clean_choice(value, CONTENT_TYPES)),
    "priceMin": ("minimum", clean_price),
    "priceMax": ("maximum", clean_price),
    "isRemoved": ("is_removed", clean_boolean),
    "search": ("search", lambda value: clean_text(value, minimum=1, maximum=MAX_SEARCH)),
}


def clean_filter(value: Any) -> dict[str, Any]:
    """Return a filter of items, as the arguments of `ContentQuerySet.matching`."""
    if not isinstance(value, Mapping):
        raise FieldErrors({"filter": ["Send an object of what the items must match."]})
    errors: dict[str, list[str]] = {}
    clean: dict[str, Any] = {"is_removed": False}
    for name, wanted in value.items():
        path = f"filter.{str(name)[:64]}"
        if name not in FILTERS:
            errors[path] = [f"Unknown field; there are {', '.join(FILTERS)}."]
            continue
        argument, check = FILTERS[name]
        try:
            clean[argument] = check(wanted)
        except ValueError as error:
            errors[path] = [str(error)]
    if errors:
        raise FieldErrors(errors)
    return clean


def clean_expected_versions(value: Any, content_ids: list[str] | None) -> dict[str, int]:
    """`{contentId: version}`; only ids of `content_ids`, if those are known."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise FieldErrors({"expectedVersions": ["Send an object of ids and versions."]})
    errors: dict[str, list[str]] = {}
    clean: dict[str, int] = {}
    for key, version in value.items():
        path = f"expectedVersions.{str(key)[:64]}"
        if content_ids is not None and key not in content_ids:
            errors[path] = ["This id is not among contentIds."]
            continue
        try:
            clean[key] = clean_integer(version, minimum=1, maximum=MAX_ID, noun="version")
        except ValueError as error:
            errors[path] = [str(error)]
    if errors:
        raise FieldErrors(errors)
    return clean


def clean_error_policy(value: Any) -> str:
    if not isinstance(value, str) or value not in ERROR_POLICIES:
        raise FieldErrors({"errorPolicy": [f"Choose one of: {', '.join(ERROR_POLICIES)}."]})
    return value


def clean_moment(value: Any, field: str) -> datetime | None:
    """Read an instant in UTC from ISO 8601 with an offset; None for null.

    Raises FieldErrors with `field` as path.
    """
    if value is None:
        return None
    try:
        if not isinstance(value, str):
            raise ValueError("Write it as text, like 2026-01-31T12:00:00Z.")
        return parse_instant(value)
    except ValueError as error:
        raise FieldErrors({field: [str(error)]}) from error


def check_moment(moment: datetime) -> None:
    """Raises ValueError for an instant that is past or too far ahead."""
    now = timezone.now()
    if moment <= now:
        raise ValueError("This time is in the past. Choose a future time.")
    if moment > now + MAX_AHEAD:
        raise ValueError("This is more than five years ahead. Choose an earlier time.")


def clean_depends_on(value: Any) -> list[tuple[UUID, str]]:
    """Return unique batches as (id, one of LINKS), ON_COMPLETION by default.

    Each is an id or `{batchId, when}`. Raises FieldErrors with `dependsOn.<position>` as paths.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise FieldErrors({"dependsOn": ["Send a list of ids of batches."]})
    if len(value) > MAX_PARENTS:
        raise FieldErrors({"dependsOn": [TOO_MANY_PARENTS]})
    errors: dict[str, list[str]] = {}
    clean: dict[UUID, str] = {}
    for position, each in enumerate(value):
        try:
            key, when = _link(each)
            if key in clean:
                raise ValueError("This batch appears more than once.")
            clean[key] = when
        except ValueError as error:
            errors[f"dependsOn.{position}"] = [str(error)]
    if errors:
        raise FieldErrors(errors)
    return list(clean.items())


def _link(value: Any) -> tuple[UUID, str]:
    when: Any = ON_COMPLETION
    if isinstance(value, Mapping):
        if not {"batchId"} <= set(value) <= {"batchId", "when"}:
            raise ValueError("Send batchId and, optionally, when.")
        value, when = value["batchId"], value.get("when", when)
    if not isinstance(when, str) or when not in LINKS:
        raise ValueError(f"Choose one of: {', '.join(LINKS)}.")
    try:
        return UUID(value if isinstance(value, str) else ""), when
    except ValueError:
        raise ValueError("This is not a valid batch id.") from None
