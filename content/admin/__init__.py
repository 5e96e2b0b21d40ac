"""The admin of people, catalogue and chain. What batches add to it is in batches.admin."""

from content.admin import catalogue, chain, changes, people

__all__ = ["catalogue", "chain", "changes", "people"]
