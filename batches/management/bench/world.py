"""The test data of the benchmark: a person, items, and batches of a hundred."""

import multiprocessing
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from batches.management.bench.floor import Floor, PostgresFloor, SqliteFloor
from batches.management.scratch import use_broker
from batches.models import BatchOperation, Source, Status
from batches.operations import OPERATIONS
from batches.queue import drain
from batches.services.orders.create import insert_batch
from batches.services.orders.order import clean_order
from content.models import Content, User, Wallet
from content.services.catalogue.changes import add_contents
from content.services.people.setup import make_person

ITEMS = 100
CATALOGUE = 2_000
FLOORS: dict[str, Callable[[], Floor]] = {"postgresql": PostgresFloor, "sqlite": SqliteFloor}


@dataclass(frozen=True)
class World:
    """The order of a batch; `number` makes each change different."""

    person: User
    wallet: Wallet
    keys: list[str]
    floor: Floor

    def chosen(self, number: int) -> list[str]:
        start = number * ITEMS % CATALOGUE
        return self.keys[start : start + ITEMS]

    def body(self, number: int) -> dict[str, Any]:
        return {"contentIds": self.chosen(number), "newPrice": 1_000_001 + number}

    def batch(self, number: int) -> BatchOperation:
        order = clean_order(OPERATIONS["update-price"], self.body(number))
        batch = insert_batch(order, wallet=self.wallet, by=self.person, source=Source.API)
        settle()
        return batch


def settle() -> None:
    """Wait until the publishing thread is idle, so that it does not distort the next step."""
    drain(1.0)


def check(batch: BatchOperation) -> None:
    """Raises CommandError if the batch is not complete."""
    batch.refresh_from_db()
    if batch.status != Status.COMPLETED or batch.success_count != ITEMS:
        raise CommandError(f"A batch ended as {batch.status}, so nothing was measured.")


def disable_side_effects() -> None:
    """Disable logs and limits, and use a broker in memory."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    use_broker("memory://", {})
    settings.BATCH_MAX_ITEMS, settings.BATCH_QUOTA_PER_HOUR = ITEMS, 1_000_000_000


@contextmanager
def filled_world(rounds: int) -> Iterator[World]:
    """Create people, items and the baseline's tables in the scratch database, and analyse it."""
    person = make_person("bench", secrets.token_urlsafe(), sells=True)
    wallet = Wallet.objects.get(owner=person)
    keys = [f"bench-{number:05}" for number in range(CATALOGUE)]
    add_contents(
        [Content(content_id=key, title=key, price=1_000_000, creator=wallet) for key in keys],
        by=None,
        cause="import",
    )
    floor = FLOORS[connection.vendor]()
    try:
        floor.fill(keys, 2 * rounds)
        analyse()
        yield World(person, wallet, keys, floor)
    finally:
        floor.close()


def analyse() -> None:
    """Without statistics PostgreSQL's plans are three times slower."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def in_processes(count: int, work: Callable[[int], object]) -> list[Any]:
    """Return the results of `work(0)`, `work(1)`, …, each run in its own process, in parallel."""
    connection.close()  # two processes can't share one
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()

    def run(number: int) -> None:
        answers.put((number, work(number)))
        connection.close()

    children = [context.Process(target=run, args=[number]) for number in range(count)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise CommandError("A process of the bench ended early, so nothing was measured.")
    return [answer for _, answer in sorted(answers.get() for _ in children)]
