"""Measure long lists: the first page and one from the middle, at two lengths."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.test import Client
from uuid_utils.compat import uuid7

from batches.management.bench.rows import Row, milliseconds
from batches.management.bench.world import World, analyse
from batches.models import BatchOperation, Source, Status
from config.database import atomic
from config.rows import insert_rows

FEW, MANY = 10_000, 1_000_000
ROWS_A_STATEMENT = 10_000
PATH = "/api/batches"


def list_rows(world: World, rounds: int, *, is_full: bool) -> list[Row]:
    """Measure the same pages with ten thousand batches, and with a million."""
    names = ("First page of the list of batches", "A page by key from its middle")
    floor = f"the same with {FEW:,} batches instead of {MANY:,}"
    if not is_full:
        return [Row(name, floor, 2, reason="takes minutes; use --full.") for name in names]
    client = Client(SERVER_NAME="localhost")
    client.force_login(world.person)
    BatchOperation.objects.filter(items=None).delete()
    _fill(world, FEW)
    few = _measure(client, rounds)
    _fill(world, MANY)
    many = _measure(client, rounds)
    return [Row(name, floor, 2, many[place], few[place]) for place, name in enumerate(names)]


def _fill(world: World, count: int) -> None:
    """Create that many batches, one second apart, back from now."""
    for start in range(BatchOperation.objects.count(), count, ROWS_A_STATEMENT):
        _insert(world, start, min(ROWS_A_STATEMENT, count - start))
    analyse()


@atomic
def _insert(world: World, start: int, count: int) -> None:
    newest = datetime(2026, 1, 1)  # noqa: DTZ001  as text, which both databases take for UTC
    moments = [str(newest - timedelta(seconds=start + number)) for number in range(count)]
    insert_rows(
        BatchOperation,
        same={
            "creator_id": world.wallet.pk,
            "requested_by_id": world.person.pk,
            "source": Source.API,
            "kind": "update-price",
            "payload": {"newPrice": 1},
            "content_ids": world.keys[:3],
            "status": Status.COMPLETED,
            "total_items": 3,
            "success_count": 3,
        },
        each={"id": [uuid7() for _ in moments], "created_at": moments, "completed_at": moments},
    )


def _measure(client: Client, rounds: int) -> tuple[list[float], list[float]]:
    count = BatchOperation.objects.count()
    middle = BatchOperation.objects.values_list("pk", flat=True)[count // 2]
    first, by_key = [], []
    for number in range(-3, rounds):
        times = (
            milliseconds(_get, client, {}),
            milliseconds(_get, client, {"after": str(middle)}),
        )
        if number >= 0:
            first.append(times[0])
            by_key.append(times[1])
    return first, by_key


def _get(client: Client, query: dict[str, Any]) -> None:
    answer = client.get(PATH, {**query, "limit": 50}, secure=True)
    if answer.status_code != 200 or len(answer.json()["batches"]) != 50:
        raise CommandError(f"A list answered {answer.status_code}: {answer.content[:300]!r}")
