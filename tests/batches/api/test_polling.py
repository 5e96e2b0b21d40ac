"""Polling a batch by its ETag: few queries, never stale."""

import pytest

from batches.services.engine.run_batch import claim, run_batch, write_chunk
from batches.services.worker.contract_sync import send_contract_calls
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture
def batch(alice, wallet_of, settings):
    settings.BATCH_CHUNK_ITEMS = 1
    items = make_contents(wallet_of(alice), 2, onchain_id=lambda number: number)
    return price_batch(alice, [item.pk for item in items])


class Poller:
    def __init__(self, caller, batch):
        self.caller, self.path, self.etag = caller, f"/api/batches/{batch.pk}", ""

    def poll(self):
        """Return the status code, and the body if any."""
        headers = {**self.caller.headers, "If-None-Match": self.etag}
        answer = self.caller.client.get(self.path, headers=headers)
        self.etag = answer["ETag"]
        return answer.status_code, answer.json() if answer.status_code == 200 else answer.content


def test_304_until_something_changes(call, alice, batch):
    poller = Poller(call(alice), batch)
    seen = []

    def changed():
        status, body = poller.poll()
        assert status == 200
        assert poller.poll() == (304, b"")
        seen.append((body["status"], body["progress"], body["onChain"]["confirmed"]))

    changed()
    lease = claim(batch.pk)
    changed()
    write_chunk(lease)
    changed()
    write_chunk(lease)
    changed()
    send_contract_calls()
    changed()

    assert seen == [
        ("pending", 0, 0),
        ("processing", 0, 0),
        ("processing", 50, 0),
        ("completed", 100, 0),
        ("completed", 100, 2),
    ]


def test_a_cancelled_batch_has_another_etag(call, alice, batch):
    poller = Poller(call(alice), batch)
    poller.poll()
    call(alice).post(f"/api/batches/{batch.pk}/cancel")
    status, body = poller.poll()
    assert (status, body["status"]) == (200, "cancelled")


def test_foreign_batches_not_pollable(call, alice, bob, batch):
    poller = Poller(call(alice), batch)
    poller.poll()
    headers = {**call(bob).headers, "If-None-Match": poller.etag}
    answer = call(bob).client.get(f"/api/batches/{batch.pk}", headers=headers)
    assert answer.status_code == 404


def test_polling_query_count(call, alice, wallet_of, settings, django_assert_num_queries):
    items = make_contents(wallet_of(alice), 100)
    batch = price_batch(alice, [item.pk for item in items])
    run_batch(batch.pk)
    poller = Poller(call(alice), batch)
    poller.poll()
    with django_assert_num_queries(2):
        assert poller.poll()[0] == 304
