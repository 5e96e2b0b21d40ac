"""Runs the workers' tasks in this process, for commands and tests."""

from uuid import UUID

from batches.models import BatchOperation
from batches.services.engine.run_batch import run_batch
from batches.services.mail.outbox import deliver_due_notifications
from batches.services.worker.contract_sync import send_contract_calls
from content.services.people.password_mail import send_password_mails


def run_inline(batch_ids: list[UUID] | None = None) -> None:
    """Run these batches, or all due ones, then send due calls and mails.

    Uses the network: never call it in a transaction.
    """
    if batch_ids is None:
        claimable = BatchOperation.objects.claimable().order_by("queued_at")
        batch_ids = list(claimable.values_list("pk", flat=True))
    for key in batch_ids:
        run_batch(key)
    send_contract_calls()
    deliver_due_notifications()
    send_password_mails()
