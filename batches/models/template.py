"""A change that is kept, to be run again: by hand, or by itself at a time on the wall."""

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
        """Everything for staff who may view batches, else what concerns the own wallets."""
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
    # Whose right each run needs. Whoever only edited it must not take it away by leaving.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField("operation", max_length=32)
    payload = models.JSONField(default=dict)
    # One of the two says which items: ids, or a filter as the API takes it, asked at each run.
    content_ids = models.JSONField(default=list)
    filter = models.JSONField(null=True)
    error_policy = models.CharField(max_length=16, default=SKIP_FAILED)

    repeat = models.CharField(max_length=16, choices=Repeat, default=Repeat.NEVER)
    time_zone = models.CharField(max_length=64, default="UTC")
    # Wall-clock times there, as recurrence.WALL_FORMAT; empty where it only runs by hand.
    first_slot = models.CharField(max_length=16, blank=True)
    next_slot = models.CharField(max_length=16, blank=True)
    # When next_slot is; null where none is to come.
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
            # What the sweeper asks for.
            models.Index(fields=["next_run_at"], name="batches_template_due"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def first(self) -> datetime | None:
        """The wall-clock time of the first slot; None where it only runs by hand."""
        return recurrence.parse_wall(self.first_slot or None)

    @property
    def description(self) -> str:
        return f"{self.name} ({kind_label(self.kind)})"


class TemplateRun(models.Model):
    """What became of one slot, or of one run by hand. Each slot has one row at most."""

    class State(models.TextChoices):
        DUE = "due", "About to start"
        STARTED = "started", "Started"
        MISSED = "missed", "Missed"
        REFUSED = "refused", "Not started"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    template = models.ForeignKey(
        Template, on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    # When it was to be, in UTC, so that a template whose zone was changed may well have two at one
    # time on the wall; or a word of its own for a run by hand.
    slot = models.CharField(max_length=48)
    # When it was to be, and when it was dealt with.
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
    def is_by_hand(self) -> bool:
        return self.slot.startswith("by-hand")
