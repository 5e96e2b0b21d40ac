"""The model of the database: users, items, batches and submissions.

Every method is one thing that happens. It says by which error it must be refused, or changes the
world and says nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.properties.following import Following
from tests.properties.items import FAILED, Item, Judgement, judge, refused, undo_change
from tests.properties.rows import (
    AN_HOUR,
    MAX_ITEMS,
    QUOTA,
    Batch,
    Order,
    Person,
    Submission,
    Template,
    Wait,
)
from tests.properties.running import Running

Parts = list[tuple[Person, Batch | None, list[str]]]


@dataclass(eq=False)
class World(Running, Following):
    people: dict[str, Person]
    items: dict[str, Item]
    batches: list[Batch] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    # How many mails there are about each batch or submission to each address.
    mails: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    # The transactions of calls whose sender died before it could write down that they were sent.
    unheard: dict[UUID, str] = field(default_factory=dict)
    # The time of day, in steps; what was made so far.
    now: int = 0
    made: int = 0
    templates: list[Template] = field(default_factory=list)
    # Mails that went out and, since nobody could write that down, go out again.
    mails_again: int = 0

    # ------------------------------------------------------------ who may do what

    def owner(self, address: str) -> Person:
        return next(person for person in self.people.values() if person.address == address)

    def may_run_for_others(self, person: Person, kind: str) -> bool:
        needed = {"view_content", f"run_{kind.replace('-', '_')}"}
        return person.is_active and needed <= person.rights

    def may_run(self, person: Person, creator: Person, kind: str) -> bool:
        is_own = person is creator and person.is_active and person.is_creator
        return is_own or self.may_run_for_others(person, kind)

    def judge(self, order: Order, creator: Person, key: str, *, is_allowed: bool) -> Judgement:
        item = self.items.get(key)
        if not is_allowed:
            return refused("forbidden")
        if item is None or item.creator != creator.address:
            return refused("not-found")
        if order.versions.get(key) not in {None, item.version}:
            return refused("conflict")
        if order.restores is not None:
            return undo_change(order.restores[key], item)
        return judge(order.kind, {**order.payload, **order.own.get(key, {})}, item)

    def sees(self, person: Person, batch: Batch) -> bool:
        return batch.creator is person or (person.name == "staff" and person.is_active)

    def is_wrong(self, wait: Wait, kind: str) -> bool:
        """Times that are past, in the wrong order, or of what has no end."""
        ends = wait.until is not None and (
            kind != "update-price" or wait.until <= max(self.now, wait.starts or 0)
        )
        return ends or (wait.starts is not None and wait.starts <= self.now)

    # ------------------------------------------------------------ asking for a batch

    def creator_for(self, by: Person, named: Person | None, kind: str) -> Person | str:
        """Whose items are meant, or the refusal."""
        if named is not None:
            return named if self.may_run(by, named, kind) else "NotAllowed"
        if by.is_creator:
            return by
        return "Invalid" if self.may_run_for_others(by, kind) else "NotAllowed"

    def why_refused(self, order: Order, creator: Person) -> str:
        """The refusal of a batch, before its quota; empty when there is none."""
        if not 1 <= len(order.ids) <= MAX_ITEMS:
            return "Invalid"
        if not any(key in self.items and self.is_of(key, creator) for key in order.ids):
            return "NotAllowed"
        if order.rejects_all:
            judged = [self.judge(order, creator, key, is_allowed=True) for key in order.ids]
            if any(judgement.outcome == FAILED for judgement in judged):
                return "Invalid"
        return ""

    def is_of(self, key: str, creator: Person) -> bool:
        return self.items[key].creator == creator.address

    def take_quota(self, creator: Person, count: int) -> bool:
        is_over = creator.begun is None or creator.begun + AN_HOUR <= self.now
        used = 0 if is_over else creator.used
        if used + count > QUOTA:
            return False
        creator.used = used + count
        creator.begun = self.now if is_over else creator.begun
        return True

    def add(
        self, order: Order, creator: Person, key: UUID | None, submission: Submission | None = None
    ) -> Batch:
        """A batch that was accepted, or, with no key, one that has yet to be found."""
        self.made += 1
        batch = Batch(order, creator, key, submission, self.made)
        batch.starts, batch.until = order.wait.starts, order.wait.until
        batch.is_paused = order.wait.is_paused
        self.link(batch, order.wait.links)
        self.batches.append(batch)
        return batch

    def add_submission(self, order: Order, key: UUID | None) -> Submission:
        self.made += 1
        self.submissions.append(submission := Submission(order, key, self.made, self.now))
        return submission

    # ------------------------------------------------------------ preparing and confirming

    def why_unprepared(self, order: Order) -> str:
        """The refusal to prepare it; empty when there is none."""
        if self.is_wrong(order.wait, order.kind):
            return "Invalid"
        if not all(self.sees(order.by, parent) for parent, _ in order.wait.links):
            return "Invalid"
        return "" if self.groups(order) else "NotAllowed"

    def groups(self, order: Order) -> list[tuple[Person, list[str]]]:
        """The ids by creator, in order; what is nobody's goes with the first."""
        groups: dict[Person, list[str]] = {}
        rest = []
        for key in order.ids:
            creator = self.owner(self.items[key].creator) if key in self.items else None
            if order.origins:
                creator = order.origins[key].creator
            if creator and self.may_run(order.by, creator, order.kind):
                groups.setdefault(creator, []).append(key)
            else:
                rest.append(key)
        if groups:
            next(iter(groups.values())).extend(rest)
        return list(groups.items())

    def confirm(self, submission: Submission, by: Person) -> str | Parts:
        """The refusal, or the batches to be made: whose, after which, and which items."""
        order = submission.order
        is_over = submission.at + AN_HOUR <= self.now
        if by is not order.by or not submission.is_draft or is_over:
            return "SubmissionUsed"
        if order.wait.until is not None and order.wait.until <= self.now:
            return "Invalid"
        if not all(self.sees(by, parent) for parent, _ in order.wait.links):
            return "Invalid"
        if order.follows == "undo" and self.is_undone_meanwhile(submission):
            return "NothingToDo"
        groups = self.groups(order)
        if not groups:
            return "NotAllowed"
        if order.rejects_all and any(
            self.judge(order, creator, key, is_allowed=True).outcome == FAILED
            for creator, keys in groups
            for key in keys
        ):
            return "Invalid"
        parts = self._parts(order, groups)
        own = sum(creator is by for creator, _, _ in parts)
        if own and not self.take_quota(by, own):
            return "QuotaExceeded"
        submission.is_draft = False
        return parts

    def _parts(self, order: Order, groups: Sequence[tuple[Person, list[str]]]) -> Parts:
        parts = []
        for creator, keys in groups:
            by_origin: dict[Batch | None, list[str]] = {}
            for key in keys:
                by_origin.setdefault(order.origins.get(key), []).append(key)
            for origin, own in by_origin.items():
                parts += [
                    (creator, origin, own[start : start + MAX_ITEMS])
                    for start in range(0, len(own), MAX_ITEMS)
                ]
        return parts

    def start(self, submission: Submission, parts: Parts, keys: Sequence[UUID | None]) -> None:
        """Make the batches of what was confirmed."""
        order = submission.order
        for (creator, origin, ids), key in zip(parts, keys, strict=True):
            own = Order(
                order.by,
                order.kind,
                order.payload,
                ids,
                order.versions,
                wait=order.wait,
                own=order.own,
                restores=order.restores,
                depth=order.depth,
                follows=order.follows,
                origins={one: origin for one in ids if origin is not None},
            )
            submission.batches.append(self.add(own, creator, key, submission))

    def matching(self, creator: Person, wanted: Mapping[str, Any]) -> list[str]:
        """The newest first; all were made at the same moment, so the last id comes first."""

        def matches(item: Item) -> bool:
            price = item.values["price"]
            return (
                item.creator == creator.address
                and item.is_removed == wanted.get("isRemoved", False)
                and wanted.get("priceMin", price) <= price <= wanted.get("priceMax", price)
            )

        return sorted((key for key, item in self.items.items() if matches(item)), reverse=True)
