"""The HTTP requests of `demo --once`: each kind of batch, a retry, an undo and a schedule."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from batches.operations import OPERATIONS, Operation

PATIENCE_SECONDS = 30
ITEMS = 3
SOON_SECONDS = 2
# A second run on the same data finds some of its changes already done.
FINE = {"succeeded", "unchanged"}


class CheckFailed(Exception):
    """A result was not as expected; the message says which."""


class Client:
    """A JSON client of one server, signed in as one person."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.headers = {"Content-Type": "application/json"}

    def log_in(self, username: str, password: str) -> None:
        answer = self.call("/api/auth/login", {"username": username, "password": password})
        self.headers["Authorization"] = f"Token {answer['token']}"

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """POST with a body, else GET. Raises CheckFailed."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=self.headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            words = error.read().decode(errors="replace")[:300]
            raise CheckFailed(f"{path} answered {error.code}: {words}") from error
        except OSError as error:
            raise CheckFailed(f"{path} did not answer: {error}") from error


def run_all(url: str, password: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run a batch of each kind as alice, then a retry, an undo and a scheduled one.

    Yields a name for each with its finished batch. Raises CheckFailed.
    """
    client = Client(url)
    client.log_in("alice", password)
    (address,) = (wallet["address"] for wallet in client.call("/api/me")["addresses"])
    listed = client.call(f"/api/contents?creator={address}&ordering=price&limit={ITEMS}")
    ids = [item["contentId"] for item in listed["contents"]]
    for operation in OPERATIONS.values():
        if not operation.is_for_removed:
            yield operation.kind, _run_example(client, operation, ids)
    price = {"contentIds": ids, "percentChange": 10}
    refused = _run(client, "batch-update-price", price)
    _expect(refused, "failed", "prices of removed items")
    for operation in OPERATIONS.values():
        if operation.is_for_removed:
            yield operation.kind, _run_example(client, operation, ids)
    before = _prices(client, ids)
    again = _run(client, f"{refused['_id']}/retry-failed", {})
    _expect(again, "succeeded", "the retry")
    if again["retryOf"] != refused["_id"] or _prices(client, ids) == before:
        raise CheckFailed("The retry changed nothing.")
    yield "retry", again
    undo = _run(client, f"{again['_id']}/undo", {})
    _expect(undo, "succeeded", "the undo")
    if undo["undoOf"] != again["_id"] or _prices(client, ids) != before:
        raise CheckFailed(f"The undo did not restore {before}.")
    yield "undo", undo
    yield "scheduled", _run_scheduled(client, ids)


def _run_example(client: Client, operation: Operation, ids: list[str]) -> dict[str, Any]:
    example = next(iter(operation.examples.values()))
    body = {"contentIds": [*ids, "no-such-item"], **example}
    batch = _run(client, operation.api_path, body)
    *outcomes, last = [result["outcome"] for result in batch["results"]]
    is_fine = len(outcomes) == len(ids) and set(outcomes) <= FINE and last == "failed"
    if batch["status"] != "completed" or not is_fine:
        raise CheckFailed(f"{operation.kind} ended as {batch['status']}: {[*outcomes, last]}.")
    return batch


def _prices(client: Client, ids: list[str]) -> list[int]:
    return [client.call(f"/api/contents/{key}")["price"] for key in ids]


def _run_scheduled(client: Client, ids: list[str]) -> dict[str, Any]:
    begin = datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)
    batch = _run(
        client,
        "batch-update-price",
        {"contentIds": ids, "percentChange": 1, "scheduledFor": begin.isoformat()},
    )
    _expect(batch, "succeeded", "the scheduled batch")
    if datetime.fromisoformat(batch["startedAt"]) < begin:
        raise CheckFailed(f"It should have started at {begin} and started at {batch['startedAt']}.")
    return batch


def _run(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return _finished(client, client.call(f"/api/batches/{path}", body)["batchId"])


def _expect(batch: dict[str, Any], outcome: str, what: str) -> None:
    if (batch["status"], batch["outcome"]) != ("completed", outcome):
        raise CheckFailed(f"{what.capitalize()} ended as {batch['status']}, {batch['outcome']}.")


def _finished(client: Client, batch_id: str) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        batch = client.call(f"/api/batches/{batch_id}")
        is_on_chain = not batch["onChain"]["queued"] and not batch["onChain"]["broadcast"]
        if batch["completedAt"] and is_on_chain:
            return batch
        time.sleep(0.2)
    raise CheckFailed(f"The batch is still {batch['status']} after {PATIENCE_SECONDS} seconds.")
