"""Create accounts with wallets, for the demo and manual set-ups."""

import hashlib

from django.contrib.auth.models import Permission

from content.models import User, Wallet
from content.principals import c32_address

TESTNET = 26


def make_person(
    username: str,
    password: str,
    *,
    is_staff: bool = False,
    sells: bool | None = None,
    resets: bool = True,
) -> User:
    """Create an account with that password and, unless `sells` is None, a wallet; safe to repeat.

    Without `resets` the password of an existing account stays unchanged.
    """
    user, is_new = User.objects.get_or_create(
        username=username, defaults={"email": f"{username}@example.org", "is_staff": is_staff}
    )
    if (is_new or resets) and not user.check_password(password):
        user.set_password(password)
        user.save()
    if sells is not None:
        digest = hashlib.sha256(f"demo:{username}".encode()).digest()
        Wallet.objects.get_or_create(
            address=c32_address(TESTNET, digest[:20]),
            defaults={
                "owner": user,
                "display_name": username.title(),
                "email": user.email,
                "is_creator": sells,
            },
        )
    return user


def grant(user: User, codenames: list[str]) -> None:
    """Grant the permissions with these names."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
