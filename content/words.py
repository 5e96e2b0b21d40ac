"""Changes of items in people's words, for every door."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format

from content import rules
from content.models import Content

# Told of as changed, without the values: what is paid for is not for everybody's eyes.
VALUES_NOT_SHOWN = {"url"}
# Goes without saying beside the state.
NOT_TOLD = {"removed_at"}
LABELS = {
    "creator_id": "Creator",
    "is_removed": "State",
    "removal_reason": "Reason",
    "refund_window_days": "Refund window",
    "url": "URL",
}
LONGEST = 160
# How a change came about, by the name before the colon in its cause.
CAUSES = {
    "batch": "in a batch",
    "admin": "by hand",
    "api": "through the API",
    "import": "by an import",
    "put-back": "put back by hand",
}


class Difference(NamedTuple):
    """One changed field in words; `before` and `after` are empty where values aren't shown."""

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
    """What a change does to each field; of a new item, without `before`, what it holds."""
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
        if name not in NOT_TOLD and (before or value not in (None, "", {}, False, 0))
    ]


def cause_words(cause: str) -> str:
    """`by hand`, `through the API`; of a batch that one may not see `in a batch`."""
    name = cause.partition(":")[0]
    return CAUSES.get(name, name)


def field_label(name: str) -> str:
    if name in LABELS:
        return LABELS[name]
    label = str(getattr(Content._meta.get_field(name), "verbose_name", name))
    return label[:1].upper() + label[1:]


def field_words(name: str, value: Any) -> str:
    """The value of a field of Content as people read it: prices in STX, `nothing` for nothing."""
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
    """`00:15 UTC`, with its day where that is another than the viewer's; nothing in UTC itself."""
    local, there = timezone.localtime(value), value.astimezone(UTC)
    if local.utcoffset() == there.utcoffset():
        return ""
    is_same_day = local.date() == there.date()
    return f"{date_format(there, 'H:i' if is_same_day else 'j M, H:i')} UTC"


def moment_and_utc_words(value: datetime) -> str:
    """`24 Nov 2026, 01:15 CET (00:15 UTC)`, for what is still to come."""
    beside = utc_words(value)
    return f"{moment_words(value)} ({beside})" if beside else moment_words(value)
