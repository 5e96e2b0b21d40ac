"""What keeps batches from starting, in words, for every door."""

from datetime import datetime

from django.utils import timezone

from batches.models import BatchOperation
from batches.services.results.run import Run
from content.words import moment_and_utc_words


def blockers(batch: BatchOperation) -> list[str]:
    """`starts 24 Dec 2026, 18:00 CET (17:00 UTC)`, `paused`, `waits for 2 batches`; [] for none."""
    if not batch.is_blocked:
        return []
    if batch.scheduled_for and is_ahead(batch.scheduled_for):
        return [f"starts {moment_and_utc_words(batch.scheduled_for)}", *conditions(batch)]
    return conditions(batch)


def conditions(batch: BatchOperation) -> list[str]:
    """The same without the time: `paused`, `waits for 2 batches`."""
    words = []
    if batch.is_paused:
        words.append("paused")
    if batch.waits_for:
        others = "another batch" if batch.waits_for == 1 else f"{batch.waits_for} batches"
        words.append(f"waits for {others}")
    return words


def blocker_label(run: Run) -> str:
    """`Paused`, `Waits for others`, `Scheduled` or `Waiting`, for all that has not started."""
    if not run.is_blocked:
        return "Waiting"
    if run.is_paused:
        return "Paused"
    return "Waits for others" if any(batch.waits_for for batch in run.pending) else "Scheduled"


def next_words(run: Run) -> str:
    """Return what happens next: `It now starts 24 Dec 2026, 18:00 CET (17:00 UTC), paused.`

    For several batches it describes the first that still waits.
    """
    words = next((found for batch in run.pending if (found := blockers(batch))), [])
    if words:
        return f"It now {'is ' if words[0] == 'paused' else ''}{', '.join(words)}."
    return "It starts as soon as a worker is free."


def is_ahead(moment: datetime | None) -> bool:
    return moment is not None and moment > timezone.now()
