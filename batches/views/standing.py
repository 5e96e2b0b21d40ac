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
from batches.services.results.blockers import blocker_label
from batches.services.results.results import chain_counts
from batches.services.results.run import Run
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
# The chain may take its time; a page stops asking about it so long after the end.
WATCH_CHAIN_FOR = timedelta(minutes=1)
STOP_POLLING = 286  # htmx leaves off when it reads this status
NOTHING_NEW = 204  # htmx leaves the page as it is


@dataclass(frozen=True)
class Standing:
    """The progress of one or several batches with their two labels, Saved and On chain."""

    run: Run
    chain: Mapping[str, int]

    @property
    def is_moving(self) -> bool:
        """Something may still change before the reader's eyes."""
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
            has_begun = any(batch.status != Status.PENDING for batch in run.batches)
            return f"{run.done:,} of {run.total:,} done" if has_begun else blocker_label(run)
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
        batches = [(batch.etag, batch.is_blocked) for batch in self.run.batches]
        return f"{crc32(repr((batches, sorted(self.chain.items()))).encode()):x}"


def standing_of(run: Run) -> Standing:
    return Standing(run, chain_counts(*run.batches))


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
