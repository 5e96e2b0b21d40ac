"""What a run waits for, retries or undoes: in words, with links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from batches.models import BatchOperation, Follows, Submission
from batches.operations import describe
from batches.services.pages.graph import (
    MOST_SHOWN,
    NOT_YOURS,
    Graph,
    GraphNode,
    originals_of,
    parents_of,
)
from batches.services.results.blockers import blockers
from batches.services.results.run import Run
from content.models import User
from content.words import moment_and_utc_words

PAUSED = "Paused until it is resumed."
FOLLOWS_WORDS = {
    Follows.RETRY: "Retries failed items of",
    Follows.UNDO: "Undoes",
}


@dataclass(frozen=True)
class Note:
    """A sentence: words, an optional link to a batch, and optional words after it."""

    words: str
    link: str = ""
    url: str = ""
    tail: str = ""


def url_of(batch: BatchOperation) -> str:
    return reverse("admin:batches_batchoperation_change", args=[batch.pk])


def notes_of_run(
    run: Run, graph: Graph, follow_ups: Sequence[BatchOperation], user: User
) -> list[Note]:
    """Return why it has not started, when it ends, and what it retries or undoes."""
    undone = {batch.undo_of_id for batch in run.batches}
    notes = [
        Note(FOLLOWS_WORDS[Follows.UNDO if one.pk in undone else Follows.RETRY], *_to(one))
        for one in originals_of(run.batches, user)
    ]
    notes += _times([batch.scheduled_for for batch in run.pending], "Starts")
    if run.is_paused:
        notes.append(Note(PAUSED))
    if run.pending:
        notes += [_waits_for(node) for node in graph.awaited]
    notes += _times([batch.until for batch in run.batches if not batch.is_finished], "Ends")
    keys = {batch.pk for batch in run.batches}
    for follower in follow_ups[:MOST_SHOWN]:
        by = "Undone by" if follower.undo_of_id in keys else "Retried by"
        words = ", ".join([follower.get_status_display().lower(), *blockers(follower)])
        notes.append(Note(by, *_to(follower), f"({words})"))
    return notes


def notes_of_draft(submission: Submission, user: User) -> list[Note]:
    """Return the same notes for a draft."""
    notes = []
    origins = list(dict.fromkeys(UUID(key) for key in submission.origins if key))
    if submission.follows:
        words = FOLLOWS_WORDS[Follows(submission.follows)]
        first = BatchOperation.objects.visible_to(user).filter(pk=origins[0]).first()
        notes.append(Note(words, *_to(first)) if first else Note(f"{words} {NOT_YOURS}"))
        if len(origins) > 1:
            more = "1 more batch" if len(origins) == 2 else f"{len(origins) - 1} more batches"
            notes.append(Note(f"And {more}."))
    notes += _times([submission.scheduled_for], "Starts")
    if submission.is_paused:
        notes.append(Note(PAUSED))
    notes += [_waits_for(node) for node in parents_of(submission, user)]
    return notes + _times([submission.until], "Ends")


def _times(moments: Sequence[datetime | None], word: str) -> list[Note]:
    """Return one sentence for all future times; none if there is no such time."""
    future = sorted({moment for moment in moments if moment and moment > timezone.now()})
    if not future:
        return []
    first = moment_and_utc_words(future[0])
    if len(future) == 1:
        return [Note(f"{word} {first}.")]
    return [Note(f"{word} at {len(future)} different times, first {first}.")]


def _waits_for(node: GraphNode) -> Note:
    if node.batch is None:
        return Note(f"Starts after {NOT_YOURS}, {node.when}.")
    return Note("Starts after", *_to(node.batch), f"– {node.when}.")


def _to(batch: BatchOperation) -> tuple[str, str]:
    return describe(batch), url_of(batch)
