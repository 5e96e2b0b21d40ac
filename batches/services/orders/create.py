"""Creates batches: validation, permission, quota; ids are frozen, work starts after commit."""

from dataclasses import replace

import structlog
from django.conf import settings
from django.utils import timezone

from batches.errors import Invalid, NothingOwn
from batches.models import NEVER_QUEUED, BatchOperation, Follows, Source, Submission
from batches.operations.base import Refused, refusal_words
from batches.queue import enqueue
from batches.rules import SKIP_FAILED
from batches.services.evaluate import evaluate_all
from batches.services.orders.dependencies import find_parents, link
from batches.services.orders.order import Order
from batches.services.permissions import wallet_to_act_for
from batches.services.quota import take_quota
from config.database import atomic
from content.models import Content, User, Wallet

log = structlog.get_logger(__name__)


@atomic
def create_batch(order: Order, *, by: User, source: Source) -> BatchOperation:
    """Create one batch and run it after commit.

    Raises Invalid, NotAllowed, QuotaExceeded; then nothing is written.
    """
    wallet = wallet_to_act_for(by, order.creator, order.operation)
    order = freeze_selection(wallet, order)
    if order.follows is None:  # else the order was already frozen
        refuse_selection(wallet, order)
    find_parents(order.schedule.depends_on, by=by)
    if wallet.owner_id == by.pk:  # runs by staff don't count
        take_quota(wallet)
    return insert_batch(order, wallet=wallet, by=by, source=source)


def freeze_selection(wallet: Wallet, order: Order) -> Order:
    """Replace an order's filter by the ids of the creator's items that match now.

    Raises Invalid if none match, or more than a batch takes: never truncates silently.
    """
    if order.filter is None:
        return order
    most = settings.BATCH_MAX_ITEMS
    matching = Content.objects.by_creator(wallet.pk).matching(**order.filter)
    content_ids = list(matching.values_list("pk", flat=True)[: most + 1])
    if not content_ids:
        raise Invalid(errors={"filter": ["None of the creator's items matches."]})
    if len(content_ids) > most:
        words = f"{matching.count():,} items match, and a batch takes {most:,}: narrow the filter."
        raise Invalid(words, errors={"filter": [words]})
    return replace(order, content_ids=content_ids)


def refuse_selection(wallet: Wallet, order: Order) -> None:
    """Refuse if no id is the creator's own and, under `reject-all`, if any item can't be changed.

    Raises NotAllowed and Invalid.
    """
    if order.error_policy == SKIP_FAILED:
        own = Content.objects.filter(creator_id=wallet.pk)
        first, *rest = order.content_ids
        # Fast path: almost always this query succeeds, at a hundredth of the cost.
        if not (own.filter(pk=first).exists() or own.filter(pk__in=rest).exists()):
            raise NothingOwn
        return
    contents = Content.objects.in_bulk(order.content_ids)
    if not any(content.creator_id == wallet.pk for content in contents.values()):
        raise NothingOwn
    verdicts = evaluate_all(
        order.operation,
        order,
        contents,
        creator_of=lambda key: wallet.pk,
        versions=order.versions,
    )
    errors = {
        f"contentIds.{position}": [f"{key}: {refusal_words(verdict.code, verdict.parameters)}."]
        for position, (key, verdict) in enumerate(verdicts.items())
        if isinstance(verdict, Refused)
    }
    if errors:
        raise Invalid(
            f"{len(errors)} of {len(order.content_ids)} items can't be changed.", errors=errors
        )


def insert_batch(
    order: Order,
    *,
    wallet: Wallet,
    by: User,
    source: Source,
    submission: Submission | None = None,
) -> BatchOperation:
    """Insert a batch after permission and quota were checked, and run it after commit.

    A blocked batch is left to the sweeper.
    """
    now, schedule = timezone.now(), order.schedule
    batch = BatchOperation(
        creator=wallet,
        requested_by=by,
        source=source,
        kind=order.operation.kind,
        payload=order.payload,
        content_ids=order.content_ids,
        expected_versions=order.versions,
        item_payloads=order.item_payloads,
        total_items=len(order.content_ids),
        scheduled_for=schedule.scheduled_for,
        until=schedule.until,
        is_paused=schedule.is_paused,
        waits_for=len(schedule.depends_on),
        retry_of_id=order.origin if order.follows == Follows.RETRY else None,
        undo_of_id=order.origin if order.follows == Follows.UNDO else None,
        submission=submission,
        queued_at=now,
        created_at=now,
        updated_at=now,
    )
    if is_blocked := batch.is_blocked:
        batch.queued_at = NEVER_QUEUED
    batch.save(force_insert=True)
    if schedule.depends_on:
        link(batch, schedule.depends_on)
    if not is_blocked:
        enqueue("batches.run_batch", str(batch.pk))
    log.info(
        "batch_created",
        batch_id=str(batch.pk),
        operation=batch.kind,
        creator=wallet.pk,
        by=str(by.pk),
        source=str(source),
        items=batch.total_items,
        for_somebody_else=wallet.owner_id != by.pk,
    )
    return batch
