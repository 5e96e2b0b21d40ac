"""Processes that do different things at the same time: `races.py ROUNDS`.

ROUNDS is a JSON list; each round has a list of moves, one for each process, `[NAME, KEY, …]`. They
begin a round together. Prints what came of each move: `done`, `nothing`, or the code of a refusal.
"""

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from batches.errors import ApplicationError  # noqa: E402
from batches.models import BatchOperation, Follows, Source  # noqa: E402
from batches.queue import drain  # noqa: E402
from batches.services.engine import lifecycle  # noqa: E402
from batches.services.engine import settle as settling  # noqa: E402
from batches.services.engine.run_batch import run_batch  # noqa: E402
from batches.services.orders import dependencies  # noqa: E402
from batches.services.results.run import Run  # noqa: E402
from batches.services.runs import control  # noqa: E402
from batches.services.runs.follow_up import follow_up  # noqa: E402
from content.models import User  # noqa: E402
from tests.services import PATIENCE_SECONDS  # noqa: E402

SETTLING_SECONDS = 0.1


def link(key: str, *parents: str) -> object:
    links = [(UUID(parent), "on-completion") for parent in parents]
    return dependencies.depend_on(_batch(key), links, by=_alice())


def settle(key: str) -> object:
    """As two sweepers and a message that come again and again while the parent ends."""
    end, settled = time.monotonic() + SETTLING_SECONDS, 0
    while time.monotonic() < end:
        settled += settling.settle_dependents(UUID(key))
    return settled


def follow(key: str, follows: str) -> object:
    return follow_up(Run([_batch(key)]), Follows(follows), by=_alice(), source=Source.API)


MOVES: dict[str, Callable[..., object]] = {
    "link": link,
    "run": run_batch,
    "settle": settle,
    "cancel": lambda key: lifecycle.cancel(_batch(key)),
    "hold": lambda key: control.pause(Run([_batch(key)]), by=_alice()),
    "follow": follow,
    "rest": lambda: None,
}


def _alice() -> User:
    return User.objects.get(username="alice")


def _batch(key: str) -> BatchOperation:
    return BatchOperation.objects.get(pk=key)


def move(name: str, *arguments: str) -> str:
    try:
        return "done" if MOVES[name](*arguments) else "nothing"
    except ApplicationError as error:
        return error.code
    except Exception as error:
        return repr(error)


def take_part(place: int, rounds: list, barrier, came) -> None:
    _alice()  # connected before it begins
    outcomes = []
    for moves in rounds:
        barrier.wait(PATIENCE_SECONDS)
        outcomes.append(move(*moves[place]))
    drain(2)
    came.put((place, outcomes))


def main() -> None:
    rounds = json.loads(sys.argv[1])
    count = len(rounds[0])
    context = multiprocessing.get_context("fork")
    barrier, came = context.Barrier(count), context.Queue()
    processes = [
        context.Process(target=take_part, args=(place, rounds, barrier, came))
        for place in range(count)
    ]
    for process in processes:
        process.start()
    outcomes = dict(came.get(timeout=PATIENCE_SECONDS) for _ in processes)
    print(json.dumps(list(zip(*(outcomes[place] for place in range(count)), strict=True))))  # noqa: T201
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()
