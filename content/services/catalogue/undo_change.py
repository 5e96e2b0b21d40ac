"""Undoes one change of one item, if nobody has changed the item since."""

from collections.abc import Mapping
from typing import Any

from content.errors import NotAllowed, Removed, StaleVersion
from content.models import Content, ContentChange, User
from content.services.catalogue.changes import change_content, from_history
from content.services.catalogue.items import EDITABLE, NOT_YOURS, may_edit

CAUSE = "put-back"
# The fields that owners may edit; others require staff who may change content.
OWN_FIELDS = frozenset(field for field, _ in EDITABLE.values())


def undo_change(change: ContentChange, *, by: User) -> Content:
    """Restore the item's values before this change, as a new change.

    Raises NotAllowed as for editing the item, StaleVersion if it was changed since, and Removed
    if another change removed it.
    """
    content = change.content
    if not may_undo_change(by, content, change):
        raise NotAllowed(NOT_YOURS)

    def after(found: Content) -> Mapping[str, Any]:
        # Check the locked row: others may have written since it was read.
        if found.creator_id != content.creator_id:
            raise NotAllowed(NOT_YOURS)
        if found.version != change.version:
            raise StaleVersion("This item has changed since, so it was not undone.")
        if found.is_removed and "is_removed" not in change.before:
            raise Removed(removed_at=found.removed_at, removal_reason=found.removal_reason)
        return from_history(change.before)

    return change_content(content.pk, after, version=None, by=by, cause=CAUSE)


def may_undo_change(user: User, content: Content, change: ContentChange) -> bool:
    """Return True if the user may edit all changed fields; never for the item's creation."""
    if not change.before or not may_edit(user, content):
        return False
    return change.before.keys() <= OWN_FIELDS or _may_change_all(user)


def _may_change_all(user: User) -> bool:
    return user.is_staff and user.has_perm("content.change_content")
