"""Run one sweep."""

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from batches.models import BatchOperation, Status
from content.models import ContentChange
from tests.batches.orders import price_batch
from tests.factories import make_contents


def test_sweep_reports_dispatched_work(alice, wallet_of, capsys):
    (content,) = make_contents(wallet_of(alice))
    price_batch(alice, [content.pk], newPrice=5)
    BatchOperation.objects.update(queued_at=timezone.now() - timedelta(hours=1))

    call_command("sweep")

    assert capsys.readouterr().out == "Queued: 1 batch, no mails, no contract calls.\n"
    assert BatchOperation.objects.get().status == Status.PENDING


def test_here_runs_due_work(alice, wallet_of, capsys, mailoutbox):
    (content,) = make_contents(wallet_of(alice), onchain_id=7)
    price_batch(alice, [content.pk, "unknown"], newPrice=5)

    call_command("sweep", "--here")

    assert BatchOperation.objects.get().status == Status.COMPLETED
    assert ContentChange.objects.get(version=2).chain_state == "confirmed"
    assert len(mailoutbox) == 1
