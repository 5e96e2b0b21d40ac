"""Dependencies: links, when they are met, graphs, cycles."""

from datetime import timedelta

import pytest
from django.db.models.signals import post_init
from django.utils import timezone

from batches.models import BatchOperation, Dependency, Notification, Status
from batches.services.engine import lifecycle
from batches.services.engine.run_batch import claim, run_batch, write_chunk
from batches.services.engine.settle import settle_dependents, settle_due, settle_link
from batches.services.worker.sweep import sweep
from content.models import Content, Wallet
from tests.batches import runs
from tests.batches.messages import queued_messages
from tests.batches.orders import after, price_batch
from tests.factories import make_contents

ON_SUCCESS, ON_COMPLETION, ALWAYS = "on-success", "on-completion", "always"


@pytest.fixture
def items(alice, wallet_of):
    return [content.pk for content in make_contents(wallet_of(alice), 4)]


def reloaded(batch):
    batch.refresh_from_db()
    return batch


def states(batch):
    return sorted(batch.dependencies.values_list("state", flat=True))


# How a parent may end.


def complete(batch):
    assert run_batch(batch.pk)


def complete_with_failures(batch):
    removed = batch.content_ids[-1]
    Content.objects.filter(pk=removed).update(is_removed=True)
    assert run_batch(batch.pk)
    assert reloaded(batch).failure_count == 1


def abort(batch):
    lease = claim(batch.pk)
    BatchOperation.objects.filter(pk=batch.pk).update(attempts=11)
    assert write_chunk(lease).status == Status.FAILED


def cancel(batch):
    lifecycle.cancel(batch)


def cancel_in_the_middle(batch):
    claim(batch.pk)
    lifecycle.cancel(batch)


MET = {
    ON_SUCCESS: {complete},
    ON_COMPLETION: {complete, complete_with_failures},
    ALWAYS: {complete, complete_with_failures, abort, cancel, cancel_in_the_middle},
}
ENDS = [complete, complete_with_failures, abort, cancel, cancel_in_the_middle]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("when", MET)
def test_link_is_met_by_required_outcome(messages, alice, items, when, end):
    parent = price_batch(alice, items[:2])
    child = after(alice, items, parent, when=when)
    assert reloaded(parent).is_awaited
    assert claim(child.pk) is None
    messages()

    end(parent)

    assert ("batches.settle_dependents", [str(parent.pk)]) in messages()
    assert claim(child.pk) is None  # not before it is told
    assert settle_dependents(parent.pk) == 1
    if end in MET[when]:
        assert (reloaded(child).status, child.waits_for, states(child)) == ("pending", 0, ["met"])
        assert messages() == queued_messages(child)
        assert run_batch(child.pk)
        assert reloaded(child).status == Status.COMPLETED
    else:
        assert (reloaded(child).status, child.error_code) == (Status.FAILED, "dependency")
        assert states(child) == ["broken"]
        assert child.completed_at
        assert queued_messages(child)[0] not in messages()
        assert not run_batch(child.pk)
        assert child.done_count == 0


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (complete_with_failures, "ended with failed items"),
        (abort, "was aborted"),
        (cancel, "was cancelled"),
    ],
)
def test_broken_link_is_explained_and_mailed(alice, items, end, words):
    Wallet.objects.update(notify=Wallet.Notify.FAILURES)
    parent = price_batch(alice, items[:2])
    child = after(alice, items, parent, when=ON_SUCCESS)
    end(parent)
    Notification.objects.all().delete()
    settle_due()
    assert reloaded(child).error == (f"Not started: the awaited “Update price to 7 STX” {words}.")
    assert Notification.objects.get().batch == child


def test_without_a_word_it_is_on_completion(alice, items):
    parent = price_batch(alice, items)
    child = price_batch(alice, items, dependsOn=[str(parent.pk)])
    assert child.dependencies.get().when == ON_COMPLETION


def test_blocked_batch_does_not_start(messages, alice, items):
    parent = price_batch(alice, items)
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    scheduled = after(alice, items, parent, scheduledFor=soon)
    held = runs.pause(after(alice, items, parent))
    complete(parent)
    settle_dependents(parent.pk)
    messages()
    for batch in (scheduled, held):
        assert reloaded(batch).waits_for == 0
        assert claim(batch.pk) is None
    sweep()
    assert messages() == []
    runs.resume(held)
    assert claim(held.pk)


def test_failing_link_blocks_no_others(messages, alice, items):
    parent = price_batch(alice, items[:1])
    broken, fine = after(alice, items[1:2], parent), after(alice, items[2:3], parent)
    complete(parent)
    bad = broken.dependencies.get().pk
    messages()

    def abort(instance, **_):
        if instance.pk == bad:
            raise LookupError(bad)

    post_init.connect(abort, sender=Dependency)
    try:
        swept = sweep()
    finally:
        post_init.disconnect(abort, sender=Dependency)

    assert swept
    assert (reloaded(broken).waits_for, reloaded(fine).waits_for) == (1, 0)
    assert queued_messages(fine)[0] in messages()


