"""Profile settings, and ending sessions and tokens with a password or an account."""

from collections.abc import Collection, Mapping

from django.db.models import F

from config.database import atomic
from content.models import User, Wallet
from content.services.people.password_mail import reset_link_limit
from content.services.people.tokens import revoke_all_tokens


@atomic
def update_profile(user: User, *, time_zone: str, notify: Mapping[str, str]) -> None:
    """Save the user's time zone and, by address, the mail setting of each wallet.

    Ignores wallets of other users.
    """
    User.objects.filter(pk=user.pk).update(time_zone=time_zone)
    user.time_zone = time_zone
    own = Wallet.objects.owned_by(user)
    for address, choice in notify.items():
        own.filter(pk=address).update(notify=choice)


def change_password(user: User, password: str | None) -> None:
    """Set the password, None for an unusable one, and end all tokens and sessions of the user.

    Sessions end because their hash includes the password.
    """
    # Hashing is slow on purpose, so it stays outside of the transaction.
    user.set_password(password)
    _save_password(user)


@atomic
def _save_password(user: User) -> None:
    user.save(update_fields=["password"])
    revoke_all_tokens(user)
    reset_link_limit(user)


@atomic
def save_person(user: User, *, fields: Collection[str]) -> None:
    """Save the edited user; permanently end tokens and sessions of an inactive account."""
    user.save(update_fields=fields)
    if not user.is_active:
        end_access(user)


@atomic
def end_access(user: User) -> None:
    """End all tokens and sessions of the user, so that none works again after reactivation."""
    revoke_all_tokens(user)
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
