"""Heartbeat of the workers, for the pages' banner and `/readyz`."""

from datetime import datetime, timedelta

from django.utils import timezone

from batches.models import Heartbeat

WORKER_SILENT_AFTER = timedelta(minutes=2)


def beat() -> None:
    """Record that a worker is alive."""
    now = timezone.now()
    if not Heartbeat.objects.filter(name="worker").update(at=now):
        Heartbeat.objects.update_or_create(name="worker", defaults={"at": now})


def worker_seen_at() -> datetime | None:
    """Return when a worker was last seen; None if never."""
    return Heartbeat.objects.filter(name="worker").values_list("at", flat=True).first()


def worker_is_silent() -> bool:
    """Return True if no worker was seen for two minutes."""
    return is_silent(worker_seen_at())


def is_silent(seen_at: datetime | None) -> bool:
    """Return True if a worker last seen then counts as gone."""
    return seen_at is None or seen_at <= timezone.now() - WORKER_SILENT_AFTER