# ---------------------------------------------------------------- several


def test_a_chain_of_three(alice, items):
    first = price_batch(alice, items, newPrice=1)
    second = after(alice, items, first, newPrice=2)
    third = after(alice, items, second, newPrice=3)
    for batch in (third, second):
        assert not run_batch(batch.pk)
    for batch in (first, second, third):
        assert run_batch(batch.pk)
        settle_due()
    prices = [change.after["price"] for change in Content.objects.get(pk=items[0]).changes.all()]
    assert sorted(prices)[:3] == [1, 2, 3]
    assert Content.objects.get(pk=items[0]).price == 3


def test_failures_propagate_by_link_condition(alice, items):
    first = price_batch(alice, items)
    second = after(alice, items, first, when=ON_SUCCESS)
    third = after(alice, items, second)
    anyway = after(alice, items, third, when=ALWAYS)
    cancel(first)
    while settle_due():
        pass
    assert reloaded(second).status == reloaded(third).status == Status.FAILED
    assert "was aborted" in third.error
    assert (reloaded(anyway).status, anyway.waits_for) == (Status.PENDING, 0)


def test_diamond_starts_after_both_sides(messages, alice, items):
    top = price_batch(alice, items)
    left, right = after(alice, items, top), after(alice, items, top)
    bottom = after(alice, items, left, right)
    complete(top)
    assert settle_dependents(top.pk) == 2
    complete(left)
    settle_dependents(left.pk)
    assert (reloaded(bottom).waits_for, claim(bottom.pk)) == (1, None)
    complete(right)
    messages()
    settle_dependents(right.pk)
    assert messages() == queued_messages(bottom)
    assert run_batch(bottom.pk)
    assert Dependency.objects.waiting().count() == 0


def test_a_diamond_of_which_one_side_breaks(alice, items):
    top = price_batch(alice, items)
    left, right = after(alice, items, top), after(alice, items, top)
    bottom = after(alice, items, left, right, when=ON_SUCCESS)
    complete(top)
    settle_due()
    cancel(left)
    settle_due()
    assert reloaded(bottom).status == Status.FAILED
    error = bottom.error
    complete(right)
    settle_due()
    assert (reloaded(bottom).status, bottom.error) == (Status.FAILED, error)
    assert states(bottom) == ["broken", "met"]


def test_each_parent_has_its_own_link(alice, items):
    parents = [price_batch(alice, items) for _ in range(3)]
    child = price_batch(
        alice,
        items,
        dependsOn=[
            {"batchId": str(parent.pk), "when": when}
            for parent, when in zip(parents, [ON_SUCCESS, ON_COMPLETION, ALWAYS], strict=True)
        ],
    )
    cancel(parents[2])
    complete(parents[0])
    settle_due()
    assert reloaded(child).waits_for == 1
    complete_with_failures(parents[1])
    settle_due()
    assert run_batch(child.pk)


def test_already_ended_parent_counts(messages, alice, items):
    done, stopped = price_batch(alice, items), price_batch(alice, items)
    complete(done)
    cancel(stopped)
    messages()
    met, broken = after(alice, items, done), after(alice, items, done, stopped)
    assert ("batches.settle_dependents", [str(done.pk)]) in messages()
    assert claim(met.pk) is None
    settle_due()
    assert run_batch(met.pk)
    assert reloaded(broken).error_code == "dependency"


# ---------------------------------------------------------------- lost messages and concurrency


def test_sweep_settles_links_after_crash(messages, alice, items):
    parent = price_batch(alice, items)
    child = after(alice, items, parent)
    complete(parent)
    messages()  # and here it is lost
    sweep()
    assert queued_messages(child)[0] in messages()
    assert run_batch(child.pk)


def test_a_link_is_settled_once(alice, items):
    first, second = price_batch(alice, items), price_batch(alice, items)
    child = after(alice, items, first, second)
    complete(first)
    link = child.dependencies.get(parent=first)
    assert settle_link(link.pk) is True
    assert settle_link(link.pk) is False
    assert settle_dependents(first.pk) == 0
    assert reloaded(child).waits_for == 1


def test_cancelled_dependent_stays_cancelled(alice, items):
    parent = price_batch(alice, items)
    child = after(alice, items, parent, when=ON_SUCCESS)
    cancel(child)
    cancel(parent)
    assert settle_due() == 1
    assert (reloaded(child).status, child.error_code) == (Status.CANCELLED, "")
    assert settle_due() == 0
