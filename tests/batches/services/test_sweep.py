"""The sweeper resends lost messages; messages are sent only after commit."""

import socket
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from batches import queue
from batches.models import BatchOperation, Heartbeat, Notification
from batches.queue import enqueue
from batches.services.engine.run_batch import claim, run_batch
from batches.services.worker.inline import run_inline
from batches.services.worker.sweep import sweep
from config.celery import app
from config.database import atomic
from content.models import Wallet
from content.services.people.password_mail import request_link
from tests.batches.orders import price_batch
from tests.factories import make_contents


def age(seconds: int) -> None:
    BatchOperation.objects.update(queued_at=timezone.now() - timedelta(seconds=seconds))


def test_new_batch_queued_once(messages, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    assert messages() == [("batches.run_batch", [str(batch.pk)])]


def test_rolled_back_batch_not_queued(messages):
    @atomic
    def broken():
        enqueue("batches.run_batch", "1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert messages() == []


def test_lost_message_resent_after_half_a_minute(messages, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    messages()  # and here it is lost
    assert sweep().batches == 0
    age(31)

    assert sweep().batches == 1
    assert sweep().batches == 0  # just told
    assert messages() == [("batches.run_batch", [str(batch.pk)])]


def test_abandoned_batch_queued_again(messages, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    claim(batch.pk)
    age(100)
    messages()
    assert sweep().batches == 0  # the lease still runs
    BatchOperation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    sweep()

    assert messages() == [("batches.run_batch", [str(batch.pk)])]


def test_ended_batches_ignored(messages, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    run_batch(price_batch(alice, [item.pk]).pk)
    age(1000)
    assert sweep().batches == 0


def test_due_mails_and_calls_queue_one_message_each(messages, alice, wallet_of):
    Wallet.objects.update(notify=Wallet.Notify.ALWAYS)
    numbers = iter(range(1, 10))
    for item in make_contents(wallet_of(alice), 3, onchain_id=lambda _: next(numbers)):
        run_batch(price_batch(alice, [item.pk], newPrice=9_000_000).pk)
    assert Notification.objects.count() == 3
    messages()

    swept = sweep()

    assert swept.has_notifications
    assert swept.has_contract_calls
    assert sorted(messages()) == [
        ("batches.deliver_due_notifications", []),
        ("batches.send_contract_calls", []),
    ]


def test_a_sweep_is_a_sign_of_life(db):
    for _ in range(2):
        sweep()
        assert timezone.now() - Heartbeat.objects.get(name="worker").at < timedelta(seconds=5)


def test_a_full_queue_is_left_to_the_sweeper(monkeypatch):
    monkeypatch.setattr(queue, "MAX_WAITING", 1)
    monkeypatch.setattr(queue.Sender, "_run", lambda self: None)  # a broker that never answers
    sender = queue.Sender()
    for number in range(3):
        sender.put("batches.run_batch", (str(number),))
    assert sender.waiting.qsize() == 1


def test_mails_with_links_to_new_passwords_are_found(messages):
    sweep()
    assert messages() == []
    request_link(RequestFactory().post("/password/forgotten"), "nobody@example.org")
    assert sweep().has_password_mails
    assert messages() == [("batches.send_password_mails", [])]
    run_inline()
    assert not sweep().has_password_mails


def backlog(by, wallet, size: int) -> list[str]:
    """Batches that wait for so long that the broker would be told of them again."""
    keys = [str(price_batch(by, [item.pk]).pk) for item in make_contents(wallet, size)]
    assert queue._sender is not None
    queue._sender.drain(5)
    age(31)
    return keys


def test_backlog_not_resent(messages, alice, wallet_of):
    keys = backlog(alice, wallet_of(alice), 5)

    for _ in range(3):
        assert sweep().batches == 0
        age(31)

    assert sorted(messages()) == sorted(("batches.run_batch", [key]) for key in keys)


def test_only_missing_messages_resent(messages, alice, wallet_of):
    backlog(alice, wallet_of(alice), 3)
    messages()  # the broker forgot all of them
    backlog(alice, wallet_of(alice), 2)

    assert sweep().batches == 3
    assert queue._sender is not None
    queue._sender.drain(5)
    age(31)
    assert sweep().batches == 0

    assert len(messages()) == 5


def test_nothing_is_missed_for_the_messages_of_others(messages, alice, wallet_of):
    """Five messages of batches that have ended hide that one is lost; soon they are gone."""
    lost = backlog(alice, wallet_of(alice), 1)
    messages()
    for key in backlog(alice, wallet_of(alice), 5):
        run_batch(key)
    assert sweep().batches == 0

    messages()  # the workers leave them

    assert sweep().batches == 1
    assert messages() == [("batches.run_batch", lost)]


def test_expired_lease_is_requeued_in_backlog(messages, alice, wallet_of):
    keys = backlog(alice, wallet_of(alice), 4)
    claim(keys[2])
    BatchOperation.objects.filter(pk=keys[2]).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert sweep().batches == 1
    assert messages()[-1] == ("batches.run_batch", [keys[2]])


def test_resent_anyway_after_half_an_hour(messages, alice, wallet_of):
    backlog(alice, wallet_of(alice), 3)
    age(30 * 60 + 1)
    assert sweep().batches == 3
    assert sweep().batches == 0


@pytest.mark.processes  # waits for the broker
def test_batches_published_though_broker_does_not_count(messages, alice, wallet_of, monkeypatch):
    backlog(alice, wallet_of(alice), 3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens there
        closed = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        monkeypatch.setattr(app.conf, "broker_write_url", closed)
        assert sweep().batches == 3
