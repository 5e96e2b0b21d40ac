from batches.models.access import sees_all
from batches.models.batch import (
    FINISHED,
    MOVES,
    NEVER_QUEUED,
    OUTCOME_CHOICES,
    OUTCOMES,
    READY,
    UNFINISHED,
    UNTOUCHED,
    WITH_FAILURES,
    BatchOperation,
    Status,
)
from batches.models.dependency import Dependency
from batches.models.heartbeat import Heartbeat
from batches.models.item import BatchItem
from batches.models.outbox import Notification
from batches.models.source import Source
from batches.models.submission import Follows, Submission
from batches.models.template import Template, TemplateRun

__all__ = [
    "FINISHED",
    "MOVES",
    "NEVER_QUEUED",
    "OUTCOMES",
    "OUTCOME_CHOICES",
    "READY",
    "UNFINISHED",
    "UNTOUCHED",
    "WITH_FAILURES",
    "BatchItem",
    "BatchOperation",
    "Dependency",
    "Follows",
    "Heartbeat",
    "Notification",
    "Source",
    "Status",
    "Submission",
    "Template",
    "TemplateRun",
    "sees_all",
]
