"""Retrying failed items of a batch, each only once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from batches.errors import Invalid, NothingToDo
from batches.models import BatchItem, BatchOperation
from batches.services.engine import lifecycle
from batches.services.engine.run_batch import claim, run_batch, write_chunk
from batches.services.evaluate import payload_of
from batches.services.runs import confirm
from content.models import Content
from content.services.catalogue.changes import change_content
from tests.batches.follow_ups import (
    RETRY,
    abort,
    done,
    outcomes,
    prepared,
    prices,
    retry,
    undo,
)
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture
def items(alice, wallet_of):
    return [content.pk for content in make_contents(wallet_of(alice), 3)]


@pytest.fixture
def partly(alice, items):
    """A batch of which the first item failed, because it was removed; by now it is on sale."""
    Content.objects.filter(pk=items[0]).update(is_removed=True)
    batch = done(price_batch(alice, items, percentChange=10))
    assert outcomes(batch)[0] == "removed"
    Content.objects.filter(pk=items[0]).update(is_removed=False)
    return batch


def test_only_failed_items_retried(alice, items, partly):
    again = done(retry(partly, alice))
    assert (again.retry_of, again.content_ids, outcomes(again)) == (
        partly,
        items[:1],
        ["succeeded"],
    )
    assert again.payload == partly.payload
    assert prices(items) == [1_100_000, 2_200_000, 3_300_000]


def test_items_retried_once(alice, items, partly):
    first = retry(partly, alice)
    with pytest.raises(NothingToDo, match="already retried"):
        retry(partly, alice)
    done(first)
    for batch in (partly, first):
        with pytest.raises(NothingToDo):
            retry(batch, alice)
        with pytest.raises(NothingToDo):
            prepared([batch], RETRY, alice)
    assert prices(items[:1]) == [1_100_000]


def test_second_retry_from_batch_or_retry(alice, items, partly):
    Content.objects.filter(pk=items[0]).update(is_removed=True)
    first = done(retry(partly, alice))
    Content.objects.filter(pk=items[0]).update(is_removed=False)
    second = done(retry(first, alice))
    assert outcomes(second) == ["succeeded"]
    for batch in (partly, first, second):
        with pytest.raises(NothingToDo):
            retry(batch, alice)
    assert prices(items[:1]) == [1_100_000]


def test_cancelled_retry_can_be_repeated(alice, items, partly):
    lifecycle.cancel(retry(partly, alice))
    assert outcomes(done(retry(partly, alice))) == ["succeeded"]


def test_retry_of_aborted_includes_unprocessed(alice, items, settings):
    settings.BATCH_CHUNK_ITEMS = 1
    batch = price_batch(alice, items)
    write_chunk(claim(batch.pk))
    batch.refresh_from_db()
    abort(batch)
    batch.refresh_from_db()
    assert prepared([batch], RETRY, alice, content_ids=items[2:]).content_ids == items[2:]
    assert retry(batch, alice).content_ids == items[1:]


def test_retry_of_cancelled_batch_takes_failed_items(alice, items):
    batch = lifecycle.cancel(price_batch(alice, items))
    with pytest.raises(NothingToDo, match="No item failed"):
        retry(batch, alice)


def test_retry_by_code(alice, items):
    batch = done(price_batch(alice, [*items, "unknown"], expectedVersions={items[1]: 9}))
    assert outcomes(batch) == ["succeeded", "conflict", "succeeded", "not-found"]
    submission = prepared([batch], RETRY, alice, code="conflict")
    assert (submission.content_ids, submission.versions) == ([items[1]], [1])
    confirm.confirm(submission.pk, by=alice)
    assert run_batch(BatchOperation.objects.get(retry_of=batch).pk)
    assert prices(items) == [7_000_000] * 3


def test_retried_undo_keeps_versions(alice, items):
    batch = done(price_batch(alice, items))
    change_content(items[0], {"price": 5}, version=2, by=alice, cause="api")
    back = done(undo(batch, alice))
    again = retry(back, alice)
    assert [payload_of(again, 0)["restore"], again.expected_versions] == [
        {"price": 1_000_000},
        [2],
    ]
    assert outcomes(done(again)) == ["conflict"]
    assert prices(items) == [5, 2_000_000, 3_000_000]


def test_staff_retry_skips_foreign_items(staff, alice, bob, wallet_of, items, work):
    """bob's item failed in alice's batch as foreign; it is not tried again as bob's."""
    (foreign,) = make_contents(wallet_of(bob))
    batch = price_batch(staff, [*items, foreign.pk], creator=wallet_of(alice).pk)
    change_content(items[0], {"price": 5}, version=1, by=alice, cause="api")
    BatchOperation.objects.update(expected_versions=[1, None, None, None])
    done(batch)
    assert outcomes(batch) == ["conflict", "succeeded", "succeeded", "not-found"]

    submission = prepared([batch], RETRY, staff)
    confirm.confirm(submission.pk, by=staff)
    work()

    again = BatchOperation.objects.get(retry_of=batch)
    assert (again.creator, outcomes(again)) == (wallet_of(alice), ["succeeded", "not-found"])
    assert BatchOperation.objects.count() == 2
    assert prices([foreign.pk]) == [1_000_000]


def test_retried_sale_ends_at_the_same_time(alice, items, time_machine):
    end = (timezone.now() + timedelta(hours=1)).replace(microsecond=0)
    Content.objects.filter(pk=items[0]).update(is_removed=True)
    batch = done(price_batch(alice, items, until=end.isoformat()))
    Content.objects.filter(pk=items[0]).update(is_removed=False)
    assert prepared([batch], RETRY, alice).until == end
    again = done(retry(batch, alice))
    assert again.until == end
    assert BatchOperation.objects.get(undo_of=again).scheduled_for == end
    lifecycle.cancel(BatchOperation.objects.get(undo_of=again))

    other = done(price_batch(alice, ["unknown", items[1]], until=end.isoformat(), newPrice=3))
    time_machine.move_to(end, tick=False)
    with pytest.raises(NothingToDo, match="in the past"):
        retry(other, alice)


def test_deleted_original_refused_with_message(alice, items, partly):
    submission = prepared([partly], RETRY, alice)
    BatchItem.objects.all().delete()
    BatchOperation.objects.all().delete()
    with pytest.raises(Invalid, match="was deleted"):
        confirm.confirm(submission.pk, by=alice)
    assert not BatchOperation.objects.exists()
