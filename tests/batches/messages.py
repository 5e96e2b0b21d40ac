"""What the broker was told."""

from batches.models import BatchOperation


def told(*batches: BatchOperation) -> list[tuple[str, list[str]]]:
    """The messages that speak of these batches, as the fixture `messages` reads them."""
    return [("batches.run_batch", [str(batch.pk)]) for batch in batches]
