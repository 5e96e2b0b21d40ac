"""The batch behind a change of an item, as far as the user may see it."""

from collections.abc import Iterable
from typing import NamedTuple

from batches.models import BatchOperation
from content.models import ContentChange, User


class Caused(NamedTuple):
    """A change, its batch if the user may see it, and whether the batch was deleted."""

    change: ContentChange
    batch: BatchOperation | None
    is_deleted: bool


def with_batches(changes: Iterable[ContentChange], user: User) -> list[Caused]:
    """Each change with its batch. Two queries at most, the second only for batches not found."""
    changes = list(changes)
    keys = {change.batch_id for change in changes if change.batch_id}
    visible = BatchOperation.objects.visible_to(user).in_bulk(list(keys)) if keys else {}
    rest = BatchOperation.objects.filter(pk__in=keys - visible.keys())
    hidden = set(rest.values_list("pk", flat=True)) if keys - visible.keys() else set()
    gone = keys - visible.keys() - hidden
    return [
        Caused(
            change,
            visible.get(change.batch_id) if change.batch_id else None,
            change.batch_id in gone,
        )
        for change in changes
    ]
