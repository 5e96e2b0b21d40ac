"""Split a submission into batches: by creator, by origin and by BATCH_MAX_ITEMS."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from django.conf import settings

from batches.errors import NothingOwn
from batches.models import BatchOperation, Follows, Submission
from batches.operations import operation_for
from batches.services.orders.order import Order
from batches.services.orders.schedule import Schedule
from batches.services.permissions import may_run
from content.models import Content, Wallet


def contents_of(submission: Submission) -> dict[str, Content]:
    """Read its items as they are now: up to ten thousand, so read them once and pass them on."""
    return Content.objects.in_bulk(submission.content_ids)


def batches_needed(
    submission: Submission, contents: Mapping[str, Content] | None = None
) -> dict[Wallet, int]:
    """Count the batches that confirming creates, by creator."""
    contents = contents_of(submission) if contents is None else contents
    groups = groups_of(submission, contents)
    return {wallet: len(list(_parts(submission, keys))) for wallet, keys in groups}


def items_by_creator(submission: Submission, contents: Mapping[str, Content]) -> dict[Wallet, int]:
    """Count the items of each creator's batches."""
    return {wallet: len(keys) for wallet, keys in groups_of(submission, contents)}


def groups_of(
    submission: Submission, contents: Mapping[str, Content]
) -> list[tuple[Wallet, list[str]]]:
    """Group the ids by creator, for the creators that the user may act for.

    A retry or an undo belongs to the creator of its batch, even if someone else owns the item now.
    Unknown and foreign ids are added to the first creator, whose batch reports `not-found` for
    them. Raises NotAllowed if the user may act for none of the creators.
    """
    operation = operation_for(submission)
    if submission.origins:
        creator_of = _creators_of_origins(submission)
    else:
        creator_of = {key: content.creator_id for key, content in contents.items()}
    wallets = Wallet.objects.in_bulk(set(creator_of.values()))
    groups: dict[str, list[str]] = {}
    allowed = {
        address for address, wallet in wallets.items() if may_run(submission.by, wallet, operation)
    }
    for key in submission.content_ids:
        if creator_of.get(key) in allowed:
            groups.setdefault(creator_of[key], []).append(key)
    if not groups:
        raise NothingOwn
    grouped = {key for keys in groups.values() for key in keys}
    next(iter(groups.values())).extend(key for key in submission.content_ids if key not in grouped)
    return [(wallets[address], keys) for address, keys in groups.items()]


def _creators_of_origins(submission: Submission) -> dict[str, str]:
    origins = [UUID(key) for key in submission.origins]
    rows = BatchOperation.objects.filter(pk__in=list(set(origins)))
    creators = dict(rows.values_list("pk", "creator_id"))
    return {
        key: creators[origin]
        for key, origin in zip(submission.content_ids, origins, strict=True)
        if origin in creators
    }


def orders_of(submission: Submission, keys: list[str]) -> list[Order]:
    """Return the orders for one creator's part of a submission."""
    place = {key: position for position, key in enumerate(submission.content_ids)}
    operation, payloads = operation_for(submission), submission.item_payloads
    schedule = Schedule.of_submission(submission)
    orders = []
    for origin, part in _parts(submission, keys):
        versions = {key: submission.versions[place[key]] for key in part}
        order = Order(
            operation,
            submission.payload,
            part,
            expected_versions={key: found for key, found in versions.items() if found is not None},
            item_payloads=[payloads[place[key]] for key in part] if payloads else [],
            schedule=schedule,
            follows=Follows(submission.follows) if submission.follows else None,
            origin=origin,
        )
        orders.append(order)
    return orders


def _parts(submission: Submission, keys: list[str]) -> Iterator[tuple[UUID | None, list[str]]]:
    """Yield the ids of each batch: at most BATCH_MAX_ITEMS, all from the same origin."""
    origin_of = dict(zip(submission.content_ids, submission.origins, strict=False))
    by_origin: dict[str | None, list[str]] = {}
    for key in keys:
        by_origin.setdefault(origin_of.get(key), []).append(key)
    size = settings.BATCH_MAX_ITEMS
    for origin, group in by_origin.items():
        for start in range(0, len(group), size):
            yield UUID(origin) if origin else None, group[start : start + size]
