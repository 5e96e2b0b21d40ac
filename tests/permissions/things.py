"""What alice and staff have begun: the keys that a row of the table may name."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from batches.models import BatchOperation, Source, Submission
from batches.operations import OPERATIONS
from batches.services.engine.lifecycle import cancel
from batches.services.engine.run_batch import run_batch
from batches.services.orders.schedule import Schedule
from batches.services.runs.confirm import confirm
from batches.services.runs.draft import prepare
from batches.services.templates.spec import clean_template
from batches.services.templates.store import create_template
from content.models import ApiToken, User, Wallet
from tests.batches.orders import price_batch
from tests.factories import make_contents

EVERY_DAY = {
    "name": "Every day",
    "operationType": "update-price",
    "updatePayload": {"newPrice": 7},
    "repeat": "daily",
    "firstRun": "2026-01-01T09:00",
}


class Things(dict[str, str]):
    """Each is made when it is first asked for, but the item that alice sells is always there.

    Most requests are about one or two of them.
    """

    def __init__(self, fixture: Callable[[str], Any]) -> None:
        super().__init__()
        self._fixture = fixture
        self._prices = count(50)
        self["item"]

    def __missing__(self, name: str) -> str:
        self[name] = str(getattr(self, f"make_{name}")())
        return self[name]

    def make_all(self) -> None:
        """Make what hasn't been made yet."""
        for attribute in vars(Things):
            kind, _, name = attribute.partition("_")
            if kind == "make" and name != "all":
                self[name]

    @property
    def _alice(self) -> User:
        return self._fixture("alice")  # type: ignore[no-any-return]

    def make_address(self) -> object:
        return self._fixture("wallet_of")(self._alice).pk

    def make_item(self) -> object:
        (item,) = make_contents(Wallet.objects.get(pk=self["address"]))
        return item.pk

    def make_token(self) -> object:
        token, _ = ApiToken.objects.create(user=self._alice, name="alice's own")
        return token.token_key

    def make_batch(self) -> object:
        return price_batch(self._alice, [self["item"]]).pk

    def make_ended(self) -> object:
        batch = price_batch(self._alice, [self["item"]])
        cancel(batch)
        return batch.pk

    def make_draft(self) -> object:
        return self._submission(self._alice, Source.PAGE).pk

    def make_prepared(self) -> object:
        """By staff."""
        return self._submission(self._fixture("staff"), Source.ADMIN).pk

    def make_started(self) -> object:
        submission = self._submission(self._alice, Source.PAGE)
        confirm(submission.pk, by=self._alice)
        return submission.pk

    def make_done(self) -> object:
        """Started together and run to its end, with an item that failed."""
        batch = self._started_together()
        run_batch(batch.pk)
        return batch.pk

    def make_done_group(self) -> object:
        return BatchOperation.objects.get(pk=self["done"]).submission_id

    def make_coming(self) -> object:
        return self._started_together(timezone.now() + timedelta(days=1)).pk

    def make_coming_group(self) -> object:
        return BatchOperation.objects.get(pk=self["coming"]).submission_id

    def make_template(self) -> object:
        order = clean_template({**EVERY_DAY, "contentIds": [self["item"]]})
        return create_template(order, by=self._alice).pk

    def _submission(self, by: User, source: Source) -> Submission:
        return prepare(
            by=by,
            source=source,
            operation=OPERATIONS["update-price"],
            payload={"newPrice": 5},
            content_ids=[self["item"]],
        )

    def _started_together(self, scheduled_for: datetime | None = None) -> BatchOperation:
        made = prepare(
            by=self._alice,
            source=Source.PAGE,
            operation=OPERATIONS["update-price"],
            payload={"newPrice": next(self._prices)},
            content_ids=[self["item"], "unknown"],
            schedule=Schedule(scheduled_for=scheduled_for),
        )
        confirm(made.pk, by=self._alice)
        return BatchOperation.objects.get(submission=made)
