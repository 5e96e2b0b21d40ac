"""Log-in by password, with a limit on failures, for every door.

Failures are counted by name *and* address, so that an attacker can't lock the owner out. They are
counted in the database, for all processes; only failed log-ins count.
"""

import hashlib
import re
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from content import rules
from content.errors import Invalid, TooManyLogins, WrongCredentials
from content.models import ApiToken, FailedLogin, User
from content.services.people.tokens import drop_expired_tokens

MAX_USERNAME = 150
MAX_PASSWORD = 4096


def open_token(request: HttpRequest, username: Any, password: Any) -> tuple[ApiToken, str]:
    """Return a new API token and its text, which is not stored.

    Raises Invalid, TooManyLogins and WrongCredentials.
    """
    _check_shape(username, password)
    user = check_password(request, username, password)
    drop_expired_tokens(user)
    token, text = ApiToken.objects.create(user=user)
    user_logged_in.send(sender=User, request=request, user=user)
    return token, text


def check_password(request: HttpRequest, username: str, password: str) -> User:
    """Return the user with this name and password; raises TooManyLogins and WrongCredentials."""
    refuse_to_wait(request, username)
    user = authenticate(request, username=username, password=password)
    if user is None:
        raise WrongCredentials
    return user


def refuse_to_wait(request: HttpRequest, username: str) -> None:
    """Raise TooManyLogins, with the waiting time, while this name is locked for this address."""
    if wait := seconds_to_wait(request, username):
        raise TooManyLogins(reset_seconds=wait)


class ThrottledBackend(ModelBackend):
    """Checks passwords, but refuses after too many wrong ones; used by every door."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        if request is None or username is None:
            return super().authenticate(request, username, password, **credentials)
        # Read here and counted below: concurrent guesses may exceed the limit by the number of
        # processes, but counting in advance would refuse concurrent correct passwords.
        if seconds_to_wait(request, username):
            raise PermissionDenied("Too many failed log-ins.")
        user = super().authenticate(request, username, password, **credentials)
        if user is None:
            count_failure(request, username)
        else:
            FailedLogin.objects.filter(pk=_key(request, username)).delete()
        return user


def seconds_to_wait(request: HttpRequest, username: str) -> int:
    """Seconds until this name may be tried from this address again; 0 if it may."""
    row = FailedLogin.objects.filter(
        pk=_key(request, username), failures__gte=settings.LOGIN_FAILURES, since__gt=_oldest()
    ).first()
    if row is None:
        return 0
    return max(1, round((row.since - _oldest()).total_seconds()))


def count_failure(request: HttpRequest, username: str) -> None:
    FailedLogin.objects.filter(since__lte=_oldest()).delete()
    key = _key(request, username)
    row = FailedLogin.objects.filter(pk=key)
    if row.update(failures=F("failures") + 1):
        return
    try:
        FailedLogin.objects.create(key=key, since=timezone.now())
    except IntegrityError:  # another process was first
        row.update(failures=F("failures") + 1)


def client_address(request: HttpRequest) -> str:
    """Return the client's address; for IPv6 the /64 network of one customer.

    X-Forwarded-For is trusted for TRUSTED_PROXIES entries.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.TRUSTED_PROXIES:
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        address = (
            _known(forwarded[-min(settings.TRUSTED_PROXIES, len(forwarded))].strip()) or address
        )
    return _known(address) or address  # a socket has no address


def _known(text: str) -> str:
    """Return the address or, for IPv6, the network; empty if invalid.

    Some proxies append a port, and dual stacks write IPv4 as `::ffff:192.0.2.1`.
    """
    host = re.sub(r"^\[(.*)\](:\d+)?$|^([\d.]+):\d+$", r"\1\3", text)
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((str(address), 64), strict=False))
        return str(address.ipv4_mapped)
    return str(address)


def _check_shape(username: Any, password: Any) -> None:
    values = {"username": username, "password": password}
    errors = {
        name: ["This field is required."] for name, value in values.items() if value in (None, "")
    }
    if errors:
        raise Invalid(errors=errors)
    try:
        rules.clean_text(username, minimum=1, maximum=MAX_USERNAME)
    except ValueError as error:
        errors["username"] = [str(error)]
    if not isinstance(password, str) or not 1 <= len(password) <= MAX_PASSWORD:
        errors["password"] = [f"The password must be a text of 1 to {MAX_PASSWORD} characters."]
    elif any("\ud800" <= character <= "\udfff" for character in password):
        errors["password"] = ["The password contains an incomplete character."]
    if errors:
        raise Invalid(errors=errors)


def _oldest() -> datetime:
    return timezone.now() - timedelta(minutes=settings.LOGIN_FAILURE_MINUTES)


def _key(request: HttpRequest, username: str) -> str:
    # Hashed, since users sometimes type passwords into the name field.
    text = f"{client_address(request)} {username.casefold()}"
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
