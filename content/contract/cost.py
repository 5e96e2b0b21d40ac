"""The cost of on-chain updates: transaction size and minimum fee.

Based on the format of a single-signature contract call without post-conditions (SIP-005) and
the minimum fee of one micro-STX per byte.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from content.contract import MAX_ITEMS, REMOVE_CONTENTS, UPDATE_PRICES

CONTRACT_NAME = "content-registry"
# Version, chain, authorisation, modes, the contract's address, the lengths of names and lists.
FRAME_BYTES = 143
LIST_BYTES = 5
UINT_BYTES = 17


def _tuple_bytes(*names: str) -> int:
    return 5 + sum(1 + len(name) + UINT_BYTES for name in names)


ITEM_BYTES: Mapping[str, int] = {
    UPDATE_PRICES: _tuple_bytes("content-id", "price"),
    REMOVE_CONTENTS: UINT_BYTES,
}


@dataclass(frozen=True)
class Cost:
    """Number and total size of transactions in bytes; the fee is in micro-STX."""

    items: int
    transactions: int
    size: int

    @property
    def least_fee(self) -> int:
        return self.size


def cost_of(functions: Iterable[str]) -> Cost:
    """Return the cost of one call per item, up to MAX_ITEMS in a transaction."""
    transactions = size = items = 0
    for function, count in Counter(functions).items():
        calls = -(-count // MAX_ITEMS)
        frame = FRAME_BYTES + LIST_BYTES + len(CONTRACT_NAME) + len(function)
        items += count
        transactions += calls
        size += calls * frame + count * ITEM_BYTES[function]
    return Cost(items, transactions, size)
