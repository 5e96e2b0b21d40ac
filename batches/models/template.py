"""A saved change, run on demand or on a schedule in a named time zone."""

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from batches import recurrence
from batches.models.access import sees_all
from batches.models.source import kind_label
from batches.models.submission import Submission
from batches.rules import SKIP_FAILED
from content.models import User, Wallet


class TemplateQuerySet(models.QuerySet["Template"]):
    def visible_to(self, user: User) -> Self:
        """Return all templates for staff who may view batches, else those of the user's wallets."""
        if sees_all(user):
            return self
        addresses = Wallet.objects.owned_by(user).values_list("address", flat=True)
        return self.filter(creator_id__in=list(addresses))

    def by_creator(self, *addresses: str) -> Self:
        return self.filter(creator_id__in=addresses)

    def due(self) -> Self:
        return self.filter(is_paused=False, next_run_at__lte=timezone.now())


class Template(models.Model):
    """An operation, a selection among one creator's items, and when it runs."""

    class Repeat(models.TextChoices):
        NEVER = recurrence.NEVER, "Never"
        DAILY = recurrence.DAILY, "Every day"
        WEEKLY = recurrence.WEEKLY, "Every week"
        MONTHLY = recurrence.MONTHLY, "Every month"
        QUARTERLY = recurrence.QUARTERLY, "Every three months"
        YEARLY = recurrence.YEARLY, "Every year"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    name = models.CharField(max_length=100, validators=[MinLengthValidator(1)])
    creator = models.ForeignKey(
        Wallet, on_delete=models.CASCADE, related_name="templates", db_index=False
    )
    # Each run uses this user's permissions.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField("operation", max_length=32)
    payload = models.JSONField(default=dict)
    # One of the two selects the items: ids, or a filter of the API, evaluated at each run.
    content_ids = models.JSONField(default=list)
    filter = models.JSONField(null=True)
    error_policy = models.CharField(max_length=16, default=SKIP_FAILED)

    repeat = models.CharField(max_length=16, choices=Repeat, default=Repeat.NEVER)
    time_zone = models.CharField(max_length=64, default="UTC")
    # Local times, in recurrence.LOCAL_FORMAT; empty if it only runs on demand.
    first_slot = models.CharField(max_length=16, blank=True)
    next_slot = models.CharField(max_length=16, blank=True)
    # The instant of next_slot; null if there is none.
    next_run_at = models.DateTimeField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    is_paused = models.BooleanField("paused", default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["creator", "name"], name="batches_template_of_creator"),
            # The sweeper.
            models.Index(fields=["next_run_at"], name="batches_template_due"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def first(self) -> datetime | None:
        """The local time of the first slot; None if it only runs on demand."""
        return recurrence.parse_local_time(self.first_slot or None)

    @property
    def description(self) -> str:
        return f"{self.name} ({kind_label(self.kind)})"


class TemplateRun(models.Model):
    """The result of one slot, or of one manual run. Each slot has at most one row."""

    class State(models.TextChoices):
        DUE = "due", "About to start"
        STARTED = "started", "Started"
        MISSED = "missed", "Missed"
        REFUSED = "refused", "Not started"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    template = models.ForeignKey(
        Template, on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    # The slot's instant in UTC, since a template whose zone changed may have two slots at the same
    # local time; or a unique text for a manual run.
    slot = models.CharField(max_length=48)
    # When it was due, and when it was processed.
    due_at = models.DateTimeField()
    at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=16, choices=State, default=State.DUE)
    words = models.CharField(max_length=300, blank=True)
    submission = models.ForeignKey(
        Submission, null=True, on_delete=models.SET_NULL, related_name="template_runs"
    )

    class Meta:
        ordering = ["-due_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["template", "slot"], name="batches_template_slot_once"),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="batches_template_run_due")]

    def __str__(self) -> str:
        return f"{self.template_id} at {self.slot}"

    @property
    def is_manual(self) -> bool:
        return self.slot.startswith("by-hand")
