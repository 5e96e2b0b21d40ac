"""Changes of items in words, for every door."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format

from content import rules
from content.models import Content

# Shown as changed without values: the content URL is not public.
VALUES_NOT_SHOWN = {"url"}
# Redundant next to the state.
HIDDEN_FIELDS = {"removed_at"}
LABELS = {
    "creator_id": "Creator",
    "is_removed": "State",
    "removal_reason": "Reason",
    "refund_window_days": "Refund window",
    "url": "URL",
}
LONGEST = 160
# The causes of changes without a batch.
CAUSES = {
    "batch": "in a batch",
    "admin": "manually",
    "api": "through the API",
    "import": "by an import",
    "put-back": "undone manually",
}


class Difference(NamedTuple):
    """One changed field; `before` and `after` are empty if values aren't shown."""

    label: str
    before: str
    after: str
    is_shown: bool
    is_number: bool

    def __str__(self) -> str:
        if not self.is_shown:
            return f"{self.label} changed"
        return f"{self.label}: {self.before} → {self.after}"


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[Difference]:
    """Return the difference of each field; for a new item, without `before`, its values."""
    before, after = before or {}, after or {}
    return [
        Difference(
            field_label(name),
            field_words(name, before.get(name)) if before else "",
            field_words(name, value),
            name not in VALUES_NOT_SHOWN,
            name == "price",
        )
        for name, value in after.items()
        if name not in HIDDEN_FIELDS and (before or value not in (None, "", {}, False, 0))
    ]


def cause_words(cause: str) -> str:
    """`manually`, `through the API`; for a hidden batch `in a batch`."""
    name = cause.partition(":")[0]
    return CAUSES.get(name, name)


def field_label(name: str) -> str:
    if name in LABELS:
        return LABELS[name]
    label = str(getattr(Content._meta.get_field(name), "verbose_name", name))
    return label[:1].upper() + label[1:]


def field_words(name: str, value: Any) -> str:
    """Return a Content field's value for users: prices in STX, `nothing` for an empty value."""
    if name == "price" and value is not None:
        return rules.format_stx(value)
    if name == "content_type":
        return str(dict(Content.Type.choices).get(value, value))
    if name == "refund_window_days" and value is not None:
        return f"{value} day{'' if value == 1 else 's'}"
    if name == "is_removed":
        return "Removed" if value else "On sale"
    if name == "token_gating":
        return gate_words(value or {})
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_at") and value:
        moment = parse_datetime(value) if isinstance(value, str) else value
        return moment_words(moment) if moment else str(value)
    text = str(value) if value not in (None, "") else "nothing"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def gate_words(gate: Mapping[str, Any]) -> str:
    """`at least 5 of SP….club-token`, `off`."""
    if not gate.get("enabled"):
        return "off"
    token = gate.get("tokenContract") or "a token"
    return f"at least {gate.get('minBalance') or 1:,} of {token}"


def moment_words(value: datetime) -> str:
    """`24 Nov 2026, 01:15 CET` in the viewer's zone."""
    local = timezone.localtime(value)
    return f"{date_format(local, 'j M Y, H:i')} {local.tzname()}"


def clock_words(value: datetime) -> str:
    """`01:15 CET` in the viewer's zone."""
    local = timezone.localtime(value)
    return f"{date_format(local, 'H:i')} {local.tzname()}"


def utc_words(value: datetime) -> str:
    """`00:15 UTC`, with its day if it differs from the viewer's; empty for viewers in UTC."""
    local, there = timezone.localtime(value), value.astimezone(UTC)
    if local.utcoffset() == there.utcoffset():
        return ""
    is_same_day = local.date() == there.date()
    return f"{date_format(there, 'H:i' if is_same_day else 'j M, H:i')} UTC"


def moment_and_utc_words(value: datetime) -> str:
    """`24 Nov 2026, 01:15 CET (00:15 UTC)`, for the future."""
    beside = utc_words(value)
    return f"{moment_words(value)} ({beside})" if beside else moment_words(value)
