"""Sends the outbox: at least once, each mail always with the same Message-ID."""

from datetime import timedelta
from email.utils import formataddr
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from batches.models import BatchItem, BatchOperation, Notification
from batches.models.source import kind_label
from batches.operations import describe, known_operation
from batches.services.results.results import results_of
from batches.services.results.run import Run
from config.failpoints import reach
from content import rules
from content.models import Content
from content.models.lease import back_off

log = structlog.get_logger(__name__)

# The lease of a worker on a mail.
LEASE = timedelta(seconds=120)
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)
FAILURES_SHOWN = 20
MAX_AT_ONCE = 100


def deliver_notification(notification_id: UUID | str) -> bool:
    """Send one mail; False if it is not due, or another worker has it.

    Uses the network: never call it in a transaction. A failed mail is
    retried for three days, with delays from half a minute to an hour.
    """
    row = Notification.objects.filter(pk=notification_id)
    if not row.lease(LEASE):
        return False
    notification = row.select_related("wallet__owner", "batch__creator", "submission").get()
    try:
        build_mail(notification).send()
        reach("mail-sent")
    except Exception as error:
        # Mail backends raise anything, from a refused connection to an unknown host.
        _postpone(notification, error)
    else:
        row.update(state=Notification.State.SENT, sent_at=timezone.now(), error="")
        log.info("mail_sent", notification_id=str(notification.pk))
    return True


def deliver_due_notifications() -> int:
    """Send due mails, oldest first, up to MAX_AT_ONCE; returns how many were tried."""
    due = Notification.objects.due().order_by("due_at").values_list("pk", flat=True)
    return sum(deliver_notification(key) for key in list(due[:MAX_AT_ONCE]))


def build_mail(notification: Notification) -> EmailMultiAlternatives:
    """Return the digest of a batch, or of one creator's items in a submission."""
    wallet = notification.wallet
    batches = _batches(notification)
    run = Run(batches)
    operation = known_operation(batches[0])
    label = operation.label if operation else kind_label(batches[0].kind)
    context: dict[str, Any] = {
        "wallet": wallet,
        "batches": batches,
        "run": run,
        "description": describe(batches[0]),
        "subject": f"{label}: {outcome_words(run)}",
        "failures": _failures(batches),
        "failures_left": max(0, run.failed - FAILURES_SHOWN),
        "time_zone": wallet.owner.time_zone if wallet.owner else settings.TIME_ZONE,
        "site_url": settings.SITE_URL,
        "site_name": settings.SITE_NAME,
    }
    mail = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string("batches/mail/batch_ended.txt", context),
        # A mail with a line break in a name can never be sent.
        to=[formataddr((rules.one_line(wallet.display_name), wallet.email))],
        headers={"Message-ID": f"<{notification.pk}@{urlsplit(settings.SITE_URL).hostname}>"},
    )
    mail.attach_alternative(render_to_string("batches/mail/batch_ended.html", context), "text/html")
    return mail


def outcome_words(run: Run) -> str:
    """`3 of 40 failed`, `40 saved`, `stopped after 3 of 40`."""
    if run.done < run.total:
        return f"stopped after {run.done:,} of {run.total:,}"
    if run.failed:
        return f"{run.failed:,} of {run.total:,} failed"
    return f"{run.total:,} saved"


def _batches(notification: Notification) -> list[BatchOperation]:
    if notification.batch:
        return [notification.batch]
    batches = BatchOperation.objects.filter(
        submission=notification.submission, creator_id=notification.wallet_id
    )
    return list(batches.select_related("creator").order_by("created_at", "id"))


def _failures(batches: list[BatchOperation]) -> list[tuple[str, str, str]]:
    """(id, title, why) of the first failed items. No title of an item that isn't the creator's."""
    failed: list[tuple[str, str]] = []
    for batch in batches:
        if batch.failure_count and len(failed) < FAILURES_SHOWN:
            items = batch.items.filter(outcome=BatchItem.Outcome.FAILED)
            results = results_of(batch, items[: FAILURES_SHOWN - len(failed)])
            failed.extend((result.content_id, result.words) for result in results)
    own = Content.objects.by_creator(batches[0].creator_id)
    titles = dict(own.filter(pk__in=[key for key, _ in failed]).values_list("pk", "title"))
    return [(key, titles.get(key, ""), words) for key, words in failed]


def _postpone(notification: Notification, error: Exception) -> None:
    now = timezone.now()
    is_over = now - notification.created_at > GIVE_UP_AFTER
    Notification.objects.filter(pk=notification.pk).update(
        state=Notification.State.DROPPED if is_over else Notification.State.WAITING,
        attempts=notification.attempts + 1,
        error=str(error)[:300],
        due_at=now + back_off(notification.attempts, first=FIRST_DELAY, longest=LONGEST_DELAY),
    )
    log.warning("mail_postponed", notification_id=str(notification.pk), error=str(error))
