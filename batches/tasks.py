"""The doors of the worker: each task calls one service with a key."""

import functools
from collections.abc import Callable
from uuid import UUID

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.db import DatabaseError, connection

from batches.services.engine import run_batch as engine
from batches.services.engine import settle
from batches.services.heartbeat import beat
from batches.services.mail import outbox
from batches.services.worker import contract_sync
from batches.services.worker import sweep as sweeping
from config.database import is_unreachable
from config.failpoints import reach
from content.rules import one_line
from content.services.people import password_mail

log = structlog.get_logger(__name__)


def task(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Define a task with that name. While the database is unavailable it only logs a line; the
    sweep finds the remaining work.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def inside(*arguments: str) -> None:
            try:
                function(*arguments)
            except Exception as error:
                if not is_unreachable(error):
                    raise
                log.warning("database_away", task=name, error=one_line(str(error)))

        return shared_task(name=name)(inside)

    return decorate


@worker_ready.connect
def record_heartbeat(**_: object) -> None:
    """Record a heartbeat at start, so that no page reports a missing worker."""
    try:
        beat()
    except DatabaseError:
        return  # the first sweep with a database connection records it
    finally:
        connection.close()  # forked children must not share it


@task("batches.run_batch")
def run_batch(batch_id: str) -> None:
    reach("before-claim")
    engine.run_batch(batch_id)
    reach("before-acknowledgement")


@task("batches.settle_dependents")
def settle_dependents(parent_id: str) -> None:
    settle.settle_dependents(UUID(parent_id))


@task("batches.sweep")
def sweep() -> None:
    sweeping.sweep()


@task("batches.deliver_notification")
def deliver_notification(notification_id: str) -> None:
    outbox.deliver_notification(notification_id)


@task("batches.deliver_due_notifications")
def deliver_due_notifications() -> None:
    outbox.deliver_due_notifications()


@task("batches.send_contract_calls")
def send_contract_calls() -> None:
    contract_sync.send_contract_calls()


@task("batches.send_password_mails")
def send_password_mails() -> None:
    password_mail.send_password_mails()
