"""The world as it must be: people, items, batches and what was prepared, kept beside the database.

Every method is one thing that happens. It says by which error it must be refused, or changes the
world and says nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.properties.items import FAILED, SAVED, Item, Judgement, judge, refused

MOST_ITEMS, CHUNK_ITEMS, QUOTA = 5, 2, 4
MOST_ATTEMPTS, MOST_RAISED = 10, 3


@dataclass(eq=False)
class Person:
    name: str
    address: str = ""
    is_creator: bool = False
    is_active: bool = True
    # Of staff: codenames of permissions.
    rights: set[str] = field(default_factory=set)
    # Of the wallet: how many batches of this hour count, and whether an hour has begun.
    used: int = 0
    has_begun: bool = False
    hears_of_all: bool = False


@dataclass(eq=False)
class Order:
    """What somebody asks for, of one creator or, prepared, of several."""

    by: Person
    kind: str
    payload: Mapping[str, Any]
    ids: Sequence[str]
    versions: Mapping[str, int | None]
    rejects_all: bool = False


@dataclass(eq=False)
class Submission:
    order: Order
    key: UUID
    is_draft: bool = True
    batches: list["Batch"] = field(default_factory=list)


@dataclass(eq=False)
class Batch:
    order: Order
    creator: Person
    key: UUID
    submission: Submission | None = None
    status: str = "pending"
    # By id: outcome, code, and the version that the change made.
    results: dict[str, tuple[str, str, int | None]] = field(default_factory=dict)
    # The worker that holds it, and whether others may take it from that one.
    holder: object = None
    is_lease_over: bool = False
    attempts: int = 0
    raised: int = 0

    @property
    def is_finished(self) -> bool:
        return self.status not in {"pending", "processing"}

    def count(self, *outcomes: str) -> int:
        return sum(outcome in outcomes for outcome, _, _ in self.results.values())


@dataclass(eq=False)
class World:
    people: dict[str, Person]
    items: dict[str, Item]
    batches: list[Batch] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    # How many mails there are about each batch or submission to each address.
    mails: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    # The transactions of calls whose sender died before it could write down that they were sent.
    unheard: dict[UUID, str] = field(default_factory=dict)

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
        return judge(order.kind, order.payload, item)

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
        if not 1 <= len(order.ids) <= MOST_ITEMS:
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
        used = creator.used if creator.has_begun else 0
        if used + count > QUOTA:
            return False
        creator.used, creator.has_begun = used + count, True
        return True

    # ------------------------------------------------------------ preparing and confirming

    def groups(self, order: Order) -> list[tuple[Person, list[str]]]:
        """The ids by creator, in order; what is nobody's goes with the first."""
        groups: dict[Person, list[str]] = {}
        rest = []
        for key in order.ids:
            creator = self.owner(self.items[key].creator) if key in self.items else None
            if creator and self.may_run(order.by, creator, order.kind):
                groups.setdefault(creator, []).append(key)
            else:
                rest.append(key)
        if groups:
            next(iter(groups.values())).extend(rest)
        return list(groups.items())

    def confirm(self, submission: Submission, by: Person) -> str | list[tuple[Person, list[str]]]:
        """The refusal, or the batches to be made: whose, and which items."""
        order = submission.order
        if by is not order.by or not submission.is_draft:
            return "SubmissionUsed"
        groups = self.groups(order)
        if not groups:
            return "NotAllowed"
        if order.rejects_all and any(
            self.judge(order, creator, key, is_allowed=True).outcome == FAILED
            for creator, keys in groups
            for key in keys
        ):
            return "Invalid"
        parts = [
            (creator, keys[start : start + MOST_ITEMS])
            for creator, keys in groups
            for start in range(0, len(keys), MOST_ITEMS)
        ]
        own = sum(creator is by for creator, _ in parts)
        if own and not self.take_quota(by, own):
            return "QuotaExceeded"
        submission.is_draft = False
        return parts

    # ------------------------------------------------------------ running

    def claim(self, batch: Batch, holder: object) -> bool:
        is_free = batch.status == "pending" or (
            batch.status == "processing" and batch.is_lease_over
        )
        if is_free:
            batch.status, batch.holder, batch.is_lease_over = "processing", holder, False
            batch.attempts += 1
        return is_free

    def write_chunk(self, batch: Batch) -> None:
        """What the worker that holds the batch does next."""
        if batch.attempts > MOST_ATTEMPTS:
            self.end(batch, "failed")
            return
        order, creator = batch.order, batch.creator
        is_allowed = self.may_run(order.by, creator, order.kind)
        rest = [key for key in order.ids if key not in batch.results]
        for key in rest[:CHUNK_ITEMS]:
            judgement = self.judge(order, creator, key, is_allowed=is_allowed)
            version = None
            if judgement.outcome == SAVED:
                self.items[key].change(judgement.after, f"batch:{batch.key}")
                version = self.items[key].version
            batch.results[key] = (judgement.outcome, judgement.code, version)
        batch.attempts, batch.is_lease_over = 0, False
        if len(batch.results) == len(order.ids):
            self.end(batch, "completed")

    def give_back(self, batch: Batch, holder: object) -> None:
        """After an attempt that raised: others may begin at once, until the third breaks it off."""
        if batch.holder is not holder:
            return
        batch.raised, batch.is_lease_over = batch.raised + 1, True
        if batch.raised == MOST_RAISED:
            self.end(batch, "failed")

    def end(self, batch: Batch, status: str) -> None:
        batch.status, batch.holder = status, None
        if batch.submission is None:
            self._tell(batch.key, [batch])
        elif all(sister.is_finished for sister in batch.submission.batches):
            for creator in {sister.creator for sister in batch.submission.batches}:
                own = [one for one in batch.submission.batches if one.creator is creator]
                self._tell(batch.submission.key, own)

    def _tell(self, about: UUID, batches: Sequence[Batch]) -> None:
        has_failures = any(one.count(FAILED) or one.status == "failed" for one in batches)
        creator = batches[0].creator
        if creator.hears_of_all or has_failures:
            self.mails[about, creator.address] += 1
