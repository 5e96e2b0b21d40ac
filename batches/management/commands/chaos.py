"""manage.py chaos: kills processes under load and checks the effects."""

import json
import random
import secrets
import signal
import threading
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from batches.management.chaos.brokers import broker_for
from batches.management.chaos.count import Count, recount
from batches.management.chaos.installation import Installation
from batches.management.chaos.kills import PATIENCE_SECONDS, Kills, Recovery, Stop
from batches.management.chaos.load import Load
from batches.management.scratch import scratch_database, use_broker
from batches.services.worker.contract_sync import send_contract_calls
from config import environment
from config.brokers import broker_settings
from config.database import atomic, is_unreachable
from content.management.terminal import counted
from content.models import ContractCall

SECONDS_A_KILL = 1.0
# At the end no process is killed in the middle of its work.
DRAIN_SECONDS = 20.0


class Command(BaseCommand):
    help = (
        "Kill workers, their children and beat and harm the broker at random while batches of "
        "all kinds are created, run and cancelled; then check that every effect exists exactly "
        "once. Uses a temporary database on the server of DATABASE_URL, and the kind of broker of "
        "CELERY_BROKER_URL: a Redis of its own, which is killed, or a virtual host of its own on a "
        "RabbitMQ of this machine, whose connections are cut and messages dropped. On a remote "
        "RabbitMQ it uses the given virtual host and kills only processes. Exit code 1 if "
        "anything was lost, doubled or stuck, 130 if stopped before the end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kills", type=_positive, default=20, help="number of kills (20)")
        parser.add_argument(
            "--seconds",
            type=_positive,
            help="duration over which the kills are spread (default: a second each)",
        )
        parser.add_argument(
            "--seed", type=int, help="random seed; generated and printed if not given"
        )
        parser.add_argument(
            "--forks",
            action="store_true",
            help="fork processes from one that has already loaded the program, which saves "
            "seconds of CPU time for each: for long runs",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(
        self,
        *,
        kills: int,
        seconds: int | None,
        seed: int | None,
        forks: bool,
        json: bool,
        **options: Any,
    ) -> None:
        # Checked between two steps: an end in the middle of one would leave it half done.
        is_over = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: is_over.set())
        seed = secrets.randbelow(1_000_000) if seed is None else seed
        try:
            count, recovery, killed = self._measure(
                kills, seconds or kills * SECONDS_A_KILL, seed, is_over, uses_fork_server=forks
            )
        except Stop:
            self.stderr.write("Stopped; everything was cleaned up.")
            raise SystemExit(128 + signal.SIGINT) from None
        found = _facts(count, recovery, killed, seed)
        self.stdout.write(_as_json(found) if json else _as_words(found))
        if not found["isClean"]:
            raise SystemExit(1)

    def _measure(
        self,
        kills: int,
        seconds: float,
        seed: int,
        is_over: threading.Event,
        *,
        uses_fork_server: bool,
    ) -> tuple[Count, Recovery, Mapping[str, int]]:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        settings.BATCH_QUOTA_PER_HOUR = 1_000_000_000
        chance = random.Random(seed)  # noqa: S311
        database, broker_url = _addresses()
        with scratch_database(database) as scratch:
            broker = broker_for(broker_url, scratch.folder)
            installation = Installation(
                scratch.folder, scratch.database_url, broker, uses_fork_server=uses_fork_server
            )
            try:
                if broker.remark:
                    self.stderr.write(broker.remark)
                use_broker(*broker_settings(broker.url, scratch.folder))
                load = Load(chance)
                installation.start()
                run = Kills(installation, load, chance, is_over)
                run.run(kills, seconds)
                run.drain()
                installation.stop(DRAIN_SECONDS)
            finally:
                installation.stop()
            _end_the_calls()
            return recount(load.accepted, load.cancelled), run.recovery, installation.killed


def _addresses() -> tuple[str, str]:
    """DATABASE_URL and CELERY_BROKER_URL with the defaults of the settings."""
    return environment.env_str("DATABASE_URL"), environment.env_str(
        "CELERY_BROKER_URL", "filesystem://"
    )


def _end_the_calls() -> None:
    """Send all remaining chain calls, however long a dead transaction blocks them on MongoDB."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _make_calls_due()
            while send_contract_calls():
                pass
            return
        except DatabaseError as error:
            if not is_unreachable(error) or time.monotonic() > end:
                raise
        time.sleep(1)


@atomic
def _make_calls_due() -> None:
    """End all call leases, as if the minute of a killed worker's lease had passed."""
    ContractCall.objects.open().update(due_at=timezone.now())


def _facts(
    count: Count, recovery: Recovery, killed: Mapping[str, int], seed: int
) -> dict[str, Any]:
    return {
        "seed": seed,
        "kills": dict(killed),
        "batches": count.batches,
        "cancelled": count.cancelled,
        "items": count.items,
        "changes": count.changes,
        "lost": count.lost,
        "doubled": count.doubled,
        "stuck": count.stuck + recovery.never,
        "faults": list(count.faults),
        "recoveryP50Seconds": recovery.part(50),
        "recoveryP99Seconds": recovery.part(99),
        "isClean": count.is_clean and not recovery.never,
    }


def _as_json(found: dict[str, Any]) -> str:
    return json.dumps(found)


def _as_words(found: dict[str, Any]) -> str:
    kills = ", ".join(f"{what} {times}" for what, times in sorted(found["kills"].items()))
    lines = [
        f"{counted(sum(found['kills'].values()), 'kill')} ({kills}), seed {found['seed']}",
        f"  batches   {found['batches']:>9,}, {found['cancelled']:,} of them cancelled",
        f"  items     {found['items']:>9,}, {found['changes']:,} of them changed",
        f"  lost      {found['lost']:>9,}",
        f"  doubled   {found['doubled']:>9,}",
        f"  stuck     {found['stuck']:>9,}",
        (
            f"  recovery  {found['recoveryP50Seconds']:>9.2f} s for half of the kills, "
            f"{found['recoveryP99Seconds']:.2f} s for 99 of 100"
        ),
        *(f"  wrong: {words}" for words in found["faults"]),
        "Every effect exists exactly once." if found["isClean"] else "Something went wrong.",
    ]
    return "\n".join(lines)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError("enter a whole number above zero")
    return int(text)
