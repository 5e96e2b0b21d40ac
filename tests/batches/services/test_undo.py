"""Undo restores changed items, except those changed since."""

import pytest
from django.utils import timezone

from batches.errors import Invalid, NotAllowed, NothingToDo, QuotaExceeded
from batches.models import BatchOperation, Follows, Source
from batches.operations import OPERATIONS, describe, operation_for
from batches.services.engine import lifecycle
from batches.services.engine.run_batch import claim, run_batch, write_chunk
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.results.run import run_of
from batches.services.runs import confirm
from batches.services.worker.contract_sync import send_contract_calls
from content.models import Content, ContentChange
from content.services.catalogue.changes import change_content
from tests.batches.follow_ups import (
    UNDO,
    abort,
    done,
    outcomes,
    prepared,
    prices,
    state_of,
    undo,
)
from tests.batches.operations.cases import CASES
from tests.batches.orders import price_batch, price_draft
from tests.factories import make_contents


@pytest.fixture
def items(alice, wallet_of):
    return [content.pk for content in make_contents(wallet_of(alice), 3)]


@pytest.mark.parametrize("kind", OPERATIONS)
def test_undo_restores_exactly_the_changed_fields(kind, alice, wallet_of):
    case = CASES[kind]
    removed_at = timezone.now().replace(microsecond=0) if "is_removed" in case.before else None
    fields = {**case.before, "removed_at": removed_at}
    items = [content.pk for content in make_contents(wallet_of(alice), 3, **fields)]
    before = [state_of(key) for key in items]
    order = clean_order(OPERATIONS[kind], {"contentIds": items, **case.body})
    batch = done(create_batch(order, by=alice, source=Source.API))
    after = [state_of(key) for key in items]
    assert after != before

    back = done(undo(batch, alice))

    assert [state_of(key) for key in items] == before
    assert (back.undo_of, back.kind, back.creator) == (batch, kind, batch.creator)
    assert describe(back) == f"Undo: {describe(batch)}"
    assert operation_for(back).permission == OPERATIONS[kind].permission

    redone = done(undo(back, alice))

    assert [state_of(key) for key in items] == after
    assert describe(redone) == f"Redo: {describe(batch)}"
    done(undo(redone, alice))
    assert [state_of(key) for key in items] == before
    assert ContentChange.objects.filter(version=5).count() == 3


def test_later_edit_stays_as_conflict(alice, items):
    batch = done(price_batch(alice, items))
    change_content(items[1], {"title": "Mine"}, version=2, by=alice, cause="api")
    back = done(undo(batch, alice))
    assert outcomes(back) == ["succeeded", "conflict", "succeeded"]
    assert prices(items) == [1_000_000, 7_000_000, 3_000_000]


def test_only_changed_items_restored(alice, items):
    Content.objects.filter(pk=items[0]).update(is_removed=True)
    Content.objects.filter(pk=items[1]).update(price=7_000_000)
    batch = done(price_batch(alice, [*items, "unknown"]))
    assert outcomes(batch) == ["removed", "unchanged", "succeeded", "not-found"]
    back = undo(batch, alice)
    assert back.content_ids == [items[2]]
    done(back)
    assert prices(items) == [1_000_000, 7_000_000, 3_000_000]


def test_undo_of_partly_done_batches(alice, items, settings):
    settings.BATCH_CHUNK_ITEMS = 2
    for end in (lifecycle.cancel, abort):
        batch = price_batch(alice, items, newPrice=9)
        lease = claim(batch.pk)
        write_chunk(lease)
        batch.refresh_from_db()
        end(batch)
        batch.refresh_from_db()
        back = undo(batch, alice)
        assert back.content_ids == items[:2]
        done(back)
        assert prices(items) == [1_000_000, 2_000_000, 3_000_000]


