"""Templates of the price operation, and the states of their runs."""

from typing import Any

from batches.models import Template, TemplateRun
from batches.services.templates.spec import clean_template
from batches.services.templates.store import create_template
from content.models import User

FIRST = "2026-03-05T09:00"


def save_template(by: User, **body: Any) -> Template:
    """Create a template: every day at nine in Berlin from 5 March 2026, unless overridden."""
    whole = {
        "name": "Daily",
        "operationType": "update-price",
        "updatePayload": {"newPrice": 7_000_000},
        "repeat": "daily",
        "firstRun": FIRST,
        "timeZone": "Europe/Berlin",
        **body,
    }
    whole = {name: value for name, value in whole.items() if value is not None}
    return create_template(clean_template(whole), by=by)


def runs(template: Template) -> list[tuple[str, str]]:
    """Return due time and state of each run, oldest first."""
    rows = TemplateRun.objects.filter(template=template).order_by("due_at", "id")
    return [(row.due_at.isoformat(timespec="minutes")[:16], row.state) for row in rows]
