"""A prepared change, which can be confirmed once."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from batches.models.access import sees_all
from batches.models.source import Source, kind_label
from batches.rules import SKIP_FAILED
from content.models import User


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: User) -> Self:
        """Return the user's own; all for staff who see every batch."""
        if sees_all(user):
            return self
        return self.filter(by_id=user.pk)

    def confirmable(self) -> Self:
        return self.filter(state=Submission.State.DRAFT, expires_at__gt=timezone.now())


class Follows(models.TextChoices):
    """How a change relates to an earlier one."""

    RETRY = "retry", "Retry of failed items"
    UNDO = "undo", "Undo of changes"


class Submission(models.Model):
    """A prepared change: frozen ids with versions; confirming it creates the batches."""

    class State(models.TextChoices):
        DRAFT = "draft", "Prepared"
        CONFIRMED = "confirmed", "Started"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=16, choices=Source)
    kind = models.CharField("operation", max_length=32)
    payload = models.JSONField(default=dict)
    content_ids = models.JSONField(default=list)
    # One entry per item; null if the item does not exist.
    versions = models.JSONField(default=list)
    # One entry per item, or empty: see BatchOperation.item_payloads.
    item_payloads = models.JSONField(default=list)
    # One entry per item, or empty: the batch that is retried or undone.
    origins = models.JSONField(default=list)
    follows = models.CharField(max_length=8, choices=Follows, blank=True)
    # The schedule as it was prepared: after the start, the batches' own rows count.
    scheduled_for = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    # [batch id, one of Dependency.When] each.
    depends_on = models.JSONField(default=list)
    is_paused = models.BooleanField("paused", default=False)
    # The policy for items that can't be changed; one of batches.rules.ERROR_POLICIES.
    error_policy = models.CharField(max_length=16, default=SKIP_FAILED)
    state = models.CharField(max_length=16, choices=State, default=State.DRAFT)
    # Batches that have not ended; the one that decrements it to 0 sends the mail.
    unfinished = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = "run"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        count = len(self.content_ids)
        items = "1 item" if count == 1 else f"{count:,} items"
        undo = "Undo: " if self.follows == Follows.UNDO else ""
        return f"{undo}{kind_label(self.kind)}, {items}"