def test_nothing_to_undo_refused(alice, items):
    running = price_batch(alice, items)
    with pytest.raises(NothingToDo, match="not ended yet"):
        undo(running, alice)
    lifecycle.cancel(running)
    running.refresh_from_db()
    with pytest.raises(NothingToDo, match="Nothing was changed"):
        undo(running, alice)
    Content.objects.update(price=7_000_000)
    unchanged = done(price_batch(alice, items))
    with pytest.raises(NothingToDo, match="Nothing was changed"):
        undo(unchanged, alice)


def test_a_second_undo_is_refused_while_one_waits(alice, items):
    batch = done(price_batch(alice, items))
    waiting = undo(batch, alice)
    with pytest.raises(NothingToDo, match="already scheduled or running") as refusal:
        undo(batch, alice)
    assert refusal.value.details == {"batch_id": str(waiting.pk)}
    with pytest.raises(NothingToDo):
        prepared([batch], UNDO, alice)
    assert BatchOperation.objects.count() == 2
    lifecycle.cancel(waiting)
    undo(batch, alice)


def test_undo_refused_twice(alice, items):
    batch = done(price_batch(alice, items))
    change_content(items[0], {"price": 5}, version=2, by=alice, cause="api")
    first = done(undo(batch, alice))
    assert (first.success_count, first.failure_count) == (2, 1)
    # What was in conflict then may be asked for again, and nothing else.
    second = done(undo(batch, alice))
    assert (second.content_ids, second.failure_count) == (items[:1], 1)
    whole = done(price_batch(alice, items[1:], newPrice=9))
    done(undo(whole, alice))
    with pytest.raises(NothingToDo, match="already undone"):
        undo(whole, alice)
    with pytest.raises(NothingToDo, match="already undone"):
        prepared([whole], UNDO, alice)


def test_second_prepared_undo_refused(alice, items):
    batch = done(price_batch(alice, items))
    first, second = prepared([batch], UNDO, alice), prepared([batch], UNDO, alice)
    confirm.confirm(first.pk, by=alice)
    with pytest.raises(NothingToDo, match="already scheduled or running"):
        confirm.confirm(second.pk, by=alice)
    assert BatchOperation.objects.filter(undo_of=batch).count() == 1
    second.refresh_from_db()
    assert second.state == "draft"


def test_single_items_can_be_undone(alice, items):
    batch = done(price_batch(alice, items))
    first = prepared([batch], UNDO, alice, content_ids=items[:1])
    second = prepared([batch], UNDO, alice, content_ids=items[1:2])
    for submission in (first, second):
        confirm.confirm(submission.pk, by=alice)
    for key in BatchOperation.objects.claimable().values_list("pk", flat=True):
        run_batch(key)
    assert prices(items) == [1_000_000, 2_000_000, 7_000_000]


def test_run_undo_has_one_review(staff, alice, bob, wallet_of, settings, work):
    settings.BATCH_MAX_ITEMS = 2
    hers = [content.pk for content in make_contents(wallet_of(alice), 3)]
    his = [content.pk for content in make_contents(wallet_of(bob), 1)]
    submission = price_draft(staff, [*hers, *his])
    confirm.confirm(submission.pk, by=staff)
    work()
    change_content(hers[0], {"price": 5}, version=2, by=alice, cause="api")

    batches = run_of(submission).batches
    back = prepared(batches, UNDO, staff)
    preview = confirm.preview_submission(back)

    assert preview.headline == "Undo 3 of 4, 1 not possible"
    assert [item.code for item in preview.items] == ["conflict", "", "", ""]
    confirm.confirm(back.pk, by=staff)
    work()
    assert prices([*hers, *his]) == [5, 2_000_000, 3_000_000, 1_000_000]
    links = BatchOperation.objects.filter(submission=back).values_list("undo_of", "creator")
    assert set(links) == {(batch.pk, batch.creator_id) for batch in batches}


def test_running_submission_can_not_be_followed_up(alice, wallet_of, settings, items):
    """Else what ends later would stay changed, and nobody would be told."""
    settings.BATCH_MAX_ITEMS = 2
    submission = price_draft(alice, items)
    confirm.confirm(submission.pk, by=alice)
    first, _second = run_of(submission).batches
    run_batch(first.pk)
    batches = run_of(submission).batches
    for follows in Follows:
        with pytest.raises(NothingToDo, match="not ended yet"):
            prepared(batches, follows, alice)


