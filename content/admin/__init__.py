"""The admin of people, catalogue and chain. batches.admin extends it."""

from content.admin import catalogue, chain, changes, people

__all__ = ["catalogue", "chain", "changes", "people"]
