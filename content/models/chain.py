"""Contract calls, and the sandbox's ledger."""

from typing import Self

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from content.models.lease import LeasedQuerySet


class ContractCallQuerySet(LeasedQuerySet["ContractCall"]):
    def open(self) -> Self:
        """Calls whose result is not known yet."""
        return self.filter(state__in=sorted(ContractCall.OPEN))


class ContractCall(models.Model):
    """One transaction for up to 100 queued changes; stored before it is sent."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RETRYING = "retrying", "Retrying"
        BROADCAST = "broadcast", "Sent"
        CONFIRMED = "confirmed", "Confirmed"
        FAILED = "failed", "Failed"

    OPEN = frozenset({State.QUEUED, State.RETRYING, State.BROADCAST})

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    client = models.CharField(max_length=16)
    function = models.CharField(max_length=64)
    # One object per item, in the order of the contract's answers.
    arguments = models.JSONField(default=list)
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    tx_id = models.CharField("transaction", max_length=66, blank=True)
    error = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # When it is sent or queried next; a worker first moves this ahead, as its lease.
    due_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ContractCallQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "due_at"], name="content_contractcall_due")]

    def __str__(self) -> str:
        return f"{self.function} with {len(self.arguments)} items"


class SandboxTransaction(models.Model):
    """The sandbox's ledger: one row per executed call."""

    tx_id = models.CharField("transaction", primary_key=True, max_length=66, db_column="_id")
    function = models.CharField(max_length=64)
    arguments = models.JSONField(default=list)
    # One per item: {"ok": true} or {"error": message}.
    responses = models.JSONField(default=list)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.tx_id
