"""The result of one item, written in the same transaction as its effect."""

from collections.abc import Sequence
from datetime import date
from typing import Self

from django.db import models
from uuid_utils.compat import uuid7

from batches.models.batch import BatchOperation
from content.models import ContentChange


class BatchItemQuerySet(models.QuerySet["BatchItem"]):
    def of(self, batches: Sequence[BatchOperation]) -> Self:
        return self.filter(batch_id__in=[batch.pk for batch in batches])

    def matching(self, *, outcome: str = "", code: str = "") -> Self:
        """Results with this outcome and this code; empty strings match any."""
        wanted = {"outcome": outcome, "code": code}
        return self.filter(**{name: value for name, value in wanted.items() if value})

    def with_changes(self) -> Self:
        """Join the change and its contract call."""
        # The arguments of a call are as long as a batch and would be read for each item.
        return self.select_related("change__contract_call").defer(
            "change__contract_call__arguments"
        )

    def failures_first(self) -> Self:
        """`failed` comes first in the alphabet of outcomes; then in the order of the requests."""
        return self.order_by("outcome", "batch_id", "position")

    def failed_on(self, day: date) -> Self:
        """Failed items of batches that ended on that day in the viewer's time zone."""
        # Keys instead of a join: MongoDB would scan all items.
        batches = BatchOperation.objects.ended_on(day).with_failures()
        keys = list(batches.order_by().values_list("pk", flat=True))
        return self.filter(outcome=BatchItem.Outcome.FAILED, batch_id__in=keys)


class BatchItem(models.Model):
    """Exists exactly if the item's effect does. Messages are built from code and parameters."""

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", "Saved"
        UNCHANGED = "unchanged", "Unchanged"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    batch = models.ForeignKey(
        BatchOperation, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    position = models.PositiveIntegerField()
    # Not a foreign key: an unknown id has a result too.
    content_id = models.CharField("id", max_length=64)
    outcome = models.CharField(max_length=16, choices=Outcome)
    code = models.CharField(max_length=32, blank=True)
    parameters = models.JSONField(default=dict)
    change = models.ForeignKey(
        ContentChange, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    objects = BatchItemQuerySet.as_manager()

    class Meta:
        verbose_name = "result"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "content_id"], name="batches_item_once"),
        ]

    def __str__(self) -> str:
        return f"{self.content_id}: {self.outcome}"
