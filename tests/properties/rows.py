"""The rows of the model: users, orders, batches, submissions, templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

MAX_ITEMS, CHUNK_ITEMS, QUOTA = 5, 2, 4
MAX_ATTEMPTS, MAX_RAISED = 10, 3
# Time goes by in steps, and every time that is waited for is the beginning of one. An hour is
# over with the third: the steps' own seconds never decide.
START, STEP, A_DAY, AN_HOUR = datetime(2031, 3, 3, 9, tzinfo=UTC), timedelta(minutes=24), 60, 3


def moment(step: int | None) -> datetime | None:
    """When a step begins; None for None."""
    return None if step is None else START + step * STEP


@dataclass(eq=False)
class Person:
    name: str
    address: str = ""
    is_creator: bool = False
    is_active: bool = True
    # Of staff: codenames of permissions.
    rights: set[str] = field(default_factory=set)
    # Of the wallet: how many batches of this hour count, and when it began.
    used: int = 0
    begun: int | None = None
    hears_of_all: bool = False


@dataclass(frozen=True)
class Wait:
    """What something is to wait for, in steps; `links` are batches, each with how it is to end."""

    starts: int | None = None
    until: int | None = None
    links: Sequence[tuple["Batch", str]] = ()
    is_paused: bool = False


AT_ONCE = Wait()


@dataclass(eq=False)
class Order:
    """What somebody asks for, of one creator or, prepared, of several."""

    by: Person
    kind: str
    payload: Mapping[str, Any]
    ids: Sequence[str]
    versions: Mapping[str, int | None]
    rejects_all: bool = False
    wait: Wait = AT_ONCE
    # By id: what each is to get, where that differs.
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # By id: what each is to be again; None of what is no undo.
    restores: Mapping[str, Mapping[str, Any]] | None = None
    # How often it was undone.
    depth: int = 0
    # "retry" or "undo", and by id the batch that it follows upon.
    follows: str = ""
    origins: Mapping[str, "Batch"] = field(default_factory=dict)

    @property
    def origin(self) -> "Batch | None":
        """Of one batch's order."""
        return next(iter(self.origins.values()), None)


@dataclass(eq=False)
class Submission:
    order: Order
    key: UUID | None
    # Its place among all that was made.
    number: int = 0
    at: int = 0
    is_draft: bool = True
    batches: list["Batch"] = field(default_factory=list)


@dataclass(eq=False)
class Link:
    parent: "Batch"
    when: str
    state: str = "waiting"


@dataclass(eq=False)
class Batch:
    order: Order
    creator: Person
    # None of one that nobody asked for just now, until it is found.
    key: UUID | None
    submission: Submission | None = None
    number: int = 0
    status: str = "pending"
    # By id: outcome, code, and the version that the change made.
    results: dict[str, tuple[str, str, int | None]] = field(default_factory=dict)
    # The worker that holds it, and whether others may take it from that one.
    holder: object = None
    is_lease_over: bool = False
    attempts: int = 0
    raised: int = 0
    starts: int | None = None
    until: int | None = None
    is_paused: bool = False
    links: list[Link] = field(default_factory=list)
    error: str = ""

    @property
    def is_finished(self) -> bool:
        return self.status not in {"pending", "processing"}

    @property
    def open_links(self) -> list[Link]:
        return [link for link in self.links if link.state == "waiting"]

    def count(self, *outcomes: str) -> int:
        return sum(outcome in outcomes for outcome, _, _ in self.results.values())

    def with_outcome(self, outcome: str) -> list[str]:
        return [key for key in self.order.ids if self.results.get(key, ("",))[0] == outcome]


@dataclass(eq=False)
class Run:
    """What became of one slot, or of one run by hand, which has none."""

    slot: int | None
    state: str
    submission: Submission | None = None


@dataclass(eq=False)
class Template:
    order: Order
    creator: Person
    key: UUID
    # How many minutes before its step each slot is: no two templates' are at the same time.
    minutes: int
    filter: Mapping[str, Any] | None
    first: int | None
    repeats: bool
    next: int | None = None
    is_paused: bool = False
    runs: list[Run] = field(default_factory=list)

    def moment(self, step: int) -> datetime:
        return START + step * STEP - timedelta(minutes=self.minutes)

    def plan_next(self, now: int) -> None:
        """The first slot that is later than now."""
        slot = self.first
        while slot is not None and slot <= now:
            slot = slot + A_DAY if self.repeats else None
        self.next = slot
