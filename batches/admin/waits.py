"""What a batch, or a run of several, waits for and follows upon: in words, with links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from batches.models import BatchOperation, Dependency, Follows, Status, Submission
from batches.operations import describe
from batches.services.pages.graph import Graph, Node, follow_ups_of, originals_of, parents_of
from content.models import User
from content.words import moment_words, utc_words

HELD = "On hold until somebody lets it go on."
NOT_YOURS = "a batch that you may not see"
FOLLOWS_WORDS = {
    Follows.RETRY: "Tries again what failed of",
    Follows.UNDO: "Puts back what was changed by",
}


@dataclass(frozen=True)
class Note:
    """A sentence: words, perhaps the name of a batch that leads to its page, perhaps more words."""

    words: str
    link: str = ""
    url: str = ""
    tail: str = ""


@dataclass(frozen=True)
class GraphNode:
    """One batch as the graph shows it: its name, how it stands, and how the link asks it to end."""

    words: str
    status: str
    url: str = ""
    when: str = ""
    state: str = ""


def url_of(batch: BatchOperation) -> str:
    return reverse("admin:batches_batchoperation_change", args=[batch.pk])


def notes_of_batches(batches: Sequence[BatchOperation], graph: Graph, user: User) -> list[Note]:
    """Why they have not begun, when they are put back, and what they follow upon."""
    undone = {batch.undo_of_id for batch in batches}
    notes = [
        Note(FOLLOWS_WORDS[Follows.UNDO if one.pk in undone else Follows.RETRY], *_to(one))
        for one in originals_of(batches, user)
    ]
    waiting = [batch for batch in batches if batch.status == Status.PENDING]
    notes += _times([batch.scheduled_for for batch in waiting], "Starts")
    if any(batch.is_paused for batch in waiting):
        notes.append(Note(HELD))
    if waiting:
        notes += [_waits_for(node) for node in graph.awaited]
    notes += _times([batch.until for batch in batches if not batch.is_finished], "Put back")
    keys = {batch.pk for batch in batches}
    for follower in follow_ups_of(batches, user):
        by = "Undone by" if follower.undo_of_id in keys else "Tried again by"
        status = follower.get_status_display().lower()
        notes.append(Note(by, *_to(follower), f"({status}{_begins(follower)})"))
    return notes


def notes_of_draft(submission: Submission, user: User) -> list[Note]:
    """The same of what is only prepared."""
    notes = []
    origins = list(dict.fromkeys(UUID(key) for key in submission.origins if key))
    if submission.follows:
        words = FOLLOWS_WORDS[Follows(submission.follows)]
        first = BatchOperation.objects.visible_to(user).filter(pk=origins[0]).first()
        notes.append(Note(words, *_to(first)) if first else Note(f"{words} {NOT_YOURS}"))
        if len(origins) > 1:
            more = "1 more batch" if len(origins) == 2 else f"{len(origins) - 1} more batches"
            notes.append(Note(f"And of {more}."))
    notes += _times([submission.scheduled_for], "Starts")
    if submission.is_paused:
        notes.append(Note(HELD))
    notes += [_waits_for(node) for node in parents_of(submission, user)]
    return notes + _times([submission.until], "Put back")


def when_words(batch: BatchOperation) -> str:
    """For lists: what a batch that has not begun waits for; empty for any other."""
    if batch.status != Status.PENDING:
        return ""
    words = []
    if batch.scheduled_for is not None and batch.scheduled_for > timezone.now():
        words.append(moment_and_utc_words(batch.scheduled_for))
    if batch.is_paused:
        words.append("on hold")
    if batch.waits_for:
        others = "another batch" if batch.waits_for == 1 else f"{batch.waits_for} batches"
        words.append(f"after {others}")
    found = ", ".join(words)
    return f"{found[:1].upper()}{found[1:]}"


def graph_nodes(nodes: Sequence[Node]) -> list[GraphNode]:
    """One side of the graph."""
    states = dict(Dependency.State.choices)
    return [
        GraphNode(
            describe(node.batch) if node.batch else NOT_YOURS,
            node.batch.get_status_display() if node.batch else "",
            url_of(node.batch) if node.batch else "",
            node.when,
            "" if _is_over(node) else str(states.get(node.state, node.state)),
        )
        for node in nodes
    ]


def _is_over(node: Node) -> bool:
    """What was cancelled while it waited waits no more, though its link was never settled."""
    waits = node.state == Dependency.State.WAITING
    return waits and node.batch is not None and node.batch.is_finished


def _times(moments: Sequence[datetime | None], word: str) -> list[Note]:
    """One sentence for all; of what is past already none."""
    coming = sorted({moment for moment in moments if moment and moment > timezone.now()})
    if not coming:
        return []
    first = moment_and_utc_words(coming[0])
    if len(coming) == 1:
        return [Note(f"{word} {first}.")]
    return [Note(f"{word} at {len(coming)} different times, first {first}.")]


def _waits_for(node: Node) -> Note:
    if node.batch is None:
        return Note(f"Starts after {NOT_YOURS}, {node.when}.")
    return Note("Starts after", *_to(node.batch), f"– {node.when}.")


def _to(batch: BatchOperation) -> tuple[str, str]:
    return describe(batch), url_of(batch)


def _begins(batch: BatchOperation) -> str:
    words = when_words(batch)
    return f", {words[:1].lower()}{words[1:]}" if words else ""


def moment_and_utc_words(moment: datetime) -> str:
    """`24 Nov 2026, 01:15 CET (00:15 UTC)`."""
    beside = utc_words(moment)
    return f"{moment_words(moment)} ({beside})" if beside else moment_words(moment)
