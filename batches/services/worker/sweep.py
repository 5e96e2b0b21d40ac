"""The sweeper: sends due work to the broker again, so that the broker is only a hint."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import time
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from batches.models import BatchOperation, Notification, Status
from batches.queue import enqueue, messages_waiting
from batches.services.engine.settle import settle_due
from batches.services.heartbeat import beat
from batches.services.templates.runs import run_due_templates
from content.models import ContentChange, ContractCall, PasswordMail
from content.services.idempotency import forget_old_keys

MAX_AT_ONCE = 500
# In units of BATCH_TELL_AGAIN_SECONDS; after this a batch is sent again in any case.
RESEND_ANYWAY_AFTER = 60
PROCESSED_KEPT_SECONDS = 3600


@dataclass(frozen=True)
class Swept:
    """What was sent to the broker: the number of batches, and whether mails or calls are due."""

    batches: int
    has_notifications: bool
    has_contract_calls: bool
    has_password_mails: bool


def sweep() -> Swept:
    """Send everything that is due to the broker. Any number may run concurrently."""
    beat()
    forget_old_keys()
    _prune_processed_messages()
    settle_due()
    run_due_templates()
    batches = [key for key in _unpublished_batches() if _mark_queued(key)]
    for key in batches:
        enqueue("batches.run_batch", str(key))
    # One message for everything due, so that a slow mail server does not fill the broker.
    has_notifications = Notification.objects.due().exists()
    if has_notifications:
        enqueue("batches.deliver_due_notifications")
    has_calls = _has_contract_work()
    if has_calls:
        enqueue("batches.send_contract_calls")
    has_password_mails = PasswordMail.objects.due().exists()
    if has_password_mails:
        enqueue("batches.send_password_mails")
    return Swept(len(batches), has_notifications, has_calls, has_password_mails)


def _unpublished_batches() -> list[UUID]:
    """Due batches whose messages are missing, those sent longest ago first.

    In a backlog most old batches still have a message at the broker, and sending them again at
    every sweep would flood it. So only as many are sent as messages are missing. These may be
    others than the ones whose messages were lost; those follow at the latest when the backlog is
    gone. Batches with an expired lease, or past `RESEND_ANYWAY_AFTER`, are sent at once.
    """
    claimable = BatchOperation.objects.claimable()
    unpublished = claimable.filter(queued_at__lt=_resend_before()).order_by("queued_at")
    candidates = list(unpublished.values_list("pk", "status", "queued_at")[:MAX_AT_ONCE])
    if not candidates:
        return []
    at_broker = messages_waiting("batches")
    missing = MAX_AT_ONCE if at_broker is None else claimable.count() - at_broker
    resend_anyway = _resend_before(RESEND_ANYWAY_AFTER)
    return [
        key
        for place, (key, status, queued_at) in enumerate(candidates)
        if place < missing or status == Status.PROCESSING or queued_at < resend_anyway
    ]


def _mark_queued(key: UUID) -> bool:
    """Return True for one of several concurrent sweepers, which then sends."""
    row = BatchOperation.objects.filter(pk=key, queued_at__lt=_resend_before())
    return bool(row.update(queued_at=timezone.now()))


def _resend_before(times: int = 1) -> datetime:
    return timezone.now() - times * timedelta(seconds=settings.BATCH_TELL_AGAIN_SECONDS)


def _has_contract_work() -> bool:
    queued = ContentChange.objects.filter(chain_state="queued", contract_call=None)
    return queued.exists() or ContractCall.objects.due().exists()


def _prune_processed_messages() -> None:
    """Delete processed messages of the filesystem broker after an hour."""
    folder = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("processed_folder")
    if not folder:
        return
    oldest = time() - PROCESSED_KEPT_SECONDS
    for file in Path(folder).iterdir():
        try:
            if file.stat().st_mtime < oldest:
                file.unlink()
        except FileNotFoundError:
            pass  # another sweeper was faster
