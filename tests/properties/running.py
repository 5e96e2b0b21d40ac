"""The life of batches in the model: waiting, claimed, written, released, ended."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from tests.properties.items import FAILED, SAVED, Item
from tests.properties.rows import (
    CHUNK_ITEMS,
    MAX_ATTEMPTS,
    MAX_RAISED,
    Batch,
    Link,
    Order,
    Person,
    Wait,
)

if TYPE_CHECKING:
    from tests.properties.world import World


class Running:
    now: int
    batches: list[Batch]
    items: dict[str, Item]
    mails: Counter[tuple[UUID | None, str]]

    # ------------------------------------------------------------ waiting

    def link(self, batch: Batch, links: Sequence[tuple[Batch, str]]) -> None:
        """Instead of whatever it waited for before."""
        batch.links = [Link(parent, when) for parent, when in links]

    def has_cycle(self, batch: Batch, parents: Sequence[Batch]) -> bool:
        seen: set[Batch] = set()
        above = list(parents)
        while above:
            parent = above.pop()
            if parent is batch:
                return True
            if parent not in seen:
                seen.add(parent)
                above += [link.parent for link in parent.open_links]
        return False

    def to_settle(self) -> list[tuple[Batch, Link]]:
        return [
            (batch, link)
            for batch in self.batches
            for link in batch.open_links
            if link.parent.is_finished
        ]

    def settle(self, links: Sequence[tuple[Batch, Link]]) -> None:
        for batch, link in links:
            parent = link.parent
            is_done = parent.status == "completed"
            is_met = {
                "always": True,
                "on-completion": is_done,
                "on-success": is_done and not parent.count(FAILED),
            }[link.when]
            link.state = "met" if is_met else "broken"
            if not is_met and batch.status == "pending":
                self.end(batch, "failed", "dependency")

    # ------------------------------------------------------------ running

    def is_due(self, batch: Batch) -> bool:
        is_time = batch.starts is None or batch.starts <= self.now
        return batch.status == "pending" and is_time and not (batch.is_paused or batch.open_links)

    def is_free(self, batch: Batch) -> bool:
        return self.is_due(batch) or (batch.status == "processing" and batch.is_lease_over)

    def claim(self, batch: Batch, holder: object) -> bool:
        if is_free := self.is_free(batch):
            batch.status, batch.holder, batch.is_lease_over = "processing", holder, False
            batch.attempts += 1
        return is_free

    def write_chunk(self: "World", batch: Batch, *, is_broken: bool = False) -> None:
        """What the worker that holds the batch does next; with a fault in it each item fails."""
        if batch.attempts > MAX_ATTEMPTS:
            self.end(batch, "failed", "internal")
            return
        order, creator = batch.order, batch.creator
        is_allowed = self.may_run(order.by, creator, order.kind)
        rest = [key for key in order.ids if key not in batch.results]
        for key in rest[:CHUNK_ITEMS]:
            if is_broken:
                batch.results[key] = (FAILED, "internal", None)
                continue
            judgement = self.judge(order, creator, key, is_allowed=is_allowed)
            version = None
            if judgement.outcome == SAVED:
                self.items[key].change(judgement.after, f"batch:{batch.key}")
                version = self.items[key].version
            batch.results[key] = (judgement.outcome, judgement.code, version)
        batch.attempts, batch.is_lease_over = 0, False
        if len(batch.results) == len(order.ids):
            self.end(batch, "completed")

    def release(self, batch: Batch, holder: object) -> None:
        """After an attempt that raised: others may begin at once, until the third breaks it off."""
        if batch.holder is not holder:
            return
        batch.raised, batch.is_lease_over = batch.raised + 1, True
        if batch.raised == MAX_RAISED:
            self.end(batch, "failed", "internal")

    # ------------------------------------------------------------ the end

    def end(self, batch: Batch, status: str, error: str = "") -> None:
        batch.status, batch.holder, batch.error = status, None, error
        if batch.submission is None:
            self._tell(batch.key, [batch])
        elif all(sister.is_finished for sister in batch.submission.batches):
            for creator in {sister.creator for sister in batch.submission.batches}:
                own = [one for one in batch.submission.batches if one.creator is creator]
                self._tell(batch.submission.key, own)
        if batch.until is not None:
            self._schedule_undo(batch)

    def _schedule_undo(self: "World", batch: Batch) -> None:
        order = self.undo_order(batch, batch.order.by, Wait(starts=batch.until))
        if isinstance(order, Order):
            self.add(order, batch.creator, None)

    def _tell(self, about: UUID | None, batches: Sequence[Batch]) -> None:
        has_failures = any(one.count(FAILED) or one.status == "failed" for one in batches)
        creator: Person = batches[0].creator
        if creator.hears_of_all or has_failures:
            self.mails[about, creator.address] += 1
