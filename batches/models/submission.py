"""What somebody prepared at a form and may confirm once."""

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
        """Own ones; all of them for those who may see every batch."""
        if sees_all(user):
            return self
        return self.filter(by_id=user.pk)

    def confirmable(self) -> Self:
        return self.filter(state=Submission.State.DRAFT, expires_at__gt=timezone.now())


class Follows(models.TextChoices):
    """What a change is to an earlier one."""

    RETRY = "retry", "Tries again what failed"
    UNDO = "undo", "Puts back what was changed"


class Submission(models.Model):
    """A prepared change: frozen ids with their versions; confirming makes its batches."""

    class State(models.TextChoices):
        DRAFT = "draft", "Prepared"
        CONFIRMED = "confirmed", "Started"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=16, choices=Source)
    kind = models.CharField("operation", max_length=32)
    payload = models.JSONField(default=dict)
    content_ids = models.JSONField(default=list)
    # As long as content_ids; null where there is no such item.
    versions = models.JSONField(default=list)
    # As long as content_ids, or empty: see BatchOperation.item_payloads.
    item_payloads = models.JSONField(default=list)
    # As long as content_ids, or empty: the batch that each item's change follows upon.
    origins = models.JSONField(default=list)
    follows = models.CharField(max_length=8, choices=Follows, blank=True)
    # What its batches are to wait for, and when they are to be undone, as it was prepared: what
    # holds from the start on stands in their own rows.
    scheduled_for = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    # [batch id, one of Dependency.When] each.
    depends_on = models.JSONField(default=list)
    is_paused = models.BooleanField("held", default=False)
    # What any item that can't be changed does to the whole; one of batches.rules.ERROR_POLICIES.
    error_policy = models.CharField(max_length=16, default=SKIP_FAILED)
    state = models.CharField(max_length=16, choices=State, default=State.DRAFT)
    # Batches that have not ended yet; the one that brings it to 0 sends the mail.
    unfinished = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        count = len(self.content_ids)
        items = "1 item" if count == 1 else f"{count:,} items"
        undo = "Undo: " if self.follows == Follows.UNDO else ""
        return f"{undo}{kind_label(self.kind)}, {items}"
