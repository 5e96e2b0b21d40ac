"""Finds the wallet named on a command line or in a file."""

from content.errors import Invalid
from content.models import User, Wallet
from content.principals import clean_address


def find_creator(name: str, *, make: bool = True) -> Wallet:
    """Return the creator's wallet with this address, or the only one of the user with this name.

    A new address becomes a creator's wallet without an owner; staff assign one later. Without
    `make` it is not stored. Raises Invalid.
    """
    try:
        address = clean_address(name)
    except ValueError as error:
        return _wallet_of_user(name, why_no_address=str(error))
    wallet = Wallet.objects.filter(pk=address).first()
    if wallet is None:
        wallet = Wallet(address=address, is_creator=True)
        if make:
            wallet.save(force_insert=True)
    if not wallet.is_creator:
        words = f"{name} is a buyer's address. Specify a creator's address."
        raise Invalid(words, errors={"creator": ["Missing creator."]})
    return wallet


def _wallet_of_user(name: str, *, why_no_address: str) -> Wallet:
    user = User.objects.filter(username=name).first()
    if user is None:
        words = f"{name[:64]!r} is not a user name, and as an address: {why_no_address}"
        raise Invalid(words, errors={"creator": [words]})
    wallets = list(Wallet.objects.owned_by(user).creators()[:20])
    if len(wallets) == 1:
        return wallets[0]
    words = (
        f"{name} has several addresses; name one of: {', '.join(w.pk for w in wallets)}."
        if wallets
        else f"{name} has no creator's address. Specify an address, or add a wallet for {name} "
        "in the admin, with “Creator” ticked."
    )
    raise Invalid(words, errors={"creator": [words]})
