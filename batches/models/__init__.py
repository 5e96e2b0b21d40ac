from batches.models.heartbeat import Heartbeat
from batches.models.item import BatchItem
from batches.models.operation import (
    FINISHED,
    MOVES,
    OUTCOME_CHOICES,
    OUTCOMES,
    UNFINISHED,
    UNTOUCHED,
    WITH_FAILURES,
    BatchOperation,
    Status,
)
from batches.models.outbox import Notification
from batches.models.source import Source
from batches.models.submission import Submission

__all__ = [
    "FINISHED",
    "MOVES",
    "OUTCOMES",
    "OUTCOME_CHOICES",
    "UNFINISHED",
    "UNTOUCHED",
    "WITH_FAILURES",
    "BatchItem",
    "BatchOperation",
    "Heartbeat",
    "Notification",
    "Source",
    "Status",
    "Submission",
]
