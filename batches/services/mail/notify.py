"""Decides which mails are due; writes outbox rows in the transaction they report."""

from django.db.models import F

from batches.models import BatchOperation, Notification, Submission
from batches.queue import enqueue
from content.models import Wallet


def batch_ended(batch: BatchOperation) -> None:
    """Write the mails about the end of this batch. Call it in that transaction.

    For a submission, the batch that ends last writes one mail to each creator for all batches.
    """
    if batch.submission_id is None:
        _write([batch], batch=batch)
        return
    # The update serialises batches that end at the same time, so that exactly
    # one of them reads 0.
    ours = Submission.objects.filter(pk=batch.submission_id)
    ours.update(unfinished=F("unfinished") - 1)
    if ours.filter(unfinished=0).exists():
        # Only what decides about the mail: the ids of ten thousand items take megabytes.
        sisters = BatchOperation.objects.filter(submission_id=batch.submission_id).only(
            "failure_count", "error", "creator__email", "creator__notify"
        )
        by_creator: dict[str, list[BatchOperation]] = {}
        for sister in sisters.select_related("creator"):
            by_creator.setdefault(sister.creator_id, []).append(sister)
        for batches in by_creator.values():
            _write(batches, submission_id=batch.submission_id)


def _write(batches: list[BatchOperation], **about: object) -> None:
    wallet = batches[0].creator
    if not wallet.email or wallet.notify == Wallet.Notify.NEVER:
        return
    has_failures = any(batch.failure_count or batch.error for batch in batches)
    if wallet.notify == Wallet.Notify.FAILURES and not has_failures:
        return
    notification = Notification.objects.create(wallet=wallet, **about)
    enqueue("batches.deliver_notification", str(notification.pk))
