"""The row about a file of prices: against django-import-export, which many Django admins use."""

from decimal import Decimal

import tablib
from import_export import resources

from batches.management.bench.rows import Row, milliseconds
from batches.management.bench.world import World
from batches.models import Source
from batches.services.engine.run_batch import run_batch
from batches.services.runs import price_file
from batches.services.runs.confirm import start_draft
from batches.services.runs.price_drafts import draft_prices
from content.models import Content


class PriceResource(resources.ModelResource):  # type: ignore[misc]
    """As at the start of its documentation: one model, a key, a column."""

    class Meta:
        model = Content
        import_id_fields = ("content_id",)
        fields = ("content_id", "price")


def file_row(world: World, rounds: int) -> Row:
    """Measure a file of 100 prices, from its bytes to the saved items, in turns."""
    ours, theirs = [], []
    for number in range(max(3, rounds // 10)):
        keys = world.chosen(number)
        ours.append(milliseconds(_by_a_batch, world, keys, 5_000_001 + number))
        theirs.append(milliseconds(_by_import_export, keys, 6_000_001 + number))
    return Row(
        "100 prices by a file, to the end",
        "django-import-export updating the same rows, without history and results",
        10,
        ours,
        theirs,
        is_speed=True,
    )


def _by_a_batch(world: World, keys: list[str], price: int) -> None:
    stx = Decimal(price) / 1_000_000
    lines = "".join(f"{key},{stx}\n" for key in keys)
    prices = price_file.read(f"content_id,new_price\n{lines}".encode())
    submission = start_draft(draft_prices(prices, by=world.person, source=Source.PAGE))
    for key in submission.batches.values_list("pk", flat=True):
        run_batch(key)


def _by_import_export(keys: list[str], price: int) -> None:
    lines = "".join(f"{key},{price}\n" for key in keys)
    rows = tablib.Dataset().load(f"content_id,price\n{lines}", format="csv")
    PriceResource().import_data(rows, raise_errors=True)
