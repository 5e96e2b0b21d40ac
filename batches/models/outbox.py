"""Outbox of mails: rows written in the transaction they report, sent afterwards."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from batches.models.batch import BatchOperation
from batches.models.submission import Submission
from content.models import Wallet
from content.models.lease import LeasedQuerySet

# A mail that is due goes out within seconds.
OVERDUE_AFTER = timedelta(minutes=5)


class NotificationQuerySet(LeasedQuerySet["Notification"]):
    def open(self) -> Self:
        return self.filter(state=Notification.State.WAITING)

    def overdue(self) -> Self:
        """Overdue: no worker or no mail server is running."""
        late = timezone.now() - OVERDUE_AFTER
        return self.open().filter(due_at__lt=late)


class Notification(models.Model):
    """One digest to one creator: about a batch, or about the creator's items in a submission."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Not sent"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="+", db_index=False)
    batch = models.ForeignKey(
        BatchOperation, null=True, on_delete=models.CASCADE, related_name="notifications"
    )
    submission = models.ForeignKey(
        Submission, null=True, on_delete=models.CASCADE, related_name="notifications"
    )
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    # When it is sent next; the sender first moves this ahead, as its lease.
    due_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "due_at"], name="batches_notification_due")]

    def __str__(self) -> str:
        return f"Mail to {self.wallet_id}"
