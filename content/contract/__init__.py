"""The only door to the smart contract: what concerns it, and who speaks to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

UPDATE_PRICES = "update-content-prices"
REMOVE_CONTENTS = "remove-contents"
MAX_ITEMS = 100


class CallRefused(Exception):
    """The contract will never take this call; trying again can't help."""


class CallDelayed(Exception):
    """The chain could not be reached or asks to wait; trying again can help."""


@dataclass(frozen=True)
class Receipt:
    """What the chain says of a transaction: one answer an item, None where it went well."""

    tx_id: str
    is_settled: bool
    errors: Sequence[str | None] = field(default_factory=list)


class Contract(Protocol):
    """A way to the contract. Both methods use the network: never call them in a transaction."""

    name: str

    def send(self, *, call_id: str, function: str, arguments: list[dict[str, int]]) -> str:
        """Send one transaction and return its id; the same call again gives the same one.

        Raises CallRefused or CallDelayed.
        """

    def receipt(self, tx_id: str) -> Receipt:
        """What became of a transaction. Raises CallDelayed."""


def get_contract() -> Contract | None:
    """The client that CONTRACT_CLIENT names; None when the chain is off."""
    if settings.CONTRACT_CLIENT == "off":
        return None
    if settings.CONTRACT_CLIENT == "sandbox":
        from content.contract.sandbox import Sandbox

        return Sandbox()
    raise ImproperlyConfigured(
        f"CONTRACT_CLIENT is {settings.CONTRACT_CLIENT!r}; use sandbox or off."
    )


def call_for(onchain_id: int | None, after: Mapping[str, Any]) -> tuple[str, dict[str, int]] | None:
    """The function and the arguments that tell the chain of a change; None if nothing is to tell.

    Metadata and restoring have no on-chain part.
    """
    if onchain_id is None:
        return None
    if after.get("is_removed"):
        return REMOVE_CONTENTS, {"content-id": onchain_id}
    if "price" in after:
        return UPDATE_PRICES, {"content-id": onchain_id, "price": after["price"]}
    return None
