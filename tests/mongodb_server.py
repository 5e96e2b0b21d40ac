"""A stand-in for MongoDB in tests: `python -m tests.mongodb_server --port 27117`. Never imported.

SecantusDB, which keeps nothing here, with three things as MongoDB has them:

- It ends the transactions of dead clients by itself. SecantusDB does so only when it is asked for
  something within another, and until then all who want their rows may wait for them.
- A drop waits for transactions with the lock in nobody's way. SecantusDB tries each row again and
  again while it keeps the lock that is needed to end the transaction which wrote it: with two of
  them it stands still for good.
- How long a transaction may live can be given, so that a test of deaths need not wait for a minute
  after each. Here it is idle for so long; MongoDB's `transactionLifetimeLimitSeconds` counts from
  its beginning.
"""

import argparse
import signal
import time
from collections.abc import Callable
from typing import Any

from secantus import storage
from secantus.server import SecantusDBServer

LOOKS_EVERY_SECONDS = 0.5


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--transaction-seconds",
        type=float,
        default=60.0,
        help="how long a transaction lives that nobody asks for anything (60)",
    )
    parser.add_argument(
        "--standalone", action="store_true", help="no replica set, hence no transactions"
    )
    options = parser.parse_args()
    for name in ("drop_collection", "drop_database"):
        setattr(storage.Storage, name, _in_one_go(getattr(storage.Storage, name)))
    server = SecantusDBServer(
        port=options.port,
        storage_path=":memory:",
        replica_set_name=None if options.standalone else "secantus",
        enable_test_commands=False,
        transaction_lifetime_seconds=options.transaction_seconds,
    )
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    server.start()
    while True:
        time.sleep(LOOKS_EVERY_SECONDS)
        server.transactions.prune_expired()


def _in_one_go(drop: Callable[..., Any]) -> Callable[..., Any]:
    """The drop in a transaction of the storage: a conflict ends it and is tried again later."""

    def inside(self: storage.Storage, *args: Any) -> Any:
        with self._lock, self._batch_transaction():
            return drop(self, *args)

    return storage._retry_write_conflicts(inside)


if __name__ == "__main__":
    main()
