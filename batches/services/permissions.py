"""The permission rules of batches."""

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType

from batches.errors import Invalid, NotAllowed
from batches.models import BatchOperation, Submission, Template
from batches.operations import OPERATIONS, Operation
from content.models import User, Wallet


def may_run(user: User, wallet: Wallet, operation: Operation) -> bool:
    """Return True for the creator who owns the wallet, and staff who may view and run."""
    if not user.is_active:
        return False
    if wallet.owner_id == user.pk and wallet.is_creator:
        return True
    return may_run_for_others(user, operation)


def may_run_for_others(user: User, operation: Operation) -> bool:
    return (
        user.is_active
        and user.is_staff
        and user.has_perms(["content.view_content", operation.permission])
    )


def may_control(user: User, change: BatchOperation | Template) -> bool:
    """True if the user may control the batch or the template; False for an unknown kind."""
    return change.kind in OPERATIONS and may_run(user, change.creator, OPERATIONS[change.kind])


def may_control_all(user: User, submission: Submission) -> bool:
    """Return True if the user may control every batch of it, including hidden ones; one query."""
    batches = BatchOperation.objects.filter(submission=submission).select_related("creator")
    return all(may_control(user, batch) for batch in batches.only("kind", "creator"))


def wallet_to_act_for(user: User, address: str | None, operation: Operation) -> Wallet:
    """Return the wallet of a new batch; without an address the user's only creator wallet.

    Raises NotAllowed, with the same message for unknown and foreign addresses, and Invalid if
    there are several to choose from.
    """
    if address is not None:
        wallet = Wallet.objects.filter(pk=address).first()
        if wallet is None or not may_run(user, wallet, operation):
            raise NotAllowed("You may not change the content of this creator.")
        return wallet
    own = list(Wallet.objects.owned_by(user).creators().order_by()[:2])
    if len(own) == 1:
        return own[0]
    if own or may_run_for_others(user, operation):
        raise Invalid(errors={"creator": ["Specify the creator's address."]})
    raise NotAllowed("Only creators can change content.")


def create_run_permissions(**_: object) -> None:
    """Create a permission for each operation after every migrate, without a migration."""
    content_type = ContentType.objects.get_for_model(BatchOperation)
    for operation in OPERATIONS.values():
        Permission.objects.update_or_create(
            content_type=content_type,
            codename=operation.codename,
            defaults={"name": f"Can run “{operation.label}” on any creator's items"},
        )
