"""Dependencies can be changed until a batch starts; cycles are refused."""

from uuid import UUID, uuid4

import pytest

from batches.errors import Invalid, InvalidTransition
from batches.models import BatchOperation, Dependency
from batches.services.engine import lifecycle
from batches.services.engine.run_batch import claim, run_batch
from batches.services.engine.settle import settle_due
from batches.services.orders import dependencies
from batches.services.orders.dependencies import depend_on
from tests.batches.messages import queued_messages
from tests.batches.orders import after, price_batch
from tests.factories import make_contents

ALWAYS = "always"


@pytest.fixture
def items(alice, wallet_of):
    return [content.pk for content in make_contents(wallet_of(alice), 4)]


def reloaded(batch):
    batch.refresh_from_db()
    return batch


def complete(batch):
    assert run_batch(batch.pk)


def test_it_can_be_made_to_wait_for_others(messages, alice, items):
    old, new = price_batch(alice, items), price_batch(alice, items)
    child = after(alice, items, old)
    changed = depend_on(child, [(new.pk, ALWAYS)], by=alice)
    assert (changed.waits_for, child.dependencies.get().parent) == (1, new)
    complete(old)
    settle_due()
    assert claim(child.pk) is None
    lifecycle.cancel(new)
    settle_due()
    assert claim(child.pk)


def test_it_can_be_made_to_wait_for_nothing(messages, alice, items):
    parent = price_batch(alice, items)
    child = after(alice, items, parent)
    messages()
    depend_on(child, [], by=alice)
    assert messages() == queued_messages(child)
    assert not Dependency.objects.exists()
    assert run_batch(child.pk)


def test_running_batch_takes_no_dependencies(alice, items):
    parent, child = price_batch(alice, items), price_batch(alice, items)
    claim(child.pk)
    with pytest.raises(InvalidTransition):
        depend_on(child, [(parent.pk, ALWAYS)], by=alice)
    assert not Dependency.objects.exists()
    assert not reloaded(parent).is_awaited


def test_batches_of_others_not_found(alice, bob, wallet_of, items):
    foreign = price_batch(bob, [make_contents(wallet_of(bob))[0].pk])
    child = price_batch(alice, items)
    for key in (foreign.pk, uuid4()):
        with pytest.raises(Invalid) as refusal:
            depend_on(child, [(child.pk, ALWAYS), (key, ALWAYS)], by=alice)
        assert refusal.value.errors == {"dependsOn.1": ["You have no batch with this id."]}
        with pytest.raises(Invalid) as refusal:
            price_batch(alice, items, dependsOn=[str(key)])
        assert list(refusal.value.errors) == ["dependsOn.0"]
    assert BatchOperation.objects.count() == 2


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ("x", "dependsOn"),
        ({}, "dependsOn"),
        (["x"], "dependsOn.0"),
        ([5], "dependsOn.0"),
        ([None], "dependsOn.0"),
        ([{"batchId": str(UUID(int=1)), "when": "soon"}], "dependsOn.0"),
        ([{"batchId": str(UUID(int=1)), "then": "x"}], "dependsOn.0"),
        ([{"when": ALWAYS}], "dependsOn.0"),
        ([str(UUID(int=1)), UUID(int=1).hex], "dependsOn.1"),
        ([str(UUID(int=number)) for number in range(21)], "dependsOn"),
    ],
)
def test_links_that_cannot_be_meant(alice, items, links, path):
    with pytest.raises(Invalid) as refusal:
        price_batch(alice, items, dependsOn=links)
    assert list(refusal.value.errors) == [path]


# ---------------------------------------------------------------- circles


def named(batch, words):
    return f"{words} ({str(batch.pk)[-6:]})"


def test_a_circle_is_refused_with_its_way(alice, items):
    first = price_batch(alice, items, newPrice=1_000_000)
    second = after(alice, items, first, percentChange=10)
    third = after(alice, items, second, newPrice=3_000_000)
    before = list(BatchOperation.objects.order_by("pk").values())

    with pytest.raises(Invalid) as refusal:
        depend_on(first, [(third.pk, ALWAYS)], by=alice)

    way = [
        named(first, "Update price to 1 STX"),
        named(second, "Update price +10 %"),
        named(third, "Update price to 3 STX"),
        named(first, "Update price to 1 STX"),
    ]
    assert refusal.value.errors == {"dependsOn": [f"This is a cycle: {' → '.join(way)}."]}
    assert list(BatchOperation.objects.order_by("pk").values()) == before
    assert not first.dependencies.exists()


def test_self_dependency_is_a_cycle(alice, items):
    batch = price_batch(alice, items)
    with pytest.raises(Invalid) as refusal:
        depend_on(batch, [(batch.pk, ALWAYS)], by=alice)
    way = " → ".join([named(batch, "Update price to 7 STX")] * 2)
    assert refusal.value.errors == {"dependsOn": [f"This is a cycle: {way}."]}


def test_diamond_is_no_cycle(alice, items):
    top = price_batch(alice, items)
    left, right = after(alice, items, top), after(alice, items, top)
    bottom = price_batch(alice, items)
    depend_on(bottom, [(left.pk, ALWAYS), (right.pk, ALWAYS)], by=alice)
    assert reloaded(bottom).waits_for == 2


def test_links_that_are_met_close_no_circle(alice, items):
    first = price_batch(alice, items)
    second = after(alice, items, first)
    complete(first)
    settle_due()
    with pytest.raises(InvalidTransition):
        depend_on(first, [(second.pk, ALWAYS)], by=alice)


def test_a_chain_that_is_too_long_is_refused(alice, items, monkeypatch):
    monkeypatch.setattr(dependencies, "MAX_DEPTH", 3)
    batches = [price_batch(alice, items[:1])]
    for _ in range(4):
        batches.append(after(alice, items[:1], batches[-1]))
    with pytest.raises(Invalid) as refusal:
        depend_on(price_batch(alice, items), [(batches[-1].pk, ALWAYS)], by=alice)
    assert refusal.value.errors == {"dependsOn": ["The dependency graph is deeper than 3 links."]}


# ---------------------------------------------------------------- deletion


def test_awaited_batch_not_deleted(signed_in, root, alice, items):
    parent = price_batch(alice, items)
    child = after(alice, items, parent)
    complete(parent)
    admin = signed_in(root)

    page = admin.get(f"/admin/batches/batchoperation/{parent.pk}/delete/").content.decode()
    admin.post(f"/admin/batches/batchoperation/{parent.pk}/delete/", {"post": "yes"})

    assert "protected" in page
    assert BatchOperation.objects.count() == 2
    settle_due()
    assert run_batch(child.pk)


def test_ended_graph_can_be_deleted(signed_in, root, alice, items):
    parent = price_batch(alice, items)
    child = after(alice, items, parent)
    complete(parent)
    settle_due()
    complete(child)

    signed_in(root).post(
        "/admin/batches/batchoperation/",
        {
            "action": "delete_selected",
            "_selected_action": [str(parent.pk), str(child.pk)],
            "post": "yes",
        },
    )

    assert not BatchOperation.objects.exists()
    assert not Dependency.objects.exists()
