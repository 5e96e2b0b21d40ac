"""Random kills under load, and the time until the next commit."""

import random
import statistics
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from django.db import DatabaseError

from batches.management.chaos.installation import Installation
from batches.management.chaos.load import Load
from batches.models import BatchItem, BatchOperation
from content.management.terminal import ProgressLine

TICK_SECONDS = 0.02
LOAD_EVERY_SECONDS = 0.1
# Without progress for this long, no recovery is recorded. By default MongoDB keeps the transaction
# of a killed process, and its locked rows, for up to a minute and a half.
PATIENCE_SECONDS = 120.0


@dataclass
class Recovery:
    """Seconds from each kill to the next committed results; `never` counts kills without any."""

    seconds: list[float] = field(default_factory=list)
    never: int = 0

    def part(self, percent: int) -> float:
        """Return the percentile of the recovery times, in seconds."""
        if len(self.seconds) < 2:
            return round(sum(self.seconds), 2)
        parts = statistics.quantiles(self.seconds, n=100, method="inclusive")
        return round(parts[percent - 1], 2)


class Stop(Exception):
    """The run was stopped."""


class Kills:
    """Kills at random and keeps up the load; raises Stop once `is_over` is set."""

    def __init__(
        self,
        installation: Installation,
        load: Load,
        chance: random.Random,
        is_over: threading.Event,
    ) -> None:
        self.installation, self.load, self.chance = installation, load, chance
        self.is_over = is_over
        self.recovery = Recovery()
        self._loaded_at = 0.0

    def run(self, count: int, seconds: float) -> None:
        """Kill `count` times within about `seconds`; each kill waits for the previous recovery."""
        self._await_progress(newest_result())
        line = ProgressLine(for_logs=True)
        for number in range(count):
            line.show(number / count, f"{number:,} of {count:,} kills")
            self._wait(self.chance.uniform(0, 2 * seconds / count))
            self.installation.kill(self.chance)
            # Afterwards: harming the broker takes a while, and work that ends in it is not part of
            # the recovery.
            before, killed_at = newest_result(), time.monotonic()
            self.installation.start()
            if self._await_progress(before):
                self.recovery.seconds.append(time.monotonic() - killed_at)
            else:
                self.recovery.never += 1
        line.clear()

    def drain(self) -> None:
        """Let the workers finish the rest, without kills and new batches."""
        left, since = _unfinished(), time.monotonic()
        while left and time.monotonic() - since < PATIENCE_SECONDS:
            self._pause(0.1)
            now_left = _unfinished()
            if now_left != left:
                left, since = now_left, time.monotonic()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._step()

    def _await_progress(self, before: UUID | None) -> bool:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            self._step()
            if newest_result() != before:
                return True
        return False

    def _pause(self, seconds: float) -> None:
        if self.is_over.wait(seconds):
            raise Stop

    def _step(self) -> None:
        self._pause(TICK_SECONDS)
        if time.monotonic() - self._loaded_at < LOAD_EVERY_SECONDS:
            return
        # Locked for too long, or too many conflicts: the request was refused, so nothing is lost.
        with suppress(DatabaseError):
            self.load.step()
        self._loaded_at = time.monotonic()


def _unfinished() -> int:
    return BatchOperation.objects.unfinished().count()


def newest_result() -> UUID | None:
    """Keys of results sort by time, so this differs as soon as one was committed."""
    return BatchItem.objects.order_by("-pk").values_list("pk", flat=True).first()
