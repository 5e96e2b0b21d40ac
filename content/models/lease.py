"""Rows that one worker at a time processes: leased before, and retried with growing delays."""

from datetime import datetime, timedelta
from typing import Self, TypeVar

from django.db import models
from django.utils import timezone

Row = TypeVar("Row", bound=models.Model)


class LeasedQuerySet(models.QuerySet[Row]):
    """For models with `due_at`, the time at which a row is processed next."""

    def open(self) -> Self:
        """Rows that are not finished."""
        return self.all()

    def due(self) -> Self:
        """Open rows that are due and not leased."""
        return self.open().filter(due_at__lte=timezone.now())

    def lease(self, duration: timedelta) -> datetime | None:
        """Lease a due row: move `due_at` to the end of the lease, and return it.

        None if the row is not due, or another worker was faster. A worker that is killed leaves the
        row to others after `duration`.
        """
        until = timezone.now() + duration
        return until if self.due().update(due_at=until) else None


def back_off(attempts: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """Return the delay after this number of attempts: `first`, then doubled up to `longest`."""
    return min(first * (1 << min(attempts, 32)), longest)
