"""Several processes that start the same work at the same time: `workers.py COUNT WORK [BATCH…]`.

`run` has each run all the batches, each in an order of its own; `sweep` has each sweep once. Prints
a JSON list of what each one won: how many batches it claimed, or how many it told the broker of.
"""

import json
import multiprocessing
import os
import random
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from batches.services.engine.run_batch import run_batch  # noqa: E402
from batches.services.worker.sweep import sweep  # noqa: E402
from tests.services import PATIENCE_SECONDS  # noqa: E402


def win(work: str, keys: list[str], barrier, won) -> None:
    chosen = random.sample(keys, len(keys))
    barrier.wait(PATIENCE_SECONDS)
    if work == "sweep":
        won.put(sweep().batches)
    else:
        won.put(sum(run_batch(key) for key in chosen))


def main() -> None:
    count, work, keys = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    context = multiprocessing.get_context("fork")
    barrier, won = context.Barrier(count), context.Queue()
    rivals = [context.Process(target=win, args=(work, keys, barrier, won)) for _ in range(count)]
    for rival in rivals:
        rival.start()
    print(json.dumps([won.get(timeout=PATIENCE_SECONDS) for _ in rivals]))  # noqa: T201
    for rival in rivals:
        rival.join()


if __name__ == "__main__":
    main()
