"""What follows upon a batch already: so that nothing is put back, or tried again, twice."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from batches.errors import NothingToDo
from batches.models import BatchItem, BatchOperation, Status
from batches.services.results import left_of

UNDONE_ALREADY = (
    "This is about to be undone already. Change the time of that undo, or cancel it first."
)


def make_rivals_wait(batch_ids: Collection[UUID]) -> None:
    """Whoever wants to follow upon these batches at the same moment waits for our transaction."""
    BatchOperation.objects.filter(pk__in=list(batch_ids)).update(updated_at=timezone.now())


def refuse_second_undo(
    batch_ids: Collection[UUID],
    *,
    since: datetime | None = None,
    content_ids: Collection[str] | None = None,
) -> None:
    """Raises NothingToDo while an undo waits: a second would find every item changed by the first.

    Of undos that were asked for since then, where that is said, and of these items.
    """
    waiting = BatchOperation.objects.unfinished().filter(undo_of_id__in=list(batch_ids))
    if since is not None:
        waiting = waiting.filter(created_at__gte=since)
    for undo in waiting:
        if content_ids is None or not set(content_ids).isdisjoint(undo.content_ids):
            raise NothingToDo(UNDONE_ALREADY, batch_id=str(undo.pk))


def undone(batch: BatchOperation) -> set[str]:
    """Ids that an undo of the batch, or a retry of that undo, has put back."""
    undos = list(BatchOperation.objects.filter(undo_of_id=batch.pk))
    ids: set[str] = set()
    while undos:
        saved = BatchItem.objects.of(undos).exclude(outcome=BatchItem.Outcome.FAILED)
        ids.update(saved.values_list("content_id", flat=True))
        undos = list(BatchOperation.objects.filter(retry_of_id__in=[undo.pk for undo in undos]))
    return ids


def has_more_to_undo(ended: Sequence[BatchOperation], follow_ups: Sequence[BatchOperation]) -> bool:
    """Something was changed, and no undo of it waits, runs, or has put all of it back."""
    undos = [batch for batch in follow_ups if batch.undo_of_id]
    if any(not batch.is_finished for batch in undos):
        return False
    return changed_count(ended) > changed_count(undos)


def changed_count(batches: Sequence[BatchOperation]) -> int:
    """How many items they changed."""
    return sum(batch.success_count - batch.unchanged_count for batch in batches)


def tried_again(batch: BatchOperation) -> set[str]:
    """Ids that a retry has saved or still may: of the batch, or of what it is a retry of itself."""
    keys = [first_try(batch)]
    ids: set[str] = set()
    while retries := list(BatchOperation.objects.filter(retry_of_id__in=keys)):
        keys = [retry.pk for retry in retries]
        ids.update(key for retry in retries if not retry.is_finished for key in retry.content_ids)
        saved = BatchItem.objects.of(retries).exclude(outcome=BatchItem.Outcome.FAILED)
        ids.update(saved.values_list("content_id", flat=True))
    return ids


def tried_already(batches: Sequence[BatchOperation]) -> Counter[str]:
    """How many of what failed need no other try, by code; by "" those whose turn never came."""
    keys = [batch.pk for batch in batches]
    retries = BatchOperation.objects.filter(retry_of_id__in=keys)
    retried = set(retries.values_list("retry_of_id", flat=True))
    counts: Counter[str] = Counter()
    for batch in batches:
        if batch.pk not in retried or not (tried := tried_again(batch)):
            continue
        failed = batch.items.filter(outcome=BatchItem.Outcome.FAILED, content_id__in=tried)
        counts.update(failed.values_list("code", flat=True))
        if batch.status == Status.FAILED:
            counts[""] += sum(key in tried for _, key in left_of([batch]))
    return counts


def first_try(batch: BatchOperation) -> UUID:
    """The batch that this one is a retry of, or a retry of a retry; else its own id."""
    key, earlier = batch.pk, batch.retry_of_id
    while earlier is not None:
        key = earlier
        found = BatchOperation.objects.filter(pk=key).values_list("retry_of_id", flat=True)
        earlier = found.first()
    return key
