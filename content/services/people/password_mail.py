"""Mails with password links: requested at a page, sent by a worker.

Requests do not disclose accounts: known and unknown addresses write the same row and get the same
answer in the same time, without contacting the mail server.
"""

import hashlib
import unicodedata
from datetime import timedelta
from email.utils import formataddr
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError
from django.db.models import F
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from content.errors import TooManyLinks
from content.models import PasswordMail, User
from content.models.lease import back_off
from content.services.people.sign_in import count_failure, seconds_to_wait

log = structlog.get_logger(__name__)


class LinkTokens(PasswordResetTokenGenerator):
    """Like Django's, but a link stays valid after a sign-in; only a new password invalidates it."""

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        return f"{user.pk}{user.password}{timestamp}{getattr(user, 'email', '')}"


links = LinkTokens()

# The number of mails to one mailbox within an hour, the lifetime of a link.
MAILS_AN_HOUR = 3
HOUR = timedelta(hours=1)
# The lease of a worker on a mail.
LEASE = timedelta(seconds=120)
FIRST_DELAY = timedelta(seconds=15)
MAX_AT_ONCE = 100
MAX_ACCOUNTS = 20
# Counted in place of a user name, which can't contain spaces.
LINK_REQUESTS = "requested a new password"


def request_link(request: HttpRequest, address: str) -> None:
    """Queue a mail with a link to the accounts with this address, if any.

    After MAILS_AN_HOUR nothing more is sent, without an error: the sent links are still valid.
    Raises TooManyLinks after too many requests from one network.
    """
    if wait := seconds_to_wait(request, LINK_REQUESTS):
        raise TooManyLinks(reset_seconds=wait)
    count_failure(request, LINK_REQUESTS)
    key = _key(address)
    if _queue_again(key) or PasswordMail.objects.filter(pk=key).exists():
        return
    now = timezone.now()
    try:
        PasswordMail.objects.create(key=key, address=address, since=now, due_at=now)
    except IntegrityError:  # another process was first
        _queue_again(key)


def reset_link_limit(user: User) -> None:
    """Reset the limit after a new password, which invalidated all links."""
    PasswordMail.objects.filter(pk=_key(user.email)).delete()


def send_password_mails() -> int:
    """Send due mails, oldest first; returns how many were tried. Never call it in a transaction."""
    PasswordMail.objects.filter(since__lte=timezone.now() - HOUR, due_at=None).delete()
    due = PasswordMail.objects.due().order_by("due_at").values_list("pk", flat=True)
    return sum(_send(key) for key in list(due[:MAX_AT_ONCE]))


def people_with(address: str) -> list[User]:
    """Active users with a password and this address, case-insensitive."""
    found = User.objects.filter(email__iexact=address, is_active=True).order_by("username")
    return [
        user
        for user in found[:MAX_ACCOUNTS]
        if _plain(user.email) == _plain(address) and user.has_usable_password()
    ]


def build_mail(mail: PasswordMail, people: list[User]) -> EmailMultiAlternatives:
    """One mail with a link for each account; retries keep the Message-ID."""
    host = urlsplit(settings.SITE_URL).hostname
    context: dict[str, Any] = {
        "accounts": [(user.get_username(), _link_for(user)) for user in people],
        "subject": f"Your new password for {settings.SITE_NAME}",
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
    }
    number = f"{int(mail.since.timestamp())}.{mail.asked}"
    built = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string("content/mail/new_password.txt", context),
        to=[formataddr(("", people[0].email))],
        headers={"Message-ID": f"<password.{mail.key[:32]}.{number}@{host}>"},
    )
    html = render_to_string("content/mail/new_password.html", context)
    built.attach_alternative(html, "text/html")
    return built


def _queue_again(key: str) -> bool:
    """Return True if the mailbox has a row and is below the limit."""
    now = timezone.now()
    row, again = PasswordMail.objects.filter(pk=key), {"due_at": now, "attempts": 0}
    if row.filter(since__gt=now - HOUR, asked__lt=MAILS_AN_HOUR).update(
        asked=F("asked") + 1, **again
    ):
        return True
    return bool(row.filter(since__lte=now - HOUR).update(asked=1, since=now, **again))


def _send(key: str) -> bool:
    row = PasswordMail.objects.filter(pk=key)
    if not (lease := row.lease(LEASE)):
        return False
    # Requested again while it was being sent: it has another time and stays due.
    ours = row.filter(due_at=lease)
    mail = row.get()
    try:
        if people := people_with(mail.address):
            build_mail(mail, people).send()
            log.info("password_mail_sent", key=key[:12])
    except Exception as error:
        # Mail backends raise anything, from a refused connection to an unknown host.
        next_at = timezone.now() + back_off(mail.attempts, first=FIRST_DELAY, longest=HOUR)
        is_over = next_at > mail.since + HOUR
        ours.update(due_at=None if is_over else next_at, attempts=F("attempts") + 1)
        log.warning("password_mail_postponed", key=key[:12], is_over=is_over, error=str(error))
    else:
        ours.update(due_at=None)
    return True


def _link_for(user: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = links.make_token(user)
    return f"{settings.SITE_URL}{reverse('password-reset-confirm', args=[uid, token])}"


def _key(address: str) -> str:
    return hashlib.sha256(_plain(address).encode(errors="replace")).hexdigest()


def _plain(address: str) -> str:
    return unicodedata.normalize("NFKC", address).casefold()
