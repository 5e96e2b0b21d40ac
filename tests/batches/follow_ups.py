"""Batches that were run, and their retries and undos."""

from collections.abc import Sequence
from typing import Any

from batches.models import BatchOperation, Follows, Source, Status, Submission
from batches.services.engine.run_batch import Lease, run_batch, write_chunk
from batches.services.results.run import Run
from batches.services.runs.follow_up import follow_up, prepare_follow_up
from content.models import Content, User
from content.services.catalogue.changes import FIELDS

RETRY, UNDO = Follows.RETRY, Follows.UNDO


def done(batch: BatchOperation) -> BatchOperation:
    """Run a batch to its end."""
    assert run_batch(batch.pk)
    batch.refresh_from_db()
    return batch


def abort(batch: BatchOperation) -> None:
    """Abort a claimed batch as after too many dead workers."""
    BatchOperation.objects.filter(pk=batch.pk).update(attempts=11)
    batch.refresh_from_db()
    assert batch.lease_token
    assert write_chunk(Lease(batch.pk, batch.lease_token)).status == Status.FAILED


def followed(batch: BatchOperation, follows: Follows, by: User) -> BatchOperation:
    return follow_up(Run([batch]), follows, by=by, source=Source.API).batches[0]


def undo(batch: BatchOperation, by: User) -> BatchOperation:
    return followed(batch, UNDO, by)


def retry(batch: BatchOperation, by: User) -> BatchOperation:
    return followed(batch, RETRY, by)


def prepared(
    batches: Sequence[BatchOperation], follows: Follows, by: User, **more: Any
) -> Submission:
    return prepare_follow_up(Run(batches), follows, by=by, source=Source.PAGE, **more)


def prices(content_ids: Sequence[str]) -> list[int]:
    found = dict(Content.objects.values_list("pk", "price"))
    return [found[key] for key in content_ids]


def outcomes(batch: BatchOperation) -> list[str]:
    return [item.code or item.outcome for item in batch.items.order_by("position")]


def state_of(content_id: str) -> dict[str, Any]:
    """Return all fields that a change may set."""
    content = Content.objects.get(pk=content_id)
    return {name: getattr(content, name) for name in FIELDS}
