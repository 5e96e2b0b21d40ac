"""Users, their wallets and their API tokens."""

import zoneinfo
from collections.abc import Iterator
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from knox.models import AbstractAuthToken
from uuid_utils.compat import uuid7

from content.models.lease import LeasedQuerySet
from content.principals import clean_address


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is not a valid time zone; use the format Europe/Berlin.")


def validate_address(address: str) -> None:
    try:
        clean_address(address)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class User(AbstractUser):
    """A person who signs in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    time_zone = models.CharField(
        max_length=63,
        default="UTC",
        validators=[validate_time_zone],
        help_text="Times are shown in this zone, for example Europe/Berlin.",
    )
    # Incremented to end all sessions of this user: it is part of the session hash.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    class Meta(AbstractUser.Meta):
        permissions = [("set_staff", "Can make people staff")]

    def get_session_auth_hash(self) -> str:
        return f"{super().get_session_auth_hash()}{self._epoch_suffix}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for known in super().get_session_auth_fallback_hash():
            yield f"{known}{self._epoch_suffix}"

    @property
    def _epoch_suffix(self) -> str:
        return f".{self.session_epoch}" if self.session_epoch else ""


class WalletQuerySet(models.QuerySet["Wallet"]):
    def owned_by(self, user: User) -> Self:
        return self.filter(owner_id=user.pk)

    def creators(self) -> Self:
        return self.filter(is_creator=True)


class Wallet(models.Model):
    """An address on the Stacks chain; sellers and buyers are both wallets."""

    class Notify(models.TextChoices):
        ALWAYS = "always", "Every batch that ends"
        FAILURES = "failures", "Only batches with failed items"
        NEVER = "never", "Never"

    address = models.CharField(
        primary_key=True, max_length=64, db_column="_id", validators=[validate_address]
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="wallets",
        help_text="The user who may act for this address. Imported addresses have no owner yet.",
    )
    display_name = models.CharField(max_length=100, blank=True)
    email = models.EmailField(blank=True, help_text="Receives the mails about batches.")
    notify = models.CharField(
        "mail me about", max_length=10, choices=Notify, default=Notify.FAILURES
    )
    is_creator = models.BooleanField("creator", default=False, help_text="May sell content.")
    # The quota: batches used since then. Guarded updates only, by batches.services.quota.
    quota_used = models.PositiveIntegerField(default=0, editable=False)
    quota_since = models.DateTimeField(null=True, editable=False)

    objects = WalletQuerySet.as_manager()

    class Meta:
        ordering = ["display_name", "address"]

    def __str__(self) -> str:
        return self.display_name or self.short_address

    @property
    def short_address(self) -> str:
        return f"{self.address[:6]}…{self.address[-4:]}"


class ApiToken(AbstractAuthToken):
    """An API token, stored as a hash."""

    digest = models.CharField(primary_key=True, max_length=128, db_column="_id", editable=False)
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name or f"{self.token_key}…"


class FailedLogin(models.Model):
    """Failed log-ins of one name from one address, counted by `services.people.sign_in`.

    Also counts requests for password links from an address.
    """

    key = models.CharField(primary_key=True, max_length=64, db_column="_id")
    failures = models.PositiveIntegerField(default=1)
    since = models.DateTimeField()

    class Meta:
        # Expired rows are deleted.
        indexes = [models.Index(fields=["since"], name="content_failedlogin_since")]

    def __str__(self) -> str:
        return f"{self.failures} since {self.since}"


class PasswordMail(models.Model):
    """A mailbox for which a password link was requested, whether or not an account has it.

    Both the outbox row and the rate limit. Written by `content.services.people.password_mail` only.
    """

    # The hash of the address, case-insensitive.
    key = models.CharField(primary_key=True, max_length=64, db_column="_id")
    address = models.EmailField()
    asked = models.PositiveIntegerField(default=1)
    since = models.DateTimeField()
    # Empty after the mail is sent or abandoned.
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    objects = LeasedQuerySet["PasswordMail"].as_manager()

    class Meta:
        indexes = [
            # The sweeper.
            models.Index(fields=["due_at"], name="content_passwordmail_due"),
            # Expired rows are deleted.
            models.Index(fields=["since"], name="content_passwordmail_since"),
        ]

    def __str__(self) -> str:
        return f"{self.asked} since {self.since}"
