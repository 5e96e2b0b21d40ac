"""Template forms as users fill them in, and the text of pages."""

import re
from datetime import UTC, datetime

from batches.models import Template
from batches.services.templates.spec import clean_template
from batches.services.templates.store import create_template

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TYPED = {
    "step": "save",
    "kind": "update-price",
    "name": "Weekend sale",
    "percent_change": "-20",
    "selection": "filter",
    "repeat": "never",
    "time_zone": "Europe/Berlin",
}


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def keep(by, **fields) -> Template:
    body = {
        "name": "Sale",
        "operationType": "update-price",
        "updatePayload": {"percentChange": -10},
        "filter": {},
        **fields,
    }
    return create_template(clean_template(body), by=by)
