"""The doors of the worker: each task calls one service with a key."""

from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready
from django.db import DatabaseError, connection

from batches.services import chain, dependents, outbox, run
from batches.services import sweep as sweeping
from config.failpoints import reach
from content.services import password_mail


@worker_ready.connect
def give_a_sign(**_: object) -> None:
    """At once, so that nobody is told in its first seconds that no worker is running."""
    try:
        sweeping.beat()
    except DatabaseError:
        return  # the first sweep that reaches the database gives it
    finally:
        connection.close()  # children that are forked later must not share it


@shared_task(name="batches.run_batch")
def run_batch(batch_id: str) -> None:
    reach("before-claim")
    run.run_batch(batch_id)
    reach("before-acknowledgement")


@shared_task(name="batches.settle_dependents")
def settle_dependents(parent_id: str) -> None:
    dependents.settle_dependents(UUID(parent_id))


@shared_task(name="batches.sweep")
def sweep() -> None:
    sweeping.sweep()


@shared_task(name="batches.deliver_notification")
def deliver_notification(notification_id: str) -> None:
    outbox.deliver_notification(notification_id)


@shared_task(name="batches.deliver_due_notifications")
def deliver_due_notifications() -> None:
    outbox.deliver_due_notifications()


@shared_task(name="batches.send_contract_calls")
def send_contract_calls() -> None:
    chain.send_contract_calls()


@shared_task(name="batches.send_password_mails")
def send_password_mails() -> None:
    password_mail.send_password_mails()
