"""The interface to the smart contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

UPDATE_PRICES = "update-content-prices"
REMOVE_CONTENTS = "remove-contents"
MAX_ITEMS = 100


class CallRefused(Exception):
    """The contract refuses this call; a retry can't help."""


class CallDelayed(Exception):
    """The chain is unreachable or asks to wait; a retry can help."""


@dataclass(frozen=True)
class Receipt:
    """The state of a transaction: one answer per item, None for success."""

    tx_id: str
    is_settled: bool
    errors: Sequence[str | None] = field(default_factory=list)


class Contract(Protocol):
    """A client of the contract. Both methods use the network: never call them in a transaction."""

    name: str

    def send(self, *, call_id: str, function: str, arguments: list[dict[str, int]]) -> str:
        """Send one transaction and return its id; repeating the call returns the same id.

        Raises CallRefused or CallDelayed.
        """

    def receipt(self, tx_id: str) -> Receipt:
        """Return the state of a transaction. Raises CallDelayed."""


def get_contract() -> Contract | None:
    """Return the client selected by CONTRACT_CLIENT; None if the chain is off."""
    if settings.CONTRACT_CLIENT == "off":
        return None
    if settings.CONTRACT_CLIENT == "sandbox":
        from content.contract.sandbox import Sandbox

        return Sandbox()
    raise ImproperlyConfigured(
        f"CONTRACT_CLIENT is {settings.CONTRACT_CLIENT!r}; use sandbox or off."
    )


def call_for(onchain_id: int | None, after: Mapping[str, Any]) -> tuple[str, dict[str, int]] | None:
    """Return the function and arguments of a change's on-chain update; None if none is needed.

    Metadata and restoring have no on-chain part.
    """
    if onchain_id is None:
        return None
    if after.get("is_removed"):
        return REMOVE_CONTENTS, {"content-id": onchain_id}
    if "price" in after:
        return UPDATE_PRICES, {"content-id": onchain_id, "price": after["price"]}
    return None
