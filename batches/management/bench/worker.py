"""Measure workers: one against a loop over the items, two at once, and memory."""

import os
import time
from pathlib import Path
from uuid import UUID

from django.db import connection
from django.utils import timezone

from batches.management.bench.equal_work import EqualWork
from batches.management.bench.rows import Row, milliseconds
from batches.management.bench.world import World, check, in_processes
from batches.models import BatchItem
from batches.services.engine.run_batch import run_batch
from content.models import Content, ContentChange

# A worker's speed as a part of the raw transaction's, and of equal work's.
GOALS = {"postgresql": (0.2, 0.7), "sqlite": (0.06, 0.45)}
BYTES_A_PAGE = float(os.sysconf("SC_PAGE_SIZE"))


def worker_rows(world: World, rounds: int) -> list[Row]:
    """Measure one worker, one raw transaction and a loop in turns."""
    ours, raw, equal, loops = [], [], [], []
    work = EqualWork(world)
    for number in range(rounds):
        batch = world.batch(number)
        ours.append(milliseconds(run_batch, batch.pk))
        raw.append(milliseconds(world.floor.run, number, world.chosen(number)))
        check(batch)
        batch, keys = world.batch(number), world.chosen(number)
        equal.append(milliseconds(work.run, batch, keys, work.versions(keys)))
        check(batch)
        if number % 10 == 0:
            batch = world.batch(number)
            loops.append(milliseconds(_item_by_item, world, batch.pk, number))
    goal, equal_goal = GOALS[connection.vendor]
    name = "One worker, claim to finish"
    return [
        Row(name, "one raw transaction", goal, ours, raw, is_speed=True),
        Row(name, "equal work by the raw driver", equal_goal, ours, equal, is_speed=True),
        Row("One worker", "get, save, create for each item", 20, ours, loops, is_speed=True),
    ]


def _item_by_item(world: World, batch_id: UUID, number: int) -> None:
    for position, key in enumerate(world.chosen(number)):
        content = Content.objects.get(pk=key)
        before, content.price = content.price, 3_000_000 + number
        content.version += 1
        content.updated_at = timezone.now()
        content.save()
        change = ContentChange.objects.create(
            content=content,
            version=content.version,
            before={"price": before},
            after={"price": content.price},
            by=world.person,
            cause="bench",
        )
        BatchItem.objects.create(
            batch_id=batch_id,
            position=position,
            content_id=key,
            outcome=BatchItem.Outcome.SUCCEEDED,
            change=change,
        )


def two_workers_row(world: World, rounds: int) -> Row:
    """Run the same number of batches with one process and with two, three times in turns."""
    name, floor = "Two workers", "one worker on as many batches"
    if connection.vendor != "postgresql":
        return Row(name, floor, 1.4, is_speed=True, reason="SQLite has one writer at a time.")
    one, two = [], []
    for turn in range(3):
        one.append(_run_by(1, world, rounds, turn))
        two.append(_run_by(2, world, rounds, turn))
    return Row(name, floor, 1.4, two, one, is_speed=True)


def _run_by(processes: int, world: World, rounds: int, turn: int) -> float:
    """Milliseconds from the start of the first batch to the end of the last."""
    batches = [world.batch(turn * rounds + number).pk for number in range(rounds)]

    def work(number: int) -> tuple[float, float]:
        connection.ensure_connection()
        began = time.monotonic()
        for key in batches[number::processes]:
            run_batch(key)
        return began, time.monotonic()

    spans: list[tuple[float, float]] = in_processes(processes, work)
    return (max(end for _, end in spans) - min(begin for begin, _ in spans)) * 1000


def memory_row(world: World, batches: int) -> Row:
    """Measure the memory of one process after a tenth of the batches and after all."""
    name, floor = f"Memory of a worker over {batches:,} batches", f"after {batches // 10:,}"
    if not Path("/proc/self/statm").exists():
        return Row(name, floor, 1.1, reason="this system does not report the memory of a process.")
    keys = [world.batch(number).pk for number in range(batches)]

    def work(_: int) -> tuple[float, float]:
        for key in keys[: batches // 10]:
            run_batch(key)
        early = _resident_mib()
        for key in keys[batches // 10 :]:
            run_batch(key)
        return early, _resident_mib()

    ((early, late),) = in_processes(1, work)
    return Row(name, floor, 1.1, [late], [early], unit="MiB")


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * BYTES_A_PAGE / 2**20)
