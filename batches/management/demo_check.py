"""What `demo --once` does: a batch of each kind over HTTP, as any client would, and its results."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from batches.operations import OPERATIONS

PATIENCE_SECONDS = 30
ITEMS = 3
# A second run on the same data finds some of what it asks for done already.
FINE = {"succeeded", "unchanged"}


class CheckFailed(Exception):
    """Something did not come out as it must; the words say what."""


class Client:
    """Speaks JSON with one server as one person."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.headers = {"Content-Type": "application/json"}

    def log_in(self, username: str, password: str) -> None:
        answer = self.call("/api/auth/login", {"username": username, "password": password})
        self.headers["Authorization"] = f"Token {answer['token']}"

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """POST where there is a body, else GET. Raises CheckFailed."""
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


def run_examples(url: str, password: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run a batch of each kind as alice; yields each kind with its finished batch.

    Raises CheckFailed.
    """
    client = Client(url)
    client.log_in("alice", password)
    (address,) = (wallet["address"] for wallet in client.call("/api/me")["addresses"])
    listed = client.call(f"/api/contents?creator={address}&ordering=price&limit={ITEMS}")
    ids = [item["contentId"] for item in listed["contents"]]
    for kind, operation in OPERATIONS.items():
        example = next(iter(operation.examples.values()))
        body = {"contentIds": [*ids, "no-such-item"], **example}
        created = client.call(f"/api/batches/{operation.api_path}", body)
        batch = _finished(client, created["batchId"])
        *outcomes, last = [result["outcome"] for result in batch["results"]]
        is_fine = len(outcomes) == len(ids) and set(outcomes) <= FINE and last == "failed"
        if batch["status"] != "completed" or not is_fine:
            raise CheckFailed(f"{kind} came out as {batch['status']} with {[*outcomes, last]}.")
        yield kind, batch


def _finished(client: Client, batch_id: str) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        batch = client.call(f"/api/batches/{batch_id}")
        is_told = not batch["onChain"]["queued"] and not batch["onChain"]["broadcast"]
        if batch["completedAt"] and is_told:
            return batch
        time.sleep(0.2)
    raise CheckFailed(f"The batch is still {batch['status']} after {PATIENCE_SECONDS} seconds.")
