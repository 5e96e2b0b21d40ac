"""Actions on single batches by the user who started them."""

from typing import Any

from batches.models import BatchOperation
from batches.services.results.run import Run
from batches.services.runs import control


def pause(batch: BatchOperation) -> BatchOperation:
    return control.pause(Run([batch]), by=batch.requested_by).batches[0]


def resume(batch: BatchOperation) -> BatchOperation:
    return control.resume(Run([batch]), by=batch.requested_by).batches[0]


def start(batch: BatchOperation) -> BatchOperation:
    return control.start(Run([batch]), by=batch.requested_by).batches[0]


def reschedule(batch: BatchOperation, **times: Any) -> BatchOperation:
    return control.reschedule(Run([batch]), by=batch.requested_by, **times).batches[0]