def test_permission_checked_again(staff, viewer, bob, alice, items):
    batch = done(price_batch(alice, items))
    for who in (bob, viewer):
        with pytest.raises(NotAllowed):
            undo(batch, who)
        with pytest.raises(NotAllowed):
            prepared([batch], UNDO, who)
    back = undo(batch, staff)
    staff.user_permissions.clear()
    done(back)
    assert outcomes(back) == ["forbidden"] * 3
    assert prices(items) == [7_000_000] * 3


def test_undo_uses_quota(alice, items, settings):
    settings.BATCH_QUOTA_PER_HOUR = 1
    batch = done(price_batch(alice, items))
    with pytest.raises(QuotaExceeded):
        undo(batch, alice)
    assert BatchOperation.objects.count() == 1


def test_item_of_another_creator_not_restored(alice, bob, wallet_of, staff, items):
    batch = done(price_batch(alice, items))
    change_content(items[0], {"creator_id": wallet_of(bob).pk}, version=2, by=staff, cause="admin")
    assert outcomes(done(undo(batch, alice))) == ["not-found", "succeeded", "succeeded"]
    assert prices(items[:1]) == [7_000_000]


def test_undo_on_chain_price_only(alice, wallet_of, settings):
    numbers = iter(range(1, 10))
    items = make_contents(wallet_of(alice), 2, onchain_id=lambda _: next(numbers))
    keys = [content.pk for content in items]
    batch = done(price_batch(alice, keys))
    send_contract_calls()
    back = done(undo(batch, alice))
    told = ContentChange.objects.filter(cause=f"batch:{back.pk}")
    assert {change.chain_state for change in told} == {"queued"}
    send_contract_calls()
    call = told.all().first().contract_call
    assert sorted(argument["price"] for argument in call.arguments) == [1_000_000, 2_000_000]

    order = clean_order(OPERATIONS["remove-content"], {"contentIds": keys})
    removal = done(create_batch(order, by=alice, source=Source.API))
    back = done(undo(removal, alice))
    assert set(
        ContentChange.objects.filter(cause=f"batch:{back.pk}").values_list("chain_state", flat=True)
    ) == {"none"}
    again = done(undo(back, alice))
    assert set(
        ContentChange.objects.filter(cause=f"batch:{again.pk}").values_list(
            "chain_state", flat=True
        )
    ) == {"queued"}


def test_removing_undo_asks_for_item_count(alice, wallet_of):
    keys = [content.pk for content in make_contents(wallet_of(alice), 11)]
    order = clean_order(OPERATIONS["remove-content"], {"contentIds": keys})
    removal = done(create_batch(order, by=alice, source=Source.API))
    order = clean_order(OPERATIONS["restore-content"], {"contentIds": keys})
    restored = done(create_batch(order, by=alice, source=Source.API))

    removes_again = prepared([restored], UNDO, alice)
    assert count_to_type(removes_again) == 11
    with pytest.raises(Invalid):
        confirm.check_typed_count(removes_again, "")
    done(undo(restored, alice))
    restores = done(create_batch(order, by=alice, source=Source.API))
    assert removal.success_count == restores.success_count == 11


def count_to_type(submission):
    return confirm.count_to_type(submission, confirm.preview_submission(submission))


def test_redone_removal_asks_for_count(alice, wallet_of):
    keys = [content.pk for content in make_contents(wallet_of(alice), 11)]
    order = clean_order(OPERATIONS["remove-content"], {"contentIds": keys})
    removal = done(create_batch(order, by=alice, source=Source.API))
    assert count_to_type(prepared([removal], UNDO, alice)) is None
    back = done(undo(removal, alice))
    assert count_to_type(prepared([back], UNDO, alice)) == 11
