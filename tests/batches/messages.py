"""Messages to the broker."""

from batches.models import BatchOperation


def queued_messages(*batches: BatchOperation) -> list[tuple[str, list[str]]]:
    """Return the messages for these batches, in the format of the fixture `messages`."""
    return [("batches.run_batch", [str(batch.pk)]) for batch in batches]
