"""Template tag that reports a missing worker."""

from typing import Any

from django import template

from batches.services.heartbeat import worker_is_silent

register = template.Library()


@register.simple_tag(takes_context=True)
def no_worker(context: dict[str, Any]) -> bool:
    """Return True if no worker was seen for two minutes; one query per page."""
    if "worker_is_silent" in context:
        return bool(context["worker_is_silent"])
    return worker_is_silent()
