"""Users with wallets and items."""

import hashlib

import factory
from factory.django import DjangoModelFactory

from content.models import Content, User, Wallet
from content.principals import c32_address
from content.services.catalogue.changes import add_contents

PASSWORD = "correct horse battery"


def address_of(name: str) -> str:
    """A valid address that depends on nothing but the name."""
    return c32_address(22, hashlib.sha256(name.encode()).digest()[:20])


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.django.Password(PASSWORD)


class WalletFactory(DjangoModelFactory):
    class Meta:
        model = Wallet

    display_name = factory.Sequence(lambda number: f"Wallet {number}")
    address = factory.LazyAttribute(lambda wallet: address_of(wallet.display_name))
    email = factory.LazyAttribute(
        lambda wallet: f"{wallet.display_name.lower().replace(' ', '.')}@example.org"
    )
    is_creator = True


_number = iter(range(1, 10**9))


def make_contents(wallet: Wallet, count: int = 1, **fields: object) -> list[Content]:
    """So many items at 1 STX, 2 STX, …; `fields` override, a callable gets the item's number."""
    contents = []
    for position in range(count):
        number = next(_number)
        values: dict[str, object] = {
            "content_id": f"item-{number}",
            "title": f"Item {number}",
            "price": (position + 1) * 1_000_000,
            "content_type": "video",
            "url": f"https://media.example.org/{number}",
        }
        for name, value in fields.items():
            values[name] = value(number) if callable(value) else value
        contents.append(Content(creator=wallet, **values))
    add_contents(contents, by=None, cause="import")
    return contents
