"""Follow-ups in the model: undo, retry, and template runs."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from tests.properties.items import FAILED, SAVED
from tests.properties.rows import (
    AT_ONCE,
    Batch,
    Order,
    Person,
    Run,
    Submission,
    Template,
    Wait,
)

if TYPE_CHECKING:
    from tests.properties.world import World

NOTHING = "NothingToDo"


class Following:
    now: int
    batches: list[Batch]
    templates: list[Template]

    # ------------------------------------------------------------ undo and retry

    def order_after(
        self, batch: Batch, follows: str, by: Person, ids: Collection[str] | None, code: str
    ) -> Order | str:
        if follows == "undo":
            return self.undo_order(batch, by, AT_ONCE, ids)
        return self._retry_order(batch, by, ids, code)

    def undo_order(
        self: "World", batch: Batch, by: Person, wait: Wait, ids: Collection[str] | None = None
    ) -> Order | str:
        """What puts back all that a batch changed, or some; or the refusal."""
        order = batch.order
        back = self._put_back(batch)
        found = [
            key
            for key in batch.with_outcome(SAVED)
            if (ids is None or key in ids) and key not in back
        ]
        if not batch.is_finished or not found:
            return NOTHING
        versions = {key: batch.results[key][2] or 0 for key in found}
        return Order(
            by,
            order.kind,
            order.payload,
            found,
            versions,
            wait=wait,
            restores={key: self.items[key].befores[versions[key] - 1] for key in found},
            depth=order.depth + 1,
            follows="undo",
            origins=dict.fromkeys(found, batch),
        )

    def _put_back(self, batch: Batch) -> set[str]:
        """What an undo of the batch, or a retry of that undo, has put back."""
        undos: set[Batch] = set()
        for other in self.batches:  # each after the one that it follows upon
            origin = other.order.origin
            is_undo = other.order.follows == "undo" and origin is batch
            if is_undo or (other.order.follows == "retry" and origin in undos):
                undos.add(other)
        return {
            key for undo in undos for key, result in undo.results.items() if result[0] != FAILED
        }

    def _retry_order(
        self, batch: Batch, by: Person, ids: Collection[str] | None, code: str
    ) -> Order | str:
        """What tries again all that failed of a batch, or some; or the refusal."""
        order = batch.order

        def is_wanted(key: str) -> bool:
            if key not in batch.results:
                return batch.status == "failed" and not code
            outcome, why, _ = batch.results[key]
            return outcome == FAILED and code in {"", why}

        tried = self._tried_again(batch)
        found = [
            key
            for key in order.ids
            if is_wanted(key) and (ids is None or key in ids) and key not in tried
        ]
        is_over = batch.until is not None and batch.until <= self.now
        if not batch.is_finished or is_over or not found:
            return NOTHING
        return Order(
            by,
            order.kind,
            order.payload,
            found,
            {key: order.versions.get(key) for key in found} if order.depth else {},
            wait=Wait(until=batch.until),
            own=order.own,
            restores=order.restores,
            depth=order.depth,
            follows="retry",
            origins=dict.fromkeys(found, batch),
        )

    def _tried_again(self, batch: Batch) -> set[str]:
        """What any try saved, or still may, of the first one's items."""
        first = batch
        while first.order.follows == "retry" and first.order.origin is not None:
            first = first.order.origin
        tried: set[str] = set()
        tries = {first}
        for other in self.batches:  # each after the one that it tries again
            if other.order.follows == "retry" and other.order.origin in tries:
                tries.add(other)
                if not other.is_finished:
                    tried.update(other.order.ids)
                tried.update(key for key, result in other.results.items() if result[0] != FAILED)
        return tried

    def undos_waiting(self, batches: Collection[Batch]) -> list[Batch]:
        return [
            other
            for other in self.batches
            if other.order.follows == "undo"
            and other.order.origin in batches
            and not other.is_finished
        ]

    def follow_all(
        self: "World",
        batches: Sequence[Batch],
        follows: str,
        by: Person,
        ids: Collection[str] | None,
        code: str,
    ) -> Order | str:
        """The order of a submission that follows upon all of these, or the refusal."""
        if not all(batch.is_finished for batch in batches):
            return NOTHING
        if follows == "undo" and ids is None and self.undos_waiting(batches):
            return NOTHING
        found = [self.order_after(batch, follows, by, ids, code) for batch in batches]
        orders = [order for order in found if isinstance(order, Order)]
        if not orders:
            return NOTHING
        all_ids = [key for order in orders for key in order.ids]
        versions = {key: order.versions.get(key) for order in orders for key in order.ids}
        if follows == "retry" and not orders[0].depth:
            items = self.items
            versions = {key: items[key].version if key in items else None for key in all_ids}
        restores = None
        if orders[0].restores is not None:
            restores = {key: (order.restores or {})[key] for order in orders for key in order.ids}
        order = Order(
            by,
            orders[0].kind,
            orders[0].payload,
            all_ids,
            versions,
            wait=orders[0].wait,
            own={key: own for order in orders for key, own in order.own.items()},
            restores=restores,
            depth=orders[0].depth,
            follows=follows,
            origins={key: origin for order in orders for key, origin in order.origins.items()},
        )
        return order if self.groups(order) else "NotAllowed"

    def is_undone_meanwhile(self, submission: Submission) -> bool:
        order = submission.order
        origins = set(order.origins.values())
        waiting = self.undos_waiting(origins)
        if sum(origin.count(SAVED) for origin in origins) == len(order.ids):
            return bool(waiting)
        return any(
            undo.number > submission.number and not set(order.ids).isdisjoint(undo.order.ids)
            for undo in waiting
        )

    # ------------------------------------------------------------ templates

    def take_slot(self, template: Template) -> None:
        """The newest slot that is due is to be run, older ones are missed."""
        slots = []
        while not template.is_paused and template.next is not None and template.next <= self.now:
            slots.append(template.next)
            template.plan_next(template.next)
        template.runs += [Run(slot, "due" if slot == slots[-1] else "missed") for slot in slots]

    def run_due_templates(self) -> None:
        for template in self.templates:
            self.take_slot(template)
        due = [
            (template.moment(run.slot), template, run)
            for template in self.templates
            for run in template.runs
            if run.state == "due" and run.slot is not None
        ]
        for _, template, run in sorted(due, key=lambda one: one[0]):
            self.run_template(template, run, template.order.by)

    def run_template(self: "World", template: Template, run: Run, by: Person) -> str:
        """Start what it means now; or the refusal, which is put down."""
        kept, creator = template.order, template.creator
        run.state = "refused"
        if not self.may_run(by, creator, kept.kind):
            return "NotAllowed"
        if template.filter is not None:
            ids = self.matching(creator, template.filter)
        else:
            ids = [key for key in kept.ids if key in self.items and self.is_of(key, creator)]
        if not ids:
            return "Invalid"
        versions = {key: self.items[key].version for key in ids}
        order = Order(by, kept.kind, kept.payload, ids, versions, kept.rejects_all)
        parts = self.confirm(Submission(order, None, at=self.now), by)
        if isinstance(parts, str):
            return parts
        run.state, run.submission = "started", self.add_submission(order, None)
        run.submission.is_draft = False
        self.start(run.submission, parts, [None] * len(parts))
        return ""
