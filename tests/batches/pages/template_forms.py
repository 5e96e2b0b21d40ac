"""Template forms as users fill them in."""

from datetime import UTC, datetime

from batches.models import Template
from tests.batches.orders import make_template

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


def save_template(by, **fields) -> Template:
    body = {"name": "Sale", "updatePayload": {"percentChange": -10}, **fields}
    return make_template(by, **body)
