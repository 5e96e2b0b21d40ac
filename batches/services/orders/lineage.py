"""The existing retries and undos of batches, so that nothing is retried or undone twice."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from batches.errors import NothingToDo
from batches.models import BatchItem, BatchOperation, Status
from batches.services.results.results import left_of

ALREADY_UNDONE = (
    "An undo of this is already scheduled or running. Reschedule that undo, or cancel it first."
)
ALREADY_RETRIED = "The failed items were already retried, or a retry is scheduled."


def lock_batches(batch_ids: Collection[UUID]) -> None:
    """Lock these batches, so that a concurrent retry or undo waits for this transaction."""
    BatchOperation.objects.filter(pk__in=list(batch_ids)).update(updated_at=timezone.now())


def refuse_second_undo(
    batch_ids: Collection[UUID],
    *,
    since: datetime | None = None,
    content_ids: Collection[str] | None = None,
) -> None:
    """Raises NothingToDo while an undo is unfinished: a second one would conflict on every item.

    With `since`, only undos created since then; with `content_ids`, only undos of these items.
    """
    waiting = BatchOperation.objects.unfinished().filter(undo_of_id__in=list(batch_ids))
    if since is not None:
        waiting = waiting.filter(created_at__gte=since)
    for undo in waiting:
        if content_ids is None or not set(content_ids).isdisjoint(undo.content_ids):
            raise NothingToDo(ALREADY_UNDONE, batch_id=str(undo.pk))


def refuse_second_retry(
    batches: Sequence[BatchOperation], items: Iterable[tuple[UUID, str]]
) -> None:
    """Raise NothingToDo if one of these items was already retried in the meantime.

    `items` are pairs of batch and content id. Concurrent retries wait for this transaction.
    """
    lock_batches(set(root_ids(batches).values()))
    tried = retried_ids(batches)
    if any(content_id in tried[key] for key, content_id in items):
        raise NothingToDo(ALREADY_RETRIED)


def restored_ids(batch: BatchOperation) -> set[str]:
    """The ids that an undo of the batch, or a retry of that undo, has restored."""
    undos = list(BatchOperation.objects.filter(undo_of_id=batch.pk))
    ids: set[str] = set()
    while undos:
        saved = BatchItem.objects.of(undos).exclude(outcome=BatchItem.Outcome.FAILED)
        ids.update(saved.values_list("content_id", flat=True))
        undos = list(BatchOperation.objects.filter(retry_of_id__in=[undo.pk for undo in undos]))
    return ids


def has_more_to_undo(ended: Sequence[BatchOperation], follow_ups: Sequence[BatchOperation]) -> bool:
    """Return whether changed items are left to undo, and no undo is waiting or running."""
    undos = [batch for batch in follow_ups if batch.undo_of_id]
    is_undoing = any(not undo.is_finished for undo in undos)
    return not is_undoing and changed_count(ended) > changed_count(undos)


def changed_count(batches: Sequence[BatchOperation]) -> int:
    """Return the number of items they changed."""
    return sum(batch.success_count - batch.unchanged_count for batch in batches)


def retried_ids(batches: Sequence[BatchOperation]) -> dict[UUID, set[str]]:
    """By batch, the ids that a retry of it, or of its original, has saved or may still save.

    Two queries for each generation of retries, however many batches.
    """
    roots = root_ids(batches)
    families = {key: key for key in roots.values()}
    ids: dict[UUID, set[str]] = {key: set() for key in families}
    latest = [*families]
    while retries := list(BatchOperation.objects.filter(retry_of_id__in=latest)):
        latest = [retry.pk for retry in retries]
        for retry in retries:
            families[retry.pk] = families[retry.retry_of_id]  # type: ignore[index]
            if not retry.is_finished:
                ids[families[retry.pk]].update(retry.content_ids)
        saved = BatchItem.objects.of(retries).exclude(outcome=BatchItem.Outcome.FAILED)
        for key, content_id in saved.values_list("batch_id", "content_id"):
            ids[families[key]].add(content_id)
    return {batch.pk: ids[roots[batch.pk]] for batch in batches}


def count_retried(batches: Sequence[BatchOperation]) -> Counter[str]:
    """How many failed items need no other retry, by code; "" counts items not processed."""
    tried = retried_ids(batches)
    retried = [batch for batch in batches if tried[batch.pk]]
    if not retried:
        return Counter()
    failed = BatchItem.objects.of(retried).filter(outcome=BatchItem.Outcome.FAILED)
    counts = Counter(
        code
        for key, content_id, code in failed.values_list("batch_id", "content_id", "code")
        if content_id in tried[key]
    )
    aborted = [batch for batch in retried if batch.status == Status.FAILED]
    counts[""] += sum(key in tried[batch.pk] for batch, key in left_of(aborted))
    return counts


def root_ids(batches: Sequence[BatchOperation]) -> dict[UUID, UUID]:
    """By batch, the original that it retries, directly or indirectly; else itself."""
    roots = {batch.pk: batch.retry_of_id or batch.pk for batch in batches}
    while origins := {first for key, first in roots.items() if first != key}:
        retries = BatchOperation.objects.filter(pk__in=list(origins), retry_of__isnull=False)
        earlier = dict(retries.values_list("pk", "retry_of_id"))
        if not earlier:
            break
        roots = {key: earlier.get(first) or first for key, first in roots.items()}
    return roots


def root_id(batch: BatchOperation) -> UUID:
    """Return the original that this batch retries, directly or indirectly; else its own id."""
    return root_ids([batch])[batch.pk]
