"""The registry: a new kind of operation is a file here and a line below."""

from typing import Any, Protocol

from batches.models.source import kind_label
from batches.operations.base import Operation
from batches.operations.remove_content import RemoveContent
from batches.operations.restore_content import RestoreContent
from batches.operations.update_metadata import UpdateMetadata
from batches.operations.update_price import UpdatePrice

__all__ = ["OPERATIONS", "Operation", "describe"]

OPERATIONS: dict[str, Operation] = {
    operation.kind: operation
    for operation in (UpdatePrice(), UpdateMetadata(), RemoveContent(), RestoreContent())
}


class Described(Protocol):
    """A batch, or what is prepared to become one."""

    kind: Any
    payload: Any


def describe(described: Described) -> str:
    """What it does in one phrase: `Update price +10 %`; of a kind that is gone its name."""
    operation = OPERATIONS.get(described.kind)
    return operation.describe(described.payload) if operation else kind_label(described.kind)
