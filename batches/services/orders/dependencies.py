"""Creates dependencies between batches; `engine.settle` settles them."""

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone

from batches.errors import Invalid, InvalidTransition
from batches.models import BatchOperation, Dependency, Status
from batches.operations import describe
from batches.queue import enqueue
from batches.services.dispatch import dispatch_ready
from config.database import atomic
from content.models import User

Links = Sequence[tuple[UUID, str]]
# Deeper graphs are refused.
MAX_DEPTH = 100


def find_parents(links: Links, *, by: User) -> None:
    """Raises Invalid that names each link to a batch that this user can't see."""
    if not links:
        return
    keys = [key for key, _ in links]
    visible = BatchOperation.objects.visible_to(by).filter(pk__in=keys)
    found = set(visible.values_list("pk", flat=True))
    errors = {
        f"dependsOn.{position}": ["You have no batch with this id."]
        for position, key in enumerate(keys)
        if key not in found
    }
    if errors:
        raise Invalid(errors=errors)


def link(batch: BatchOperation, links: Links) -> None:
    """Insert the links of a batch whose `waits_for` already counts them, in its transaction.

    Parents that have already ended are settled after the commit.
    """
    keys = [key for key, _ in links]
    # First, so that a parent that ends now waits for this transaction, or is seen as ended below.
    # This also changes the parents' ETag, since their answers list the dependents.
    BatchOperation.objects.filter(pk__in=keys).update(is_awaited=True, updated_at=timezone.now())
    Dependency.objects.bulk_create(
        Dependency(batch=batch, parent_id=key, when=when) for key, when in links
    )
    for key in BatchOperation.objects.finished().filter(pk__in=keys).values_list("pk", flat=True):
        enqueue("batches.settle_dependents", str(key))


@atomic
def depend_on(batch: BatchOperation, links: Links, *, by: User) -> BatchOperation:
    """Replace the dependencies of a pending batch; [] for none.

    Raises Invalid for unknown batches and for a cycle, which it names, and InvalidTransition.
    Returns the changed batch; the object passed in stays unchanged, since the transaction may be
    repeated.
    """
    # A link that exists may stay, also to a batch that this person can't see.
    known = set(Dependency.objects.filter(batch=batch).values_list("parent_id", flat=True))
    find_parents([link for link in links if link[0] not in known], by=by)
    row = BatchOperation.objects.filter(pk=batch.pk)
    pending = row.filter(status=Status.PENDING)
    if not pending.update(waits_for=len(links), updated_at=timezone.now()):
        raise InvalidTransition(row.get().status, "given new dependencies")
    _refuse_cycle(batch, [key for key, _ in links])
    former = Dependency.objects.filter(batch=batch)
    parents = BatchOperation.objects.filter(pk__in=list(former.values_list("parent_id", flat=True)))
    parents.update(updated_at=timezone.now())
    former.delete()
    link(batch, links)
    changed = row.select_related("creator").get()
    dispatch_ready([changed])
    return changed


def _refuse_cycle(batch: BatchOperation, parents: Sequence[UUID]) -> None:
    """Raises Invalid if one of them waits for the batch itself, directly or indirectly."""
    # Maps each visited batch to the one that waits for it.
    waits: dict[UUID, UUID] = dict.fromkeys(parents, batch.pk)
    found = list(parents)
    for _ in range(MAX_DEPTH):  # one query for each level, not for each batch
        if batch.pk in waits:
            raise Invalid(errors={"dependsOn": [f"This is a cycle: {_path(batch, waits)}."]})
        if not found:
            return
        # Every change of dependencies writes to the batch's row first. So of two transactions that
        # would close a cycle together, one waits and then sees the other's link.
        pending = BatchOperation.objects.filter(pk__in=found, status=Status.PENDING)
        pending.update(updated_at=timezone.now())
        links = Dependency.objects.waiting().filter(batch_id__in=found)
        above = list(links.values_list("batch_id", "parent_id"))
        found = [parent for _, parent in above if parent not in waits]
        waits |= {parent: child for child, parent in above if parent not in waits}
    raise Invalid(errors={"dependsOn": [f"The dependency graph is deeper than {MAX_DEPTH} links."]})


def _path(batch: BatchOperation, waits: dict[UUID, UUID]) -> str:
    """`Update price +10 % → Remove content → Update price +10 %`, each with the end of its id."""
    keys = [batch.pk]
    while len(keys) == 1 or keys[-1] != batch.pk:
        keys.append(waits[keys[-1]])
    named = BatchOperation.objects.in_bulk(keys)
    return " → ".join(f"{describe(named[key])} ({str(key)[-6:]})" for key in keys)
