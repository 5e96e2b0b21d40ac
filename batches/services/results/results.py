"""Results of batches in words, for every door."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count

from batches.models import BatchItem, BatchOperation, Submission
from batches.models.item import BatchItemQuerySet
from batches.operations import known_operation
from batches.operations.base import Operation, refusal_words
from content.models import Content, ContentChange, User

# For an unknown kind, whose messages are gone.
CHANGED, AS_IT_WAS = "Changed", "It already had this value"


@dataclass(frozen=True)
class Result:
    """One item's result. `before` and `after` have the changed model fields."""

    content_id: str
    outcome: BatchItem.Outcome
    words: str
    code: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    version: int | None = None
    chain_state: str = ContentChange.ChainState.NONE
    chain_error: str = ""
    tx_id: str = ""

    @property
    def is_success(self) -> bool:
        return self.outcome != BatchItem.Outcome.FAILED


@dataclass(frozen=True)
class Totals:
    """Item counts of one or more batches by outcome; `left` items have no result yet."""

    succeeded: int = 0
    unchanged: int = 0
    failed: int = 0
    left: int = 0
    # Failures by code, the most frequent first.
    codes: Mapping[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return self.succeeded + self.unchanged + self.failed


def results_of(batch: BatchOperation, items: Iterable[BatchItem] | None = None) -> list[Result]:
    """Return the results in the order of the request; at most two queries."""
    if items is None:
        items = batch.items.all()
    if isinstance(items, BatchItemQuerySet):
        items = items.with_changes()
    operation = known_operation(batch)
    return [result_of(operation, item) for item in items]


def result_of(operation: Operation | None, item: BatchItem) -> Result:
    """Neutral messages without an operation, for an unknown kind."""
    outcome = BatchItem.Outcome(item.outcome)
    change = item.change
    if change is not None:
        call = change.contract_call
        return Result(
            content_id=item.content_id,
            outcome=outcome,
            words=operation.success_words(change.after) if operation else CHANGED,
            before=change.before,
            after=change.after,
            version=change.version,
            chain_state=change.chain_state,
            chain_error=change.chain_error,
            tx_id=call.tx_id if call else "",
        )
    if outcome == BatchItem.Outcome.UNCHANGED:
        words = operation.unchanged_words() if operation else AS_IT_WAS
        return Result(item.content_id, outcome, words)
    return Result(
        item.content_id, outcome, refusal_words(item.code, item.parameters), code=item.code
    )


def totals_of(*batches: BatchOperation) -> Totals:
    """Counted by the database in one query, for any number of items."""
    groups = BatchItem.objects.of(batches).order_by().values("outcome", "code")
    counted: dict[str, int] = {}
    codes: dict[str, int] = {}
    for group in groups.annotate(count=Count("pk")):
        counted[group["outcome"]] = counted.get(group["outcome"], 0) + group["count"]
        if group["outcome"] == BatchItem.Outcome.FAILED:
            codes[group["code"]] = group["count"]
    return Totals(
        succeeded=counted.get(BatchItem.Outcome.SUCCEEDED, 0),
        unchanged=counted.get(BatchItem.Outcome.UNCHANGED, 0),
        failed=counted.get(BatchItem.Outcome.FAILED, 0),
        left=sum(batch.total_items for batch in batches) - sum(counted.values()),
        codes=dict(sorted(codes.items(), key=lambda code: (-code[1], code[0]))),
    )


def failures_of(
    batches: Sequence[BatchOperation], maximum: int
) -> list[tuple[BatchOperation, Result]]:
    """Return the first failures, in the order of the batches and their requests; one query."""
    by_key = {batch.pk: batch for batch in batches if batch.failure_count}
    failed = BatchItem.objects.filter(batch_id__in=list(by_key), outcome=BatchItem.Outcome.FAILED)
    items = failed.order_by("batch_id", "position")[:maximum] if by_key else ()
    return [
        (by_key[item.batch_id], result_of(known_operation(by_key[item.batch_id]), item))
        for item in items
    ]


def left_of(batches: Sequence[BatchOperation]) -> list[tuple[BatchOperation, str]]:
    """Return (batch, id) of each item without a result, in the order of the requests; one query."""
    unfinished = [batch for batch in batches if batch.done_count < batch.total_items]
    if not unfinished:
        return []
    done = set(BatchItem.objects.of(unfinished).values_list("batch_id", "content_id"))
    asked = [(batch, key) for batch in unfinished for key in batch.content_ids]
    return [(batch, key) for batch, key in asked if (batch.pk, key) not in done]


def chain_counts(*batches: BatchOperation) -> dict[str, int]:
    """Return the number of items in each chain state, without `none`. One query."""
    items = BatchItem.objects.of(batches).filter(change__isnull=False).order_by()
    states = items.values("change__chain_state").annotate(count=Count("pk"))
    return {
        group["change__chain_state"]: group["count"]
        for group in states
        if group["change__chain_state"] != ContentChange.ChainState.NONE
    }


def titles_of(pairs: Iterable[tuple[BatchOperation, str]]) -> dict[tuple[UUID, str], str]:
    """Titles by batch and id, for items that still belong to the batch's creator. One query."""
    pairs = list(pairs)
    contents = Content.objects.filter(pk__in=list({key for _, key in pairs}))
    found = {
        (key, creator): title
        for key, title, creator in contents.values_list("pk", "title", "creator_id")
    }
    return {
        (batch.pk, key): found[key, batch.creator_id]
        for batch, key in pairs
        if (key, batch.creator_id) in found
    }


def sisters_of(batches: Iterable[BatchOperation], user: User) -> dict[UUID | None, int]:
    """Return the number of batches by submission, if more than one.

    Only submissions that the user may see.
    """
    keys = {batch.submission_id for batch in batches if batch.submission_id}
    visible = Submission.objects.visible_to(user).filter(pk__in=keys)
    keys = set(visible.values_list("pk", flat=True)) if keys else set()
    if not keys:
        return {}
    rows = BatchOperation.objects.filter(submission_id__in=keys).order_by()
    counts = rows.values("submission_id").annotate(count=Count("pk"))
    found = counts.values_list("submission_id", "count")
    return {key: count for key, count in found if count > 1}
