"""Contract calls follow on a best-effort basis; the database never waits for them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from batches.services.engine.run_batch import run_batch
from batches.services.results.results import chain_counts, results_of
from batches.services.worker.contract_sync import send_contract_calls
from content.contract import get_contract
from content.models import Content, ContentChange, ContractCall, SandboxTransaction
from content.services.catalogue.changes import change_content
from content.services.chain.calls import prepare_call
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture
def registered(alice, wallet_of):
    """Three items on the chain, with ids 1, 2, 3."""
    numbers = iter((1, 2, 3))
    return make_contents(wallet_of(alice), 3, onchain_id=lambda _: next(numbers))


def states():
    changes = ContentChange.objects.filter(version__gt=1).order_by("id")
    return list(changes.values_list("chain_state", flat=True))


def run(by, items, **body):
    batch = price_batch(by, [item.pk for item in items], **body)
    run_batch(batch.pk)
    return batch


def test_batch_makes_one_call(alice, registered, wallet_of):
    (unregistered,) = make_contents(wallet_of(alice))
    batch = run(alice, [*registered, unregistered])
    assert states() == ["queued"] * 3 + ["none"]

    send_contract_calls()

    transaction = SandboxTransaction.objects.get()
    assert transaction.function == "update-content-prices"
    assert transaction.arguments == [
        {"content-id": number, "price": 7_000_000} for number in (1, 2, 3)
    ]
    results = results_of(batch)
    assert [result.chain_state for result in results] == ["confirmed"] * 3 + ["none"]
    assert [result.tx_id for result in results] == [transaction.tx_id] * 3 + [""]
    assert chain_counts(batch) == {"confirmed": 3}
    assert send_contract_calls() == 0


def test_refused_call_keeps_batch_success(alice, registered, settings):
    settings.SANDBOX_FAILURE = "rejected"
    batch = run(alice, registered)
    send_contract_calls()

    batch.refresh_from_db()
    assert (batch.status, batch.success_count) == ("completed", 3)
    for result in results_of(batch):
        assert result.is_success
        assert (result.chain_state, result.tx_id) == ("failed", "")
        assert "configured to reject" in result.chain_error
    assert not SandboxTransaction.objects.exists()
    assert send_contract_calls() == 0


def test_refused_item_does_not_fail_others(alice, registered, settings):
    settings.SANDBOX_FAILURE = "2"
    batch = run(alice, registered)
    send_contract_calls()
    results = results_of(batch)
    assert [result.chain_state for result in results] == ["confirmed", "failed", "confirmed"]
    assert "refused this item" in results[1].chain_error


def test_unreachable_chain_retried_later(alice, registered, settings, time_machine):
    settings.SANDBOX_FAILURE = "unreachable"
    run(alice, registered)
    send_contract_calls()
    assert states() == ["retrying"] * 3
    assert send_contract_calls() == 0  # not before the pause is over

    settings.SANDBOX_FAILURE = ""
    time_machine.move_to(timezone.now() + timedelta(seconds=6))
    assert send_contract_calls() == 1
    assert states() == ["confirmed"] * 3
    assert ContractCall.objects.get().attempts == 1


def test_nothing_overtakes_a_call_that_waits(alice, registered, settings, time_machine):
    settings.SANDBOX_FAILURE = "unreachable"
    run(alice, registered[:1], newPrice=5)
    send_contract_calls()
    settings.SANDBOX_FAILURE = ""
    run(alice, registered[:1], newPrice=6)

    send_contract_calls()  # the chain is back, but the first call's pause is not over
    assert states() == ["retrying", "queued"]

    time_machine.move_to(timezone.now() + timedelta(seconds=6))
    send_contract_calls()
    assert states() == ["confirmed", "confirmed"]
    prices = [row.arguments[0]["price"] for row in SandboxTransaction.objects.order_by("at")]
    assert prices == [5, 6]


def test_second_change_uses_second_call(alice, registered):
    run(alice, registered[:1], newPrice=5)
    run(alice, registered[:1], newPrice=6)
    send_contract_calls()
    assert [call.arguments[0]["price"] for call in ContractCall.objects.order_by("id")] == [5, 6]
    assert states() == ["confirmed", "confirmed"]


def test_crash_after_call_sends_once(alice, registered, time_machine):
    run(alice, registered)
    call = prepare_call("sandbox", lambda causes: None)
    # The worker dies between the chain's answer and writing it down.
    get_contract().send(call_id=str(call.pk), function=call.function, arguments=call.arguments)

    send_contract_calls()

    assert SandboxTransaction.objects.count() == 1
    assert ContractCall.objects.count() == 1
    assert states() == ["confirmed"] * 3


def test_more_than_a_hundred_changes_are_several_calls(alice, wallet_of):
    numbers = iter(range(1, 1000))
    items = make_contents(wallet_of(alice), 150, onchain_id=lambda _: next(numbers))
    run(alice, items[:100], newPrice=5)
    run(alice, items[100:], newPrice=5)
    assert send_contract_calls() == 2
    sizes = [len(call.arguments) for call in ContractCall.objects.order_by("id")]
    assert sizes == [100, 50]


def test_the_chain_switched_off_is_not_attempted(alice, registered, settings):
    settings.CONTRACT_CLIENT = "off"
    batch = run(alice, registered)
    assert send_contract_calls() == 0
    assert chain_counts(batch) == {"not-attempted": 3}
    assert not ContractCall.objects.exists()


def test_manual_edit_sent_to_chain(alice, registered):
    change_content(registered[0].pk, {"price": 5}, version=1, by=alice, cause="api")
    change_content(registered[1].pk, {"title": "New"}, version=1, by=alice, cause="api")
    send_contract_calls()
    assert states() == ["confirmed", "none"]


def test_item_without_chain_id_skipped(alice, registered):
    run(alice, registered)
    Content.objects.filter(pk=registered[0].pk).update(onchain_id=None)
    send_contract_calls()
    assert states() == ["not-attempted", "confirmed", "confirmed"]
