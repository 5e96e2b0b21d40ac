"""Creates batches: shape, then right, then quota; ids are frozen, work starts after commit."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.utils import timezone

from batches import rules
from batches.errors import Invalid, NothingOwn
from batches.models import NEVER_TOLD, BatchOperation, Follows, Source, Submission
from batches.operations import OPERATIONS, Operation
from batches.operations.base import Refused, refusal_words
from batches.queue import enqueue
from batches.rules import SKIP_FAILED
from batches.services.evaluate import evaluate_item, payload_of
from batches.services.orders.dependencies import find_parents, link
from batches.services.orders.schedule import AT_ONCE, Schedule
from batches.services.orders.schedule import FIELDS as SCHEDULE_FIELDS
from batches.services.permissions import wallet_to_act_for
from batches.services.quota import take_quota
from config.database import atomic
from content.models import Content, User, Wallet
from content.rules import clean_address

log = structlog.get_logger(__name__)

COMMON_FIELDS = (
    "creator",
    "contentIds",
    "filter",
    "expectedVersions",
    "errorPolicy",
    *SCHEDULE_FIELDS,
)


@dataclass(frozen=True)
class Order:
    """What somebody asks for, in clean values."""

    operation: Operation
    payload: dict[str, Any]
    # Empty until `freeze_selection` when the items are chosen by `filter`.
    content_ids: list[str]
    # The arguments of ContentQuerySet.matching; None when the items are named.
    filter: dict[str, Any] | None = None
    # By id; items that are not there may have any version.
    expected_versions: Mapping[str, int] = field(default_factory=dict)
    creator: str | None = None
    error_policy: str = SKIP_FAILED
    # As long as content_ids, or empty: what each item adds to the payload.
    item_payloads: list[dict[str, Any]] = field(default_factory=list)
    schedule: Schedule = AT_ONCE
    # The batch that this one tries again or puts back.
    follows: Follows | None = None
    origin: UUID | None = None

    @property
    def versions(self) -> list[int | None]:
        """The expected versions as long as content_ids, or empty when any will do."""
        expected = self.expected_versions
        return [expected.get(key) for key in self.content_ids] if expected else []


def clean_order(operation: Operation, body: Mapping[str, Any]) -> Order:
    """Check the shape of a request's body. Raises Invalid that names every wrong field."""
    errors = rules.ErrorCollector()
    attempt = errors.attempt
    for name in body:
        if name not in (*COMMON_FIELDS, *operation.payload_fields):
            errors.add(str(name)[:64], "Unknown field.")
    if has_filter := "filter" in body:
        filter_, content_ids = attempt(rules.clean_filter, body["filter"]), []
        if "contentIds" in body:
            errors.add("filter", "Give either contentIds or a filter, not both.")
    else:
        filter_, content_ids = None, attempt(rules.clean_content_ids, body.get("contentIds", []))
    versions = content_ids is not None and attempt(
        rules.clean_expected_versions,
        body.get("expectedVersions"),
        None if has_filter else content_ids,
    )
    creator = body.get("creator")
    if creator is not None:
        creator = attempt(clean_address, creator, field="creator")
    policy = attempt(rules.clean_error_policy, body.get("errorPolicy", SKIP_FAILED))
    schedule = attempt(Schedule.clean, body, operation)
    payload = attempt(
        operation.clean_payload,
        {name: body[name] for name in operation.payload_fields if name in body},
    )
    errors.raise_errors()
    return Order(
        operation,
        payload,
        content_ids,
        filter_,
        versions or {},
        creator,
        policy,
        schedule=schedule,
    )


@atomic
def create_batch(order: Order, *, by: User, source: Source) -> BatchOperation:
    """Create one batch and have it run after commit.

    Raises Invalid, NotAllowed, QuotaExceeded; then nothing is written.
    """
    wallet = wallet_to_act_for(by, order.creator, order.operation)
    order = freeze_selection(wallet, order)
    if order.follows is None:  # else the batch was asked for already, with whatever ids
        refuse_selection(wallet, order)
    find_parents(order.schedule.depends_on, by=by)
    if wallet.owner_id == by.pk:  # runs by staff don't count
        take_quota(wallet)
    return insert_batch(order, wallet=wallet, by=by, source=source)


def freeze_selection(wallet: Wallet, order: Order) -> Order:
    """Name the creator's items that an order's filter matches now.

    Raises Invalid when there is none, or more than a batch takes: never cut short silently.
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
    """Refuse when no id is the creator's own and, under `reject-all`, when any item can't be done.

    Raises NotAllowed and Invalid.
    """
    if order.error_policy == SKIP_FAILED:
        own = Content.objects.filter(creator_id=wallet.pk)
        first, *rest = order.content_ids
        # Next to always the first one answers it, at a hundredth of the cost.
        if not (own.filter(pk=first).exists() or own.filter(pk__in=rest).exists()):
            raise NothingOwn
        return
    contents = Content.objects.in_bulk(order.content_ids)
    if not any(content.creator_id == wallet.pk for content in contents.values()):
        raise NothingOwn
    now = timezone.now()
    errors = {}
    for position, content_id in enumerate(order.content_ids):
        verdict = evaluate_item(
            order.operation,
            payload_of(order, position),
            contents.get(content_id),
            creator_id=wallet.pk,
            expected_version=order.expected_versions.get(content_id),
            is_allowed=True,
            at=now,
        )
        if isinstance(verdict, Refused):
            words = refusal_words(verdict.code, verdict.parameters)
            errors[f"contentIds.{position}"] = [f"{content_id}: {words}."]
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
    """Write the row of a batch whose right and quota were checked, and have it run after commit.

    What is to wait for a time, a person or another batch is left to the sweeper.
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
        batch.queued_at = NEVER_TOLD
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


def operation_of(kind: object) -> Operation:
    """The operation of that name. Raises Invalid."""
    operation = OPERATIONS.get(kind) if isinstance(kind, str) else None
    if operation is None:
        raise Invalid(errors={"operationType": [f"Choose one of: {', '.join(OPERATIONS)}."]})
    return operation
