"""Makes batches wait for others; `dependents` tells them how those ended."""

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
# Longer chains are refused rather than followed.
DEEPEST = 100


def find_parents(links: Links, *, by: User) -> None:
    """Raises Invalid that names each link to a batch that is not there for this person."""
    if not links:
        return
    keys = [key for key, _ in links]
    visible = BatchOperation.objects.visible_to(by).filter(pk__in=keys)
    found = set(visible.values_list("pk", flat=True))
    errors = {
        f"dependsOn.{position}": ["There is no such batch of yours."]
        for position, key in enumerate(keys)
        if key not in found
    }
    if errors:
        raise Invalid(errors=errors)


def link(batch: BatchOperation, links: Links) -> None:
    """Make a batch, whose `waits_for` counts these links already, wait. Call it in its transaction.

    What has ended already is settled right after the commit.
    """
    keys = [key for key, _ in links]
    # First, so that a batch that ends at this moment waits for us, or is seen as ended below.
    # They count as updated: whoever polls one by its ETag is told who waits for it.
    BatchOperation.objects.filter(pk__in=keys).update(is_awaited=True, updated_at=timezone.now())
    Dependency.objects.bulk_create(
        Dependency(batch=batch, parent_id=key, when=when) for key, when in links
    )
    for key in BatchOperation.objects.finished().filter(pk__in=keys).values_list("pk", flat=True):
        enqueue("batches.settle_dependents", str(key))


@atomic
def depend_on(batch: BatchOperation, links: Links, *, by: User) -> BatchOperation:
    """Replace what a batch waits for, as long as it has not begun; [] for nothing.

    Raises Invalid for batches that are not there and for a circle, which it names, and
    InvalidTransition. Returns the batch as it stands then; the object passed in stays as it was,
    since the transaction around may be repeated.
    """
    find_parents(links, by=by)
    row = BatchOperation.objects.filter(pk=batch.pk)
    pending = row.filter(status=Status.PENDING)
    if not pending.update(waits_for=len(links), updated_at=timezone.now()):
        raise InvalidTransition(row.get().status, "made to wait for others")
    _refuse_circle(batch, [key for key, _ in links])
    former = Dependency.objects.filter(batch=batch)
    parents = BatchOperation.objects.filter(pk__in=list(former.values_list("parent_id", flat=True)))
    parents.update(updated_at=timezone.now())
    former.delete()
    link(batch, links)
    changed = row.select_related("creator").get()
    dispatch_ready([changed])
    return changed


def _refuse_circle(batch: BatchOperation, parents: Sequence[UUID]) -> None:
    """Raises Invalid when one of them waits for the batch itself, by whatever way."""
    # Each batch that was come upon, with the one that waits for it.
    waits: dict[UUID, UUID] = dict.fromkeys(parents, batch.pk)
    found = list(parents)
    for _ in range(DEEPEST):  # a query for each step up, not for each batch
        if batch.pk in waits:
            raise Invalid(errors={"dependsOn": [f"This is a circle: {_way(batch, waits)}."]})
        if not found:
            return
        # Whoever changes what one of these waits for wrote to its row first, as we do now. So of
        # two who would close a circle between them one waits, and then sees the other's link.
        pending = BatchOperation.objects.filter(pk__in=found, status=Status.PENDING)
        pending.update(updated_at=timezone.now())
        links = Dependency.objects.waiting().filter(batch_id__in=found)
        above = list(links.values_list("batch_id", "parent_id"))
        found = [parent for _, parent in above if parent not in waits]
        waits |= {parent: child for child, parent in above if parent not in waits}
    raise Invalid(errors={"dependsOn": [f"This chain has more than {DEEPEST} links."]})


def _way(batch: BatchOperation, waits: dict[UUID, UUID]) -> str:
    """`Update price +10 % → Remove content → Update price +10 %`, each with the end of its id."""
    keys = [batch.pk]
    while len(keys) == 1 or keys[-1] != batch.pk:
        keys.append(waits[keys[-1]])
    named = BatchOperation.objects.in_bulk(keys)
    return " → ".join(f"{describe(named[key])} ({str(key)[-6:]})" for key in keys)
