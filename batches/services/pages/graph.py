"""The dependency graph around batches, and their retries and undos, as far as a user may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from batches.models import BatchOperation, Dependency, Submission, sees_all
from batches.models.batch import BatchQuerySet
from batches.operations import describe
from content.models import User

MAX_SHOWN = 50
NOT_YOURS = "a batch that you may not see"


@dataclass(frozen=True)
class GraphNode:
    """A neighbour in the graph; `batch` is None if the user may not see it."""

    batch: BatchOperation | None
    # The required outcome, in words.
    when: str
    state: str = Dependency.State.WAITING

    @property
    def words(self) -> str:
        return describe(self.batch) if self.batch else NOT_YOURS

    @property
    def state_label(self) -> str:
        """Empty for a batch that was cancelled while it waited: its link is never settled."""
        is_waiting = self.state == Dependency.State.WAITING
        is_over = is_waiting and self.batch is not None and self.batch.is_finished
        return "" if is_over else str(Dependency.State(self.state).label)


@dataclass(frozen=True)
class Graph:
    """What batches wait for, and what waits for them."""

    parents: Sequence[GraphNode]
    dependents: Sequence[GraphNode]

    def __bool__(self) -> bool:
        return bool(self.parents or self.dependents)

    @property
    def awaited(self) -> list[GraphNode]:
        """The parents that are still awaited."""
        return [node for node in self.parents if node.state == Dependency.State.WAITING]


def graph_of(batches: Sequence[BatchOperation], user: User | None) -> Graph:
    """The direct parents and dependents; two queries for any number of batches.

    Without a user, as on the command line, everything is visible, here and below.
    """
    keys = [batch.pk for batch in batches]
    links = Dependency.objects.order_by("id")
    above = links.filter(batch_id__in=keys).select_related("parent__creator")
    below = links.filter(parent_id__in=keys).select_related("batch__creator")
    return Graph(
        _nodes(((link.parent, link) for link in above[: MAX_SHOWN * 10]), user),
        _nodes(((link.batch, link) for link in below[: MAX_SHOWN * 10]), user),
    )


def parents_of(submission: Submission, user: User) -> list[GraphNode]:
    """The batches that its batches will wait for."""
    links = [(UUID(key), when) for key, when in submission.depends_on]
    if not links:
        return []
    seen = BatchOperation.objects.visible_to(user).in_bulk([key for key, _ in links])
    return [
        GraphNode(seen.get(key), Dependency.When(when).label) for key, when in links[:MAX_SHOWN]
    ]


def follow_ups_of(batches: Sequence[BatchOperation], user: User | None) -> list[BatchOperation]:
    """The retries and undos of these batches, oldest first."""
    keys = [batch.pk for batch in batches]
    following = Q(retry_of_id__in=keys) | Q(undo_of_id__in=keys)
    visible = _visible_to(user).filter(following)
    return list(visible.order_by("created_at").without_items())


def originals_of(batches: Sequence[BatchOperation], user: User | None) -> list[BatchOperation]:
    """The batches that these retry or undo."""
    keys = {key for batch in batches for key in (batch.retry_of_id, batch.undo_of_id) if key}
    if not keys:
        return []
    visible = _visible_to(user).filter(pk__in=list(keys))
    return list(visible.order_by("created_at")[:MAX_SHOWN])


def _visible_to(user: User | None) -> BatchQuerySet:
    return BatchOperation.objects.visible_to(user) if user else BatchOperation.objects.all()


def _nodes(
    pairs: Iterable[tuple[BatchOperation, Dependency]], user: User | None
) -> list[GraphNode]:
    nodes: dict[UUID, GraphNode] = {}
    for batch, link in pairs:
        is_seen = user is None or sees_all(user) or batch.creator.owner_id == user.pk
        node = GraphNode(batch if is_seen else None, link.get_when_display(), link.state)
        nodes.setdefault(batch.pk, node)
    return list(nodes.values())[:MAX_SHOWN]
