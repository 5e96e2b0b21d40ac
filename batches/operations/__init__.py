"""The registry: a new kind of operation is a file here and a line below."""

from typing import Any, Protocol

from batches.models.source import kind_label
from batches.operations.base import Operation
from batches.operations.remove_content import RemoveContent
from batches.operations.restore_content import RestoreContent
from batches.operations.undo import UNDO, Undo
from batches.operations.update_metadata import UpdateMetadata
from batches.operations.update_price import UpdatePrice

__all__ = ["OPERATIONS", "Operation", "describe", "known_operation", "operation_for"]

OPERATIONS: dict[str, Operation] = {
    operation.kind: operation
    for operation in (UpdatePrice(), UpdateMetadata(), RemoveContent(), RestoreContent())
}


class HasKind(Protocol):
    """A batch, or a submission."""

    kind: Any
    payload: Any


def operation_for(described: HasKind) -> Operation:
    """Return the operation of a batch, wrapped in one `Undo` for each time it was undone.

    Raises KeyError for an unknown kind.
    """
    operation, payload = OPERATIONS[described.kind], described.payload
    while UNDO in payload:
        operation, payload = Undo(operation), payload[UNDO]
    return operation


def known_operation(described: HasKind) -> Operation | None:
    """Return the same; None for an unknown kind."""
    return operation_for(described) if described.kind in OPERATIONS else None


def describe(described: HasKind) -> str:
    """Return the change in one phrase: `Update price +10 %`; for an unknown kind its name."""
    if described.kind not in OPERATIONS:
        return kind_label(described.kind)
    return operation_for(described).describe(described.payload)
