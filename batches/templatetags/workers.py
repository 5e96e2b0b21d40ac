"""Lets pages say that no worker is running."""

from typing import Any

from django import template

from batches.services.heartbeat import worker_is_silent

register = template.Library()


@register.simple_tag(takes_context=True)
def no_worker(context: dict[str, Any]) -> bool:
    """True when no worker was seen for two minutes; one query where the page did not ask yet."""
    if "worker_is_silent" in context:
        return bool(context["worker_is_silent"])
    return worker_is_silent()
