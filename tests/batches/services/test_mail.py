"""The mail at the end of a batch: recipients, text, retries."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from batches.models import BatchOperation, Notification
from batches.services.engine.lifecycle import cancel
from batches.services.engine.run_batch import run_batch
from batches.services.mail.outbox import deliver_due_notifications, deliver_notification
from content.models import Wallet
from content.services.catalogue.changes import change_content
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture(autouse=True)
def _pages(settings):
    settings.SITE_URL = "https://batches.example.org"


@pytest.fixture
def choose(alice):
    return lambda choice: Wallet.objects.filter(owner=alice).update(notify=choice)


@pytest.mark.parametrize(
    ("choice", "has_failure", "mails"),
    [
        ("always", False, 1),
        ("always", True, 1),
        ("failures", False, 0),
        ("failures", True, 1),
        ("never", True, 0),
    ],
)
def test_the_creator_s_choice(alice, wallet_of, work, choose, choice, has_failure, mails):
    choose(choice)
    (item,) = make_contents(wallet_of(alice))
    price_batch(alice, [item.pk, "unknown"] if has_failure else [item.pk])
    work()
    assert len(mail.outbox) == mails
    assert Notification.objects.count() == mails


def test_the_digest_in_text_and_html(alice, wallet_of, work):
    alice.time_zone = "America/New_York"
    alice.save()
    (item, gone) = make_contents(wallet_of(alice), 2, title="<b>{{7*7}}</b>")
    change_content(gone.pk, {"is_removed": True}, version=1, by=alice, cause="admin")
    batch = price_batch(alice, [item.pk, gone.pk, "unknown"], percentChange=12.5)
    work()

    (digest,) = mail.outbox
    assert digest.subject == "Update price: 2 of 3 failed"
    assert "+12.5 %" in digest.body
    assert f"{gone.pk} (<b>{{{{7*7}}}}</b>): Content was removed" in digest.body
    assert "unknown: Content not found" in digest.body
    assert f"https://batches.example.org/batches/{batch.pk}" in digest.body
    assert "America/New_York" in digest.body
    html = digest.alternatives[0].content
    assert "&lt;b&gt;{{7*7}}&lt;/b&gt;" in html
    assert "<b>{{" not in html
    assert digest.extra_headers["Message-ID"].endswith("@batches.example.org>")


def test_no_mail_before_the_end_and_none_twice(alice, wallet_of, work, choose):
    choose("always")
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    assert not Notification.objects.exists()
    run_batch(batch.pk)
    key = Notification.objects.get().pk
    assert [deliver_notification(key), deliver_notification(key)] == [True, False]
    work()
    assert len(mail.outbox) == 1


def test_cancelled_batch_sends_mail(alice, wallet_of, work, choose):
    choose("always")
    (item,) = make_contents(wallet_of(alice))
    cancel(price_batch(alice, [item.pk]))
    work()
    assert mail.outbox[0].subject == "Update price: stopped after 0 of 1"


def test_mail_is_retried_unchanged(alice, wallet_of, settings, time_machine, choose):
    choose("always")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # discard: nobody listens
    (item,) = make_contents(wallet_of(alice))
    run_batch(price_batch(alice, [item.pk]).pk)

    assert deliver_due_notifications() == 1
    waiting = Notification.objects.get()
    assert (waiting.state, waiting.attempts) == ("waiting", 1)
    assert "refused" in waiting.error
    assert deliver_due_notifications() == 0  # not before the pause is over
    assert BatchOperation.objects.get().status == "completed"

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    time_machine.move_to(timezone.now() + timedelta(seconds=31))
    assert deliver_due_notifications() == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == f"<{waiting.pk}@batches.example.org>"
    assert Notification.objects.get().state == "sent"


def test_mail_dropped_after_three_days(alice, wallet_of, settings, time_machine, choose):
    choose("always")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    (item,) = make_contents(wallet_of(alice))
    run_batch(price_batch(alice, [item.pk]).pk)
    time_machine.move_to(timezone.now() + timedelta(days=3, minutes=1))

    deliver_due_notifications()

    assert Notification.objects.get().state == "dropped"
    assert deliver_due_notifications() == 0


def test_a_display_name_can_t_forge_headers(alice, wallet_of, work, choose):
    choose("always")
    Wallet.objects.update(display_name="Alice\r\nBcc: everybody@example.org")
    (item,) = make_contents(wallet_of(alice))
    price_batch(alice, [item.pk])
    work()
    (digest,) = mail.outbox
    headers = digest.message().as_string().split("\n\n")[0]
    assert "\nBcc:" not in headers


def test_a_name_with_line_breaks_stays_one_line(alice, wallet_of, work, choose):
    choose("always")
    Wallet.objects.filter(owner=alice).update(display_name="Alice\r\nBcc: all\n\nWin a price")
    price_batch(alice, [make_contents(wallet_of(alice))[0].pk])
    work()
    (digest,) = mail.outbox
    assert digest.body.startswith("Hello Alice Bcc: all Win a price,\n")
    assert digest.to == ['"Alice Bcc: all Win a price" <alice@example.org>']
