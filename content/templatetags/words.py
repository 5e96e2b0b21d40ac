"""Filters and tags that format values for users."""

from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from content import rules, words
from content.models import ContentChange

register = template.Library()

# The label colour of each chain state.
CHAIN_TONES = {
    ContentChange.ChainState.QUEUED: "waiting",
    ContentChange.ChainState.RETRYING: "waiting",
    ContentChange.ChainState.BROADCAST: "waiting",
    ContentChange.ChainState.INCLUDED: "waiting",
    ContentChange.ChainState.CONFIRMED: "good",
    ContentChange.ChainState.FAILED: "bad",
}


@register.filter
def stx(micro_stx: int | None) -> str:
    """`1234500000` as `1,234.5 STX`; nothing for None."""
    return "" if micro_stx is None else rules.format_stx(micro_stx)


@register.filter
def stx_move(micro_stx: int) -> str:
    """Return a price difference: `+1.5 STX`, `−0.25 STX`, `0 STX`."""
    sign = "+" if micro_stx > 0 else "−" if micro_stx < 0 else ""
    return f"{sign}{rules.format_stx(abs(micro_stx))}"


@register.filter
def one_line(value: object) -> str:
    """Return the text on one line."""
    return rules.one_line(str(value))


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """`24 Nov 2026, 01:15 CET` in the viewer's zone; nothing for None."""
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        words.moment_words(value),
    )


@register.filter
def moment_and_utc(value: datetime | None) -> SafeString | str:
    """`24 Nov 2026, 01:15 CET (00:15 UTC)`, for future times; empty for None."""
    if value is None:
        return ""
    beside = words.utc_words(value)
    return format_html("{} ({})", moment(value), beside) if beside else moment(value)


@register.filter
def clock_and_utc(value: datetime) -> SafeString:
    """`01:15 CET (00:15 UTC)`, under the heading of its day."""
    beside = words.utc_words(value)
    clock = format_html(
        '<time datetime="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        words.clock_words(value),
    )
    return format_html("{} ({})", clock, beside) if beside else clock


@register.filter
def differences(change: Any) -> list[words.Difference]:
    """Return the differences of a ContentChange, or any object with `before` and `after`."""
    return words.differences(change.before, change.after)


@register.filter
def differences_back(change: ContentChange) -> list[words.Difference]:
    """Return the differences that undoing a change would make."""
    return words.differences(change.after, change.before)


@register.filter
def cause(change: ContentChange) -> str:
    """Return the cause of a change without a batch."""
    return words.cause_words(change.cause)


@register.inclusion_tag("content/_chain_label.html")
def chain_label(state: str, error: str = "") -> dict[str, str]:
    """Return the label of a chain state."""
    return {
        "words": dict(ContentChange.ChainState.choices).get(state, state),
        "tone": CHAIN_TONES.get(ContentChange.ChainState(state), "quiet"),
        "error": error,
    }


@register.inclusion_tag("content/_sandbox_label.html")
def sandbox_label() -> dict[str, bool]:
    """Return a label wherever the chain is only simulated."""
    return {"is_sandbox": settings.CONTRACT_CLIENT == "sandbox"}


@register.simple_tag
def is_sandbox() -> bool:
    """Return True if the chain is only simulated, for templates with their own label."""
    return bool(settings.CONTRACT_CLIENT == "sandbox")


@register.simple_tag(takes_context=True)
def page_query(context: dict[str, Any], number: int) -> str:
    """Return the query string of this page with another page number."""
    query = context["request"].GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"
