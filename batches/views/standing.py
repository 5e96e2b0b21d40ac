"""How far something has come, for pages that move by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from batches.models import Status
from batches.services.mail.outbox import outcome_words
from batches.services.results.progress import Progress
from batches.services.results.results import chain_counts
from content.models import ContentChange

ChainState = ContentChange.ChainState
# In the order in which they are told.
STATES = (
    ChainState.FAILED,
    ChainState.RETRYING,
    ChainState.QUEUED,
    ChainState.BROADCAST,
    ChainState.INCLUDED,
    ChainState.CONFIRMED,
    ChainState.NOT_ATTEMPTED,
)
OPEN_STATES = frozenset(
    {ChainState.QUEUED, ChainState.RETRYING, ChainState.BROADCAST, ChainState.INCLUDED}
)
# The chain may take its time; a page stops asking about it so long after the end.
WATCH_CHAIN_FOR = timedelta(minutes=1)
STOP_POLLING = 286  # htmx leaves off when it reads this status
NOTHING_NEW = 204  # htmx leaves the page as it is


@dataclass(frozen=True)
class Standing:
    """The progress of one or several batches with their two labels, Saved and On chain."""

    progress: Progress
    chain: Mapping[str, int]

    @property
    def is_moving(self) -> bool:
        """Something may still change before the reader's eyes."""
        return not self.progress.is_finished or (self.is_chain_open and self._ended_lately)

    @property
    def is_blocked(self) -> bool:
        """All that is left waits for a time, a person or another batch: hardly anything moves."""
        unfinished = [batch for batch in self.progress.batches if not batch.is_finished]
        return bool(unfinished) and all(batch.is_blocked for batch in unfinished)

    @property
    def is_chain_open(self) -> bool:
        return any(self.chain.get(state) for state in OPEN_STATES)

    @property
    def _ended_lately(self) -> bool:
        ends = [batch.completed_at for batch in self.progress.batches if batch.completed_at]
        return bool(ends) and timezone.now() - max(ends) < WATCH_CHAIN_FOR

    @property
    def errors(self) -> list[str]:
        return list(dict.fromkeys(batch.error for batch in self.progress.batches if batch.error))

    @property
    def words(self) -> str:
        """`12 of 40 done`, then `3 of 40 failed`."""
        progress = self.progress
        if not progress.is_finished:
            has_begun = any(batch.status != Status.PENDING for batch in progress.batches)
            return f"{progress.done:,} of {progress.total:,} done" if has_begun else self._wait
        words = outcome_words(progress)
        return words[:1].upper() + words[1:]

    @property
    def _wait(self) -> str:
        batches = self.progress.batches
        if not self.is_blocked:
            return "Waiting"
        if any(batch.is_paused for batch in batches):
            return "On hold"
        return "Waits for others" if any(batch.waits_for for batch in batches) else "Scheduled"

    @property
    def tone(self) -> str:
        progress = self.progress
        if not progress.is_finished:
            return "waiting"
        if progress.done < progress.total and not progress.failed:
            return "quiet" if not self.errors else "bad"
        if progress.failed or self.errors:
            return "mixed" if progress.succeeded else "bad"
        return "good"

    @property
    def chain_parts(self) -> list[tuple[str, str, int]]:
        """(state, words, how many items), the ones that need attention first."""
        return [
            (state.value, str(state.label), self.chain[state])
            for state in STATES
            if self.chain.get(state)
        ]

    @property
    def fingerprint(self) -> str:
        """Differs whenever the page would."""
        # The time alone makes one of them held no more.
        batches = [(batch.etag, batch.is_blocked) for batch in self.progress.batches]
        return f"{crc32(repr((batches, sorted(self.chain.items()))).encode()):x}"


def standing_of(progress: Progress) -> Standing:
    return Standing(progress, chain_counts(*progress.batches))


def nothing_new(request: HttpRequest, standing: Standing) -> bool:
    """A page that asks again shows all that there is already."""
    is_poll = bool(getattr(request, "htmx", False)) and standing.is_moving
    return is_poll and request.GET.get("seen") == standing.fingerprint


def answer_poll(
    request: HttpRequest, standing: Standing, *, page: str, partial: str, context: dict[str, Any]
) -> HttpResponse:
    """The whole page for a visitor; for htmx what changed, nothing new, or the end."""
    if not getattr(request, "htmx", False):
        return render(request, page, context)
    if nothing_new(request, standing):
        return HttpResponse(status=NOTHING_NEW)
    status = 200 if standing.is_moving else STOP_POLLING
    return render(request, partial, context | {"is_poll": True}, status=status)
