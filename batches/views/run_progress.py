"""The progress of a run, for pages that poll."""

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
from batches.services.results.blockers import blocker_label
from batches.services.results.results import chain_counts
from batches.services.results.run import Run
from content.models import ContentChange

ChainState = ContentChange.ChainState
# In the order of display.
STATES = (
    ChainState.FAILED,
    ChainState.RETRYING,
    ChainState.QUEUED,
    ChainState.BROADCAST,
    ChainState.INCLUDED,
    ChainState.CONFIRMED,
    ChainState.NOT_ATTEMPTED,
)
# The chain can take long, so a page stops polling this long after the end of the run.
WATCH_CHAIN_FOR = timedelta(minutes=1)
STOP_POLLING = 286  # htmx stops polling at this status
NO_CONTENT = 204  # htmx keeps the page unchanged


@dataclass(frozen=True)
class Progress:
    """The progress of a run: saved items and states on the chain."""

    run: Run
    chain: Mapping[str, int]

    @property
    def is_moving(self) -> bool:
        """True while the page should poll."""
        return not self.run.is_finished or (self.is_chain_open and self._ended_lately)

    @property
    def is_chain_open(self) -> bool:
        return any(self.chain.get(state) for state in ContentChange.OPEN_STATES)

    @property
    def _ended_lately(self) -> bool:
        ends = [batch.completed_at for batch in self.run.batches if batch.completed_at]
        return bool(ends) and timezone.now() - max(ends) < WATCH_CHAIN_FOR

    @property
    def errors(self) -> list[str]:
        return list(dict.fromkeys(batch.error for batch in self.run.batches if batch.error))

    @property
    def words(self) -> str:
        """`12 of 40 done`, then `3 of 40 failed`."""
        run = self.run
        if not run.is_finished:
            has_started = any(batch.status != Status.PENDING for batch in run.batches)
            return f"{run.done:,} of {run.total:,} done" if has_started else blocker_label(run)
        words = outcome_words(run)
        return words[:1].upper() + words[1:]

    @property
    def tone(self) -> str:
        run = self.run
        if not run.is_finished:
            return "waiting"
        if run.done < run.total and not run.failed:
            return "quiet" if not self.errors else "bad"
        if run.failed or self.errors:
            return "mixed" if run.succeeded else "bad"
        return "good"

    @property
    def chain_parts(self) -> list[tuple[str, str, int]]:
        """(state, words, number of items), the states that need attention first."""
        return [
            (state.value, str(state.label), self.chain[state])
            for state in STATES
            if self.chain.get(state)
        ]

    @property
    def fingerprint(self) -> str:
        """Changes whenever the page changes."""
        # A batch becomes unblocked when its time comes, with the same etag.
        batches = [(batch.etag, batch.is_blocked) for batch in self.run.batches]
        return f"{crc32(repr((batches, sorted(self.chain.items()))).encode()):x}"


def progress_of(run: Run) -> Progress:
    return Progress(run, chain_counts(*run.batches))


def is_up_to_date(request: HttpRequest, progress: Progress) -> bool:
    """True if a polling page already shows the current progress."""
    is_poll = bool(getattr(request, "htmx", False)) and progress.is_moving
    return is_poll and request.GET.get("seen") == progress.fingerprint


def answer_poll(
    request: HttpRequest, progress: Progress, *, page: str, partial: str, context: dict[str, Any]
) -> HttpResponse:
    """Render the whole page, or for htmx the changed part, 204 or the end of polling."""
    if not getattr(request, "htmx", False):
        return render(request, page, context)
    if is_up_to_date(request, progress):
        return HttpResponse(status=NO_CONTENT)
    status = 200 if progress.is_moving else STOP_POLLING
    return render(request, partial, context | {"is_poll": True}, status=status)
