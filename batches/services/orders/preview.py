"""What a change would do: the same evaluation as when it runs, nothing written, no quota used."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from batches.models import BatchItem, BatchOperation
from batches.operations import Operation, known_operation
from batches.operations.base import Alter, Refused, Unchanged, Verdict, refusal_words
from batches.services.evaluate import Frozen, evaluate_all
from batches.services.orders.create import freeze_selection, refuse_selection
from batches.services.orders.order import Order
from batches.services.permissions import may_run, wallet_to_act_for
from content.contract import call_for
from content.contract.cost import Cost, cost_of
from content.models import Content, User, Wallet


@dataclass(frozen=True)
class PreviewItem:
    """The preview of one item; `version` is the item's version it is based on."""

    content_id: str
    outcome: BatchItem.Outcome
    words: str
    title: str = ""
    code: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    version: int | None = None
    # The contract function of the on-chain update, if any.
    call: str = ""


@dataclass(frozen=True)
class Moves:
    """Price changes in micro-STX: the smallest, the largest and the mean."""

    smallest: int
    largest: int
    mean: int


@dataclass(frozen=True)
class Preview:
    """The preview of a selection, in its order."""

    items: Sequence[PreviewItem]
    verb: str = "Change"

    @property
    def afters(self) -> list[dict[str, Any]]:
        """The new values of each item that would change."""
        return [item.after for item in self.items if item.after is not None]

    @property
    def changing(self) -> list[PreviewItem]:
        return [item for item in self.items if item.outcome == BatchItem.Outcome.SUCCEEDED]

    @property
    def refused(self) -> list[PreviewItem]:
        return [item for item in self.items if item.outcome == BatchItem.Outcome.FAILED]

    def count(self, outcome: BatchItem.Outcome) -> int:
        return sum(item.outcome == outcome for item in self.items)

    @property
    def change_count(self) -> int:
        return self.count(BatchItem.Outcome.SUCCEEDED)

    @property
    def unchanged_count(self) -> int:
        return self.count(BatchItem.Outcome.UNCHANGED)

    @property
    def failure_count(self) -> int:
        return self.count(BatchItem.Outcome.FAILED)

    @property
    def moves(self) -> Moves | None:
        """Over the items whose price would change; None if there are none."""
        changes = sorted(
            item.after["price"] - item.before["price"]
            for item in self.items
            if item.before and item.after and "price" in item.after
        )
        if not changes:
            return None
        return Moves(changes[0], changes[-1], round(sum(changes) / len(changes)))

    @property
    def chain_cost(self) -> Cost | None:
        """The cost of the on-chain update; None if none is needed or the chain is off."""
        calls = [item.call for item in self.items if item.call]
        return cost_of(calls) if calls and settings.CONTRACT_CLIENT != "off" else None

    @property
    def headline(self) -> str:
        """`Change 37 of 40, 2 unchanged, 1 not possible`."""
        parts = [f"{self.verb} {self.change_count:,} of {len(self.items):,}"]
        if self.unchanged_count:
            parts.append(f"{self.unchanged_count:,} unchanged")
        if self.failure_count:
            parts.append(f"{self.failure_count:,} not possible")
        return ", ".join(parts)


def preview_order(order: Order, *, by: User) -> tuple[Wallet, Preview]:
    """Preview a creation request, with the same refusals.

    Raises Invalid and NotAllowed.
    """
    wallet = wallet_to_act_for(by, order.creator, order.operation)
    order = freeze_selection(wallet, order)
    if order.follows is None:
        refuse_selection(wallet, order)
    contents = Content.objects.in_bulk(order.content_ids)
    items = preview_items(
        order.operation, order, contents, creator_of=lambda key: wallet.pk, versions=order.versions
    )
    return wallet, Preview(items, order.operation.verb)


def preview_batch(batch: BatchOperation) -> Preview | None:
    """Preview a pending batch as if it started now; None for an unknown kind.

    One query, plus those of the permission check.
    """
    operation = known_operation(batch)
    if operation is None:
        return None
    items = preview_items(
        operation,
        batch,
        Content.objects.in_bulk(batch.content_ids),
        creator_of=lambda key: batch.creator_id,
        versions=batch.expected_versions,
        is_allowed=may_run(batch.requested_by, batch.creator, operation),
    )
    return Preview(items, operation.verb)


def preview_items(
    operation: Operation,
    frozen: Frozen,
    contents: Mapping[str, Content],
    *,
    creator_of: Callable[[str], str],
    versions: Sequence[int | None],
    is_allowed: bool = True,
) -> list[PreviewItem]:
    """Return the verdict for each id in words, without details of other creators' items."""
    verdicts = evaluate_all(
        operation,
        frozen,
        contents,
        creator_of=creator_of,
        versions=versions,
        is_allowed=is_allowed,
    )
    return [
        _preview_item(operation, key, contents.get(key), verdict, creator_id=creator_of(key))
        for key, verdict in verdicts.items()
    ]


def _preview_item(
    operation: Operation,
    content_id: str,
    content: Content | None,
    verdict: Verdict,
    *,
    creator_id: str,
) -> PreviewItem:
    """One item's verdict in words; without details for an item of another creator."""
    known: dict[str, Any] = {}
    if content is not None and content.creator_id == creator_id:
        known = {"title": content.title, "version": content.version}
    if isinstance(verdict, Alter) and content is not None:
        return PreviewItem(
            content_id,
            BatchItem.Outcome.SUCCEEDED,
            operation.success_words(verdict.after),
            before={name: getattr(content, name) for name in verdict.after},
            after=dict(verdict.after),
            call=(call_for(content.onchain_id, verdict.after) or ("",))[0],
            **known,
        )
    if isinstance(verdict, Unchanged):
        return PreviewItem(
            content_id, BatchItem.Outcome.UNCHANGED, operation.unchanged_words(), **known
        )
    assert isinstance(verdict, Refused)
    return PreviewItem(
        content_id,
        BatchItem.Outcome.FAILED,
        refusal_words(verdict.code, verdict.parameters),
        code=verdict.code,
        **known,
    )
