"""The load of chaos: batches of all kinds for two creators, some of them cancelled."""

import random
import secrets
from uuid import UUID

from batches.errors import InvalidTransition
from batches.models import BatchOperation, Source
from batches.operations import OPERATIONS
from batches.services.engine.lifecycle import cancel
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from content.models import Content, User, Wallet
from content.services.catalogue.changes import add_contents
from content.services.people.setup import make_person

CREATORS = ("chaos-one", "chaos-two")
ITEMS_EACH = 120
BATCH_ITEMS = (20, 100)
MAX_UNFINISHED = 12
CANCELLED_PART = 0.15


class Load:
    """Creates and cancels batches at random and records the answers."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.accepted: list[UUID] = []
        self.cancelled: list[UUID] = []
        self.people = [make_person(name, secrets.token_urlsafe(), sells=True) for name in CREATORS]
        self.items = {person.pk: self._fill(person) for person in self.people}

    def _fill(self, person: User) -> list[str]:
        wallet = Wallet.objects.get(owner=person)
        first = 1 + ITEMS_EACH * self.people.index(person)
        contents = [
            Content(
                content_id=f"{person.username}-{number}",
                title=f"Item {number}",
                price=1_000_000,
                creator=wallet,
                onchain_id=number if number % 2 else None,
            )
            for number in range(first, first + ITEMS_EACH)
        ]
        add_contents(contents, by=None, cause="import")
        return [content.pk for content in contents]

    def step(self) -> None:
        """Cancel an unfinished batch occasionally, and keep a few pending or running."""
        unfinished = list(BatchOperation.objects.unfinished().order_by("pk"))
        if unfinished and self.chance.random() < CANCELLED_PART:
            self._cancel(self.chance.choice(unfinished))
        for _ in range(MAX_UNFINISHED - len(unfinished)):
            self._create()

    def _create(self) -> None:
        person = self.chance.choice(self.people)
        kind = self.chance.choice(list(OPERATIONS))
        content_ids = self.chance.sample(self.items[person.pk], self.chance.randint(*BATCH_ITEMS))
        order = clean_order(OPERATIONS[kind], {"contentIds": content_ids, **self._payload(kind)})
        self.accepted.append(create_batch(order, by=person, source=Source.COMMAND).pk)

    def _payload(self, kind: str) -> dict[str, object]:
        number = self.chance.randint(1, 1_000_000)
        if kind == "update-price":
            choices: list[dict[str, object]] = [{"newPrice": number}, {"percentChange": 5}]
            return self.chance.choice(choices)
        if kind == "update-metadata":
            return {"updates": {"title": f"Title {number}", "refundWindowDays": number % 30}}
        return dict(next(iter(OPERATIONS[kind].examples.values())))

    def _cancel(self, batch: BatchOperation) -> None:
        try:
            cancel(batch)
        except InvalidTransition:
            return  # it ended first
        self.cancelled.append(batch.pk)
