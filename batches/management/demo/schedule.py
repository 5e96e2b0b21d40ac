"""The demo's batches: a dependency, a scheduled sale and a weekly template."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from batches import recurrence
from batches.models import BatchOperation, Source
from batches.operations import OPERATIONS
from batches.rules import ON_SUCCESS
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.templates.spec import clean_template
from batches.services.templates.store import create_template
from content.models import Content, User, Wallet

ZONE = "Europe/Berlin"
ITEMS = 3
FRIDAY, HOUR = 4, 18
SALE = timedelta(days=2)


def plan(person: User, wallet: Wallet) -> None:
    """Start dependent batches on the most expensive items, schedule a sale, and save a template."""
    on_sale = Content.objects.by_creator(wallet.pk).filter(is_removed=False)
    keys = list(on_sale.order_by("-price", "pk").values_list("pk", flat=True)[: 2 * ITEMS])
    chained, reduced = keys[:ITEMS], keys[ITEMS:]

    first = _batch(person, "update-price", contentIds=chained, percentChange=5)
    _batch(
        person,
        "update-metadata",
        contentIds=chained,
        updates={"refundable": True, "refundWindowDays": 30},
        dependsOn=[{"batchId": str(first.pk), "when": ON_SUCCESS}],
    )
    friday = _next_friday()
    begin = recurrence.instant_of(friday, ZoneInfo(ZONE))
    _batch(
        person,
        "update-price",
        contentIds=reduced,
        percentChange=-20,
        scheduledFor=begin.isoformat(),
        until=(begin + SALE).isoformat(),
    )
    template = clean_template(
        {
            "name": "Make books refundable",
            "operationType": "update-metadata",
            "updatePayload": {"updates": {"refundable": True, "refundWindowDays": 30}},
            "filter": {"contentType": "book"},
            "creator": wallet.pk,
            "repeat": recurrence.WEEKLY,
            "firstRun": friday.strftime(recurrence.LOCAL_FORMAT),
            "timeZone": ZONE,
        }
    )
    create_template(template, by=person)


def _batch(person: User, kind: str, **body: object) -> BatchOperation:
    return create_batch(clean_order(OPERATIONS[kind], body), by=person, source=Source.COMMAND)


def _next_friday() -> datetime:
    """Return the wall-clock time of the next Friday evening that is more than a day ahead."""
    tomorrow = timezone.now().astimezone(ZoneInfo(ZONE)).replace(tzinfo=None) + timedelta(days=1)
    day = tomorrow + timedelta(days=(FRIDAY - tomorrow.weekday()) % 7)
    if day.hour >= HOUR and day.date() == tomorrow.date():
        day += timedelta(days=7)
    return day.replace(hour=HOUR, minute=0, second=0, microsecond=0)
