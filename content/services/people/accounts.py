"""What people decide about themselves, and what ends with a password or an account."""

from collections.abc import Collection, Mapping

from django.db.models import F

from config.database import atomic
from content.models import User, Wallet
from content.services.people.password_mail import forget_asking
from content.services.people.tokens import revoke_all_tokens


@atomic
def update_profile(user: User, *, time_zone: str, notify: Mapping[str, str]) -> None:
    """Keep the person's time zone and, by address, which mails each of the own wallets gets.

    Addresses of other people's wallets are passed over.
    """
    User.objects.filter(pk=user.pk).update(time_zone=time_zone)
    user.time_zone = time_zone
    own = Wallet.objects.owned_by(user)
    for address, choice in notify.items():
        own.filter(pk=address).update(notify=choice)


def change_password(user: User, password: str | None) -> None:
    """Set the password, None for none that works; all tokens and sessions of the person end.

    Sessions end by themselves, since each is checked by the hash of the password.
    """
    # Slow on purpose, so not in the transaction, in which others would wait.
    user.set_password(password)
    _save_password(user)


@atomic
def _save_password(user: User) -> None:
    user.save(update_fields=["password"])
    revoke_all_tokens(user)
    forget_asking(user)


@atomic
def save_person(user: User, *, fields: Collection[str]) -> None:
    """Keep what staff edited; tokens and sessions of an account that is not active end for good."""
    user.save(update_fields=fields)
    if not user.is_active:
        end_access(user)


@atomic
def end_access(user: User) -> None:
    """End all tokens and sessions of the person, so that none comes back with the account."""
    revoke_all_tokens(user)
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
