"""Who sees the batches, runs and templates of everybody."""

from content.models import User


def sees_all(user: User) -> bool:
    """Staff who may view batches."""
    return user.is_active and user.is_staff and user.has_perm("batches.view_batchoperation")
