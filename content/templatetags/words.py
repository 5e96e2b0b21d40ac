"""Filters and tags that put values into users' words."""

from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from content import rules, words
from content.models import ContentChange

register = template.Library()

# What becomes of a chain state for the eye; the words stand beside it.
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
    """How far a price moves: `+1.5 STX`, `−0.25 STX`, `0 STX`."""
    sign = "+" if micro_stx > 0 else "−" if micro_stx < 0 else ""
    return f"{sign}{rules.format_stx(abs(micro_stx))}"


@register.filter
def one_line(value: object) -> str:
    """Its words in one line, wherever they come from."""
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
    """`24 Nov 2026, 01:15 CET (00:15 UTC)`, for what is still to come; nothing for None."""
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
    """What a ContentChange, or anything else with `before` and `after`, changes, in words."""
    return words.differences(change.before, change.after)


@register.filter
def differences_back(change: ContentChange) -> list[words.Difference]:
    """What undoing a change would do, in words."""
    return words.differences(change.after, change.before)


@register.filter
def cause(change: ContentChange) -> str:
    """How a change came about, where there is no batch to name."""
    return words.cause_words(change.cause)


@register.inclusion_tag("content/_chain_label.html")
def chain_label(state: str, error: str = "") -> dict[str, str]:
    """Where one change, or most of a batch, stands on the chain."""
    return {
        "words": dict(ContentChange.ChainState.choices).get(state, state),
        "tone": CHAIN_TONES.get(ContentChange.ChainState(state), "quiet"),
        "error": error,
    }


@register.inclusion_tag("content/_sandbox_label.html")
def sandbox_label() -> dict[str, bool]:
    """Says so wherever the chain is shown and is only played."""
    return {"is_sandbox": settings.CONTRACT_CLIENT == "sandbox"}


@register.simple_tag
def is_sandbox() -> bool:
    """The chain is only played, for templates with a label of their own look."""
    return bool(settings.CONTRACT_CLIENT == "sandbox")


@register.simple_tag(takes_context=True)
def page_query(context: dict[str, Any], number: int) -> str:
    """The query string of this page with another page number."""
    query = context["request"].GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"
