"""A mail waits for its server; a repeated mail keeps its Message-ID."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

import pytest
from aiosmtpd.controller import Controller
from django.test import RequestFactory
from django.utils import timezone

from batches.models import Notification
from content.models import PasswordMail, Wallet
from content.services.people.password_mail import request_link
from tests.conftest import person
from tests.faults.worlds import World
from tests.services import free_port

KILLED = -9


class Inbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def open_inbox(port) -> Iterator:
    controllers = []

    def start() -> Inbox:
        inbox = Inbox()
        controllers.append(Controller(inbox, hostname="127.0.0.1", port=port))
        controllers[-1].start()
        return inbox

    yield start
    for controller in controllers:
        controller.stop()


def always_tell_alice() -> None:
    Wallet.objects.update(notify=Wallet.Notify.ALWAYS)


def pause_is_over() -> None:
    Notification.objects.update(due_at=timezone.now())


def test_fault_13_mail_waits_for_server(world: World, seven, port, open_inbox):
    always_tell_alice()
    batch = world.create_batch(seven)
    world.start_worker(sweeps=True, EMAIL_URL=f"smtp://127.0.0.1:{port}")
    tried = Notification.objects.filter(batch=batch, attempts=1)
    world.wait_until(tried.exists, "the first attempt")
    assert tried.get().state == Notification.State.WAITING
    assert "refused" in tried.get().error

    inbox = open_inbox()
    pause_is_over()

    sent = Notification.objects.filter(state=Notification.State.SENT)
    world.wait_until(sent.exists, "the mail")
    (mail,) = inbox.mails
    assert str(sent.get().pk) in mail["Message-ID"]


@pytest.mark.failpoint
def test_fault_13_repeated_mail_has_same_id(world: World, seven, port, open_inbox):
    always_tell_alice()
    inbox = open_inbox()
    world.create_batch(seven)
    server = f"smtp://127.0.0.1:{port}"
    doomed = world.start_worker(FAILPOINT="mail-sent", EMAIL_URL=server)
    assert world.exit_of(doomed) == KILLED

    pause_is_over()
    world.start_worker(sweeps=True, EMAIL_URL=server)

    sent = Notification.objects.filter(state=Notification.State.SENT)
    world.wait_until(sent.exists, "the mail")
    first, second = inbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert (first["Subject"], first["To"]) == (second["Subject"], second["To"])


def test_fault_13_password_mail_waits_for_server(world: World, port, open_inbox):
    request_link(RequestFactory().post("/password/forgotten"), person("alice").email)
    world.start_worker(sweeps=True, EMAIL_URL=f"smtp://127.0.0.1:{port}")
    world.wait_until(PasswordMail.objects.filter(attempts=1).exists, "the first attempt")

    inbox = open_inbox()
    PasswordMail.objects.update(due_at=timezone.now())

    world.wait_until(PasswordMail.objects.filter(due_at=None).exists, "the mail")
    (mail,) = inbox.mails
    assert mail["To"] == "alice@example.org"
