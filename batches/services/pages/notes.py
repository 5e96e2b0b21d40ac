"""What a run or a draft waits for, retries and undoes, and when it ends, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from batches.models import BatchOperation, Follows, Status, Submission
from batches.services.pages.graph import MAX_SHOWN, NOT_YOURS, Graph, GraphNode, parents_of
from batches.services.results.blockers import blockers, is_ahead
from batches.services.results.run import Run
from content.models import User
from content.words import moment_and_utc_words

PAUSED = "Paused until it is resumed."
RESTORED = "Previous prices are restored"
FOLLOWS_WORDS = {Follows.RETRY: "Retries failed items of", Follows.UNDO: "Undoes"}


@dataclass(frozen=True)
class Note:
    """A sentence: words, an optional batch that the door links to, and the rest of it."""

    words: str
    batch: BatchOperation | None = None
    tail: str = ""


def start_notes(run: Run, graph: Graph) -> list[Note]:
    """Return why pending batches have not started, and when the change ends."""
    notes = []
    if paused := sum(batch.is_paused for batch in run.pending):
        some = f"{paused:,} of {len(run.pending):,} pending batches are paused until resumed."
        notes.append(Note(PAUSED if paused == len(run.pending) else some))
    times = [batch.scheduled_for for batch in run.pending]
    notes += _times(times, _start_word(bool(paused)))
    if run.pending:
        notes += [_waits_for(node) for node in graph.awaited]
        notes = notes or [Note("Starts as soon as a worker is free.")]
    return notes + _times((batch.until for batch in run.batches if not batch.is_finished), RESTORED)


def related_notes(
    run: Run, originals: Sequence[BatchOperation], follow_ups: Sequence[BatchOperation]
) -> list[Note]:
    """Return what the batches retry or undo, and what retries or undoes them."""
    undone = {batch.undo_of_id for batch in run.batches}
    keys = {batch.pk for batch in run.batches}
    return [
        Note(FOLLOWS_WORDS[Follows.UNDO if one.pk in undone else Follows.RETRY], one)
        for one in originals
    ] + [
        _followed_by(follower, "undone" if follower.undo_of_id in keys else "retried")
        for follower in follow_ups[:MAX_SHOWN]
    ]


def draft_notes(submission: Submission, user: User) -> list[Note]:
    """Return when a draft would start and end, and what it retries or undoes."""
    notes = [Note(PAUSED)] if submission.is_paused else []
    notes += _times([submission.scheduled_for], _start_word(submission.is_paused))
    notes += [_waits_for(node) for node in parents_of(submission, user)]
    notes = notes or [Note("Starts as soon as it is confirmed.")]
    notes += _times([submission.until], RESTORED)
    if submission.until:
        notes.append(Note("Items changed before then stay as they are."))
    return _origins(submission, user) + notes


def _origins(submission: Submission, user: User) -> list[Note]:
    if not submission.follows:
        return []
    words = FOLLOWS_WORDS[Follows(submission.follows)]
    origins = list(dict.fromkeys(UUID(key) for key in submission.origins if key))
    first = BatchOperation.objects.visible_to(user).filter(pk=origins[0]).first()
    more = len(origins) - 1
    tail = f" and {more:,} more batch{'' if more == 1 else 'es'}" if more else ""
    return [Note(words, first, tail) if first else Note(f"{words} {NOT_YOURS}{tail}")]


def _start_word(is_paused: bool) -> str:
    return "Scheduled for" if is_paused else "Starts"


def _followed_by(follower: BatchOperation, verb: str) -> Note:
    if not follower.is_finished:
        reasons = "".join(f", {words}" for words in blockers(follower))
        return Note(f"Will be {verb} by", follower, reasons)
    saved = f", {follower.success_count:,} of {follower.total_items:,} saved"
    status = "" if follower.status == Status.COMPLETED else f", {follower.get_status_display()}"
    return Note(f"{verb.capitalize()} by", follower, status.lower() + saved)


def _times(moments: Iterable[datetime | None], word: str) -> list[Note]:
    """Return one sentence for all future times; none if there is no such time."""
    future = sorted({moment for moment in moments if moment and is_ahead(moment)})
    if not future:
        return []
    first = moment_and_utc_words(future[0])
    if len(future) == 1:
        return [Note(f"{word} {first}.")]
    return [Note(f"{word} {len(future)} different times, the first {first}.")]


def _waits_for(node: GraphNode) -> Note:
    if node.batch is None:
        return Note(f"Starts after {NOT_YOURS}, {node.when}.")
    return Note("Starts after", node.batch, f", {node.when}.")
