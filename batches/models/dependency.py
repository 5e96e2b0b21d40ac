"""Dependencies: the batches that a batch waits for, and the required outcome."""

from typing import Self

from django.db import models
from uuid_utils.compat import uuid7

from batches.models.batch import FINISHED, BatchOperation, Status


class DependencyQuerySet(models.QuerySet["Dependency"]):
    def waiting(self) -> Self:
        return self.filter(state=Dependency.State.WAITING)

    def to_settle(self) -> Self:
        """Links whose parent has ended but which are not settled yet."""
        return self.waiting().filter(parent__status__in=sorted(FINISHED))


class Dependency(models.Model):
    """One link: `batch` starts only after `parent` has ended with the required outcome."""

    class When(models.TextChoices):
        SUCCESS = "on-success", "when all its items are saved"
        COMPLETION = "on-completion", "when it is done, even if items failed"
        ALWAYS = "always", "when it has ended, whatever the outcome"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        MET = "met", "Met"
        BROKEN = "broken", "Can't be met"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    batch = models.ForeignKey(
        BatchOperation, on_delete=models.CASCADE, related_name="dependencies", db_index=False
    )
    # Deleting the parent alone would leave the batch waiting forever; both may be deleted together.
    parent = models.ForeignKey(
        BatchOperation, on_delete=models.RESTRICT, related_name="dependents", db_index=False
    )
    when = models.CharField(max_length=16, choices=When, default=When.COMPLETION)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)

    objects = DependencyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(fields=["batch", "parent"], name="batches_dependency_once"),
        ]
        indexes = [
            # The dependents of a batch that ends.
            models.Index(fields=["parent", "state"], name="batches_dependency_parent"),
            # The sweeper.
            models.Index(fields=["state"], name="batches_dependency_state"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.when} of {self.parent_id}"

    @property
    def is_met(self) -> bool:
        """True if the parent's outcome satisfies the link. Only for an ended parent."""
        parent = self.parent
        if self.when == self.When.ALWAYS:
            return True
        is_done = parent.status == Status.COMPLETED
        return is_done and (self.when == self.When.COMPLETION or not parent.failure_count)
