"""The admin of batches, and the batch actions of the catalogue's admin."""

from batches.admin import (
    batches,
    catalogue,
    items,
    outbox,
    registers,
    submissions,
    templates,
    wallets,
)

__all__ = [
    "batches",
    "catalogue",
    "items",
    "outbox",
    "registers",
    "submissions",
    "templates",
    "wallets",
]
