"""Running batches through the service, with all effects."""

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, OperationalError, connection
from django.utils import timezone
from pymongo.errors import AutoReconnect

from batches.errors import InvalidTransition
from batches.models import BatchItem, BatchOperation, Status
from batches.operations import OPERATIONS
from batches.operations.base import Unchanged
from batches.services.engine.lifecycle import cancel
from batches.services.engine.run_batch import LeaseLost, claim, run_batch, write_chunk
from content.models import Content, ContentChange
from content.services.catalogue.changes import Change, apply_changes, change_content
from tests.batches.orders import price_batch
from tests.factories import make_contents


def outcomes(batch):
    return {
        item.content_id: item.code or item.outcome for item in BatchItem.objects.filter(batch=batch)
    }


def test_a_batch_changes_its_items_and_nothing_else(alice, wallet_of):
    first, second, other = make_contents(wallet_of(alice), 3)
    batch = price_batch(alice, [first.pk, second.pk], newPrice=7_000_000)

    assert run_batch(batch.pk)

    batch.refresh_from_db()
    assert (batch.status, batch.success_count, batch.failure_count) == (Status.COMPLETED, 2, 0)
    assert (batch.outcome, batch.progress, batch.success_rate) == ("succeeded", 100, 100.0)
    assert batch.lease_token is None
    assert set(Content.objects.filter(price=7_000_000).values_list("pk", "version")) == {
        (first.pk, 2),
        (second.pk, 2),
    }
    assert Content.objects.get(pk=other.pk).version == 1
    change = ContentChange.objects.get(content=first, version=2)
    assert (change.before, change.after) == ({"price": 1_000_000}, {"price": 7_000_000})
    assert (change.cause, change.by) == (f"batch:{batch.pk}", alice)
    assert BatchItem.objects.get(content_id=first.pk).change == change
    assert Content.objects.get(pk=first.pk).updated_by == f"batch:{batch.pk}"


def test_every_item_has_its_own_result(alice, bob, wallet_of):
    wallet = wallet_of(alice)
    fine, same, gone, dear = make_contents(wallet, 4, price=lambda n: 5_000_000)
    removed = Change(gone, {"is_removed": True, "removed_at": timezone.now()})
    apply_changes([removed, Change(same, {"price": 0})], by=alice, cause="admin")
    apply_changes([Change(dear, {"price": 10**15})], by=alice, cause="admin")
    (foreign,) = make_contents(wallet_of(bob))
    ids = [fine.pk, same.pk, gone.pk, dear.pk, foreign.pk, "unknown"]
    batch = price_batch(alice, ids, percentChange=10)

    run_batch(batch.pk)

    assert outcomes(batch) == {
        fine.pk: "succeeded",
        same.pk: "unchanged",
        gone.pk: "removed",
        dear.pk: "out-of-range",
        foreign.pk: "not-found",
        "unknown": "not-found",
    }
    batch.refresh_from_db()
    assert (batch.success_count, batch.unchanged_count, batch.failure_count) == (2, 1, 4)
    assert batch.outcome == "partial"
    assert [item.content_id for item in batch.items.all()] == ids
    assert Content.objects.get(pk=fine.pk).price == 5_500_000
    assert Content.objects.get(pk=foreign.pk).version == 1
    assert Content.objects.get(pk=same.pk).version == 2


def test_duplicate_messages_do_nothing(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk], percentChange=10)

    assert [run_batch(batch.pk) for _ in range(10)] == [True] + [False] * 9

    assert Content.objects.get(pk=item.pk).price == 1_100_000
    assert BatchItem.objects.count() == 1


def test_missing_batch_ignored(db):
    assert not run_batch("01a20ae2-80ce-743f-bc1b-55f8431fb1d1")


def test_abandoned_batch_resumes_where_it_stopped(alice, wallet_of, settings):
    settings.BATCH_CHUNK_ITEMS = 2
    items = make_contents(wallet_of(alice), 5)
    batch = price_batch(alice, [item.pk for item in items], percentChange=100)
    write_chunk(claim(batch.pk))  # and then the worker dies
    assert not run_batch(batch.pk)  # its lease still runs
    BatchOperation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert run_batch(batch.pk)

    batch.refresh_from_db()
    assert (batch.status, batch.success_count) == (Status.COMPLETED, 5)
    prices = Content.objects.order_by("pk").values_list("price", flat=True)
    assert sorted(prices) == [2_000_000, 4_000_000, 6_000_000, 8_000_000, 10_000_000]
    assert set(Content.objects.values_list("version", flat=True)) == {2}


def test_a_batch_of_one_chunk_has_a_duration(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk], newPrice=7)
    with time_machine.travel("2030-01-01T10:00:00Z", tick=False) as clock:
        lease = claim(batch.pk)
        clock.shift(5)
        write_chunk(lease)
    batch.refresh_from_db()
    assert (batch.completed_at - batch.started_at).total_seconds() == 5


def test_takeover_keeps_started_at(alice, wallet_of, settings):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk], newPrice=7)
    with time_machine.travel("2030-01-01T10:00:00Z", tick=False) as clock:
        assert claim(batch.pk)
        batch.refresh_from_db()
        began = batch.started_at
        clock.shift(settings.BATCH_LEASE_SECONDS + 1)
        assert claim(batch.pk)
    batch.refresh_from_db()
    assert (began.isoformat(), batch.started_at) == ("2030-01-01T10:00:00+00:00", began)


