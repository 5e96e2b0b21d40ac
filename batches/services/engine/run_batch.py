"""Runs a batch: claim, write chunk by chunk, finish. A killed worker leaves nothing half done."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import DateTimeField, F
from django.db.models.functions import Coalesce
from django.utils import timezone
from uuid_utils.compat import uuid7

from batches.errors import ApplicationError, InvalidTransition
from batches.models import READY, BatchItem, BatchOperation, Status
from batches.operations import operation_for
from batches.operations.base import INTERNAL, Alter, Refused, Unchanged, Verdict
from batches.queue import enqueue
from batches.services.engine.lifecycle import move, record
from batches.services.evaluate import evaluate_all
from batches.services.permissions import may_run
from config.database import atomic, is_unreachable
from config.failpoints import reach
from config.rows import Plus, insert_rows, new_keys, read_row, update_rows
from content.services.catalogue.changes import Change, Written, apply_changes, lock_rows

log = structlog.get_logger(__name__)

MAX_RAISED = 3
MAX_ATTEMPTS = 10
ABORTED_WORDS = "The batch was aborted because of an error on our side. Saved items stay saved."

# The fields a run needs of the batch, its creator and its requester; reading all fields would take
# twice as long.
READ_FIELDS = (
    *("kind", "payload", "content_ids", "item_payloads", "expected_versions", "status"),
    *("total_items", "until", "is_awaited", "source"),
    *("success_count", "unchanged_count", "failure_count", "error", "submission_id"),
    *("lease_token", "attempts", "raised"),
    *("creator__owner_id", "creator__is_creator", "creator__email", "creator__notify"),
    *("requested_by__is_active", "requested_by__is_staff", "requested_by__is_superuser"),
)

OUTCOMES: dict[type, BatchItem.Outcome] = {
    Alter: BatchItem.Outcome.SUCCEEDED,
    Unchanged: BatchItem.Outcome.UNCHANGED,
    Refused: BatchItem.Outcome.FAILED,
}


class LeaseLost(ApplicationError):
    """The batch was cancelled, or another worker has taken it over."""

    code = "lease-lost"
    message = "Another worker has taken over this batch."


@dataclass(frozen=True)
class Lease:
    """The right to write results of one batch; the token identifies the worker."""

    batch_id: UUID | str
    token: UUID


def run_batch(batch_id: UUID | str) -> bool:
    """Run a batch to its end if it is pending or abandoned; else return False.

    Safe to call any number of times, from any number of workers. Raises only database errors
    while the database is unavailable.
    """
    lease = claim(batch_id)
    if lease is None:
        return False
    with structlog.contextvars.bound_contextvars(batch_id=str(batch_id)):
        try:
            while not write_chunk(lease).is_finished:
                reach("chunk-committed")
        except (LeaseLost, InvalidTransition) as error:
            log.info("batch_left", reason=error.message)
        except Exception as error:
            if is_unreachable(error):
                # Not the batch's fault: the lease expires, and the sweep resumes the batch.
                log.warning("batch_interrupted")
                raise
            log.exception("batch_raised")
            release(lease)
    return True


def claim(batch_id: UUID | str) -> Lease | None:
    """Claim the batch for BATCH_LEASE_SECONDS; exactly one of any number of callers succeeds."""
    lease, now = Lease(batch_id, uuid7()), timezone.now()
    facts = {
        "status": Status.PROCESSING,
        "lease_token": lease.token,
        "lease_until": _lease_end(),
        "updated_at": now,
    }
    # Fast path: almost always this query succeeds, at a quarter of the cost.
    claimed = update_rows(
        BatchOperation,
        {"pk": batch_id, **READY},
        {**facts, "started_at": now, "attempts": Plus(1)},
    ) or BatchOperation.objects.filter(pk=batch_id).claimable().update(
        **facts,
        # A worker that resumes an abandoned batch keeps its start.
        started_at=Coalesce("started_at", now, output_field=DateTimeField()),
        attempts=F("attempts") + 1,
    )
    return lease if claimed else None


def write_chunk(lease: Lease) -> BatchOperation:
    """Write the next chunk; if it raises, one item at a time: an item that raises then fails.

    Returns the changed batch. Raises LeaseLost.
    """
    size = settings.BATCH_CHUNK_ITEMS
    try:
        return _commit_chunk(lease, size)
    except Exception as error:
        if not _is_item_error(error):
            raise
        log.exception("chunk_raised")
    for _ in range(size):
        try:
            batch = _commit_chunk(lease, 1)
        except Exception as error:
            if not _is_item_error(error):
                raise
            log.exception("item_raised")
            batch = _commit_chunk(lease, 1, is_broken=True)
        if batch.is_finished:
            break
    return batch


def _is_item_error(error: Exception) -> bool:
    """Return False for a lost lease or an unavailable database: items must not fail for these."""
    return not isinstance(error, LeaseLost | InvalidTransition) and not is_unreachable(error)


@atomic
def _commit_chunk(lease: Lease, size: int, *, is_broken: bool = False) -> BatchOperation:
    """Write effects, results, counters and lease of up to `size` items in one transaction.

    Everything is read inside, because the transaction may be repeated.
    """
    batch = _read_leased(lease)
    if batch.attempts > MAX_ATTEMPTS:
        return _abort(batch)
    positions = _next_items(batch, size)
    if not positions:
        raise RuntimeError("Every item has a result, but the counters don't match.")
    if is_broken:
        verdicts: Mapping[str, Verdict] = {key: Refused(INTERNAL) for key in positions}
        written: dict[str, Written] = {}
    else:
        verdicts, written = _effect(batch, positions)
        reach("effects-written", batch.pk)
    _insert_results(batch, positions, verdicts, written)
    reach("chunk-written", batch.pk)
    if any(change.is_for_chain for change in written.values()):
        enqueue("batches.send_contract_calls")
    return _count(batch, verdicts)


def _read_leased(lease: Lease) -> BatchOperation:
    ours = {"pk": lease.batch_id, "lease_token": lease.token, "status": Status.PROCESSING}
    batch = read_row(BatchOperation, READ_FIELDS, **ours)
    if batch is None:
        raise LeaseLost
    return batch


def _next_items(batch: BatchOperation, size: int) -> dict[str, int]:
    """Return the next ids without a result, with their positions."""
    done: set[str] = set()
    if batch.done_count:
        done.update(batch.items.values_list("content_id", flat=True))
    rest = [(key, place) for place, key in enumerate(batch.content_ids) if key not in done]
    return dict(rest[:size])


def _effect(
    batch: BatchOperation, positions: Mapping[str, int]
) -> tuple[dict[str, Verdict], dict[str, Written]]:
    """Evaluate every item from locked rows and apply the changes."""
    operation = operation_for(batch)
    # Checked again: the requester may have lost the permission since.
    is_allowed = may_run(batch.requested_by, batch.creator, operation)
    contents = lock_rows(positions, reading=operation.changed_fields(batch.payload))
    verdicts = evaluate_all(
        operation,
        batch,
        contents,
        creator_of=lambda key: batch.creator_id,
        versions=batch.expected_versions,
        is_allowed=is_allowed,
        positions=positions,
    )
    altered = {
        key: verdict.after for key, verdict in verdicts.items() if isinstance(verdict, Alter)
    }
    written = apply_changes(
        [Change(contents[key], after) for key, after in altered.items()],
        by=batch.requested_by,
        cause=f"batch:{batch.pk}",
    )
    return verdicts, dict(zip(altered, written, strict=True))


def _insert_results(
    batch: BatchOperation,
    positions: Mapping[str, int],
    verdicts: Mapping[str, Verdict],
    written: Mapping[str, Written],
) -> None:
    refusals = [verdict if isinstance(verdict, Refused) else None for verdict in verdicts.values()]
    insert_rows(
        BatchItem,
        same={"batch_id": batch.pk},
        each={
            "id": new_keys(len(verdicts)),
            "position": [positions[key] for key in verdicts],
            "content_id": list(verdicts),
            "outcome": [OUTCOMES[type(verdict)] for verdict in verdicts.values()],
            "code": [refusal.code if refusal else "" for refusal in refusals],
            "parameters": [dict(refusal.parameters) if refusal else {} for refusal in refusals],
            "change_id": [written[key].change_id if key in written else None for key in verdicts],
        },
    )


def _count(batch: BatchOperation, verdicts: Mapping[str, Verdict]) -> BatchOperation:
    """Update the counters and the lease; finish after the last item."""
    counted = Counter(map(type, verdicts.values()))
    failed, unchanged = counted[Refused], counted[Unchanged]
    facts = {
        "success_count": batch.success_count + len(verdicts) - failed,
        "unchanged_count": batch.unchanged_count + unchanged,
        "failure_count": batch.failure_count + failed,
        "attempts": 0,
    }
    if batch.done_count + len(verdicts) < batch.total_items:
        return record(batch, lease_until=_lease_end(), **facts)
    return move(
        batch,
        Status.COMPLETED,
        completed_at=timezone.now(),
        lease_token=None,
        lease_until=None,
        **facts,
    )


@atomic
def release(lease: Lease) -> None:
    """After an attempt that raised: allow another immediately, or abort after the third."""
    try:
        batch = _read_leased(lease)
    except LeaseLost:
        return
    if batch.raised + 1 < MAX_RAISED:
        record(batch, raised=batch.raised + 1, lease_until=timezone.now())
    else:
        _abort(batch)


def _abort(batch: BatchOperation) -> BatchOperation:
    return move(
        batch,
        Status.FAILED,
        error=ABORTED_WORDS,
        error_code=INTERNAL,
        lease_token=None,
        lease_until=None,
        completed_at=timezone.now(),
    )


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.BATCH_LEASE_SECONDS)