def test_a_worker_that_lost_its_lease_writes_nothing(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    sleeper = claim(batch.pk)
    BatchOperation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claim(batch.pk)

    with pytest.raises(LeaseLost):
        write_chunk(sleeper)

    assert Content.objects.get(pk=item.pk).version == 1
    assert not BatchItem.objects.exists()


def test_only_one_of_many_claims_wins(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    assert [bool(claim(batch.pk)) for _ in range(8)] == [True] + [False] * 7


def test_cancel_keeps_saved_items_and_stops_worker(alice, wallet_of, settings):
    settings.BATCH_CHUNK_ITEMS = 2
    items = make_contents(wallet_of(alice), 3)
    batch = price_batch(alice, [item.pk for item in items])
    lease = claim(batch.pk)
    write_chunk(lease)

    cancelled = cancel(BatchOperation.objects.get(pk=batch.pk))

    assert (cancelled.status, cancelled.success_count) == (Status.CANCELLED, 2)
    with pytest.raises(LeaseLost):
        write_chunk(lease)
    assert not run_batch(batch.pk)
    assert Content.objects.filter(version=2).count() == 2
    with pytest.raises(InvalidTransition):
        cancel(BatchOperation.objects.get(pk=batch.pk))


def test_cancelling_with_a_stale_object_looks_again(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    assert claim(batch.pk)  # after `batch` was read

    assert cancel(batch).status == Status.CANCELLED


def test_transferred_item_not_found(alice, bob, wallet_of):
    first, second = make_contents(wallet_of(alice), 2)
    batch = price_batch(alice, [first.pk, second.pk])
    change_content(
        first.pk, {"creator_id": wallet_of(bob).pk}, version=None, by=alice, cause="admin"
    )

    run_batch(batch.pk)

    assert outcomes(batch) == {first.pk: "not-found", second.pk: "succeeded"}
    assert Content.objects.get(pk=first.pk).price == 1_000_000


@pytest.mark.parametrize("lost", ["deactivated", "wallet", "creator"])
def test_revoked_permission_fails_every_item(alice, bob, wallet_of, lost):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    wallet = wallet_of(alice)
    if lost == "deactivated":
        alice.is_active = False
        alice.save()
    elif lost == "wallet":
        wallet.owner = bob
    else:
        wallet.is_creator = False
    wallet.save()

    run_batch(batch.pk)

    assert outcomes(batch) == {item.pk: "forbidden"}
    assert Content.objects.get(pk=item.pk).version == 1


def test_staff_permission_checked_again(alice, staff, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(staff, [item.pk], creator=wallet_of(alice).pk)
    staff.user_permissions.clear()

    run_batch(batch.pk)

    assert outcomes(batch) == {item.pk: "forbidden"}


def test_an_edit_between_preview_and_run_stays(alice, wallet_of):
    first, second = make_contents(wallet_of(alice), 2)
    batch = price_batch(alice, [first.pk, second.pk], expectedVersions={first.pk: 1, second.pk: 1})
    change_content(first.pk, {"price": 3}, version=1, by=alice, cause="api")

    run_batch(batch.pk)

    assert outcomes(batch) == {first.pk: "conflict", second.pk: "succeeded"}
    assert Content.objects.get(pk=first.pk).price == 3


class Explosive:
    """An operation of ours whose `evaluate` fails on some items, as a real bug would."""

    def __init__(self, breaks_on):
        self.breaks_on = breaks_on
        self.kind = "explosive"
        self.permission = "batches.run_explosive"

    def changed_fields(self, payload):
        return ()

    def evaluate(self, content, payload, at):
        if content.pk in self.breaks_on:
            raise ZeroDivisionError
        return Unchanged()


def test_raising_item_fails_only_itself(alice, wallet_of, monkeypatch):
    items = make_contents(wallet_of(alice), 3)
    monkeypatch.setitem(OPERATIONS, "explosive", Explosive({items[1].pk}))
    batch = price_batch(alice, [item.pk for item in items])
    BatchOperation.objects.update(kind="explosive")

    run_batch(batch.pk)

    assert list(outcomes(batch).values()).count("internal") == 1
    assert outcomes(batch)[items[1].pk] == "internal"
    batch.refresh_from_db()
    assert (batch.status, batch.unchanged_count, batch.failure_count) == (Status.COMPLETED, 2, 1)


def test_batch_aborted_after_three_exceptions(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    BatchOperation.objects.update(total_items=2)  # counters that can never be reached

    assert [run_batch(batch.pk) for _ in range(4)] == [True, True, True, False]

    batch.refresh_from_db()
    assert (batch.status, batch.outcome) == (Status.FAILED, "partial")
    assert "error on our side" in batch.error
    assert Content.objects.get(pk=item.pk).version == 2


def test_unknown_kind_fails_its_items(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    BatchOperation.objects.update(kind="unheard-of")

    run_batch(batch.pk)

    assert outcomes(batch) == {item.pk: "internal"}
    assert Content.objects.get(pk=item.pk).version == 1


def test_batch_aborted_after_ten_killed_workers(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    for _ in range(10):
        assert claim(batch.pk)
        BatchOperation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    run_batch(batch.pk)

    batch.refresh_from_db()
    assert batch.status == Status.FAILED
    assert not BatchItem.objects.exists()


def test_lost_database_does_not_fail_batch(alice, wallet_of, monkeypatch):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])

    class Unreachable(Explosive):
        def evaluate(self, content, payload, at):
            if connection.vendor == "mongodb":
                # What its backend makes of a connection that broke.
                raise DatabaseError("connection closed") from AutoReconnect("connection closed")
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setitem(OPERATIONS, "explosive", Unreachable(set()))
    BatchOperation.objects.update(kind="explosive")

    with pytest.raises(DatabaseError):
        run_batch(batch.pk)

    batch.refresh_from_db()
    assert (batch.status, batch.raised) == (Status.PROCESSING, 0)
    # No item pays for it.
    assert not BatchItem.objects.exists()
