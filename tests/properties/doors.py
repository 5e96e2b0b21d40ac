"""User actions, in the database and in the model, including refusals."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.utils import timezone

from batches.errors import ApplicationError, NotAllowed
from batches.models import BatchOperation, Source
from batches.operations import OPERATIONS
from batches.services.engine import lifecycle
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.orders.schedule import Schedule
from batches.services.runs import confirm
from batches.services.runs.draft import draft, keep_draft
from batches.services.runs.price_drafts import draft_prices
from batches.services.runs.price_lines import PriceLine, Prices
from content.models import User, Wallet
from content.services.catalogue.changes import change_content
from content.services.catalogue.items import edit_content
from content.services.people.accounts import save_person
from tests.properties.items import metadata_after
from tests.properties.rows import (
    AT_ONCE,
    MAX_ITEMS,
    Batch,
    Order,
    Person,
    Submission,
    Wait,
    moment,
)
from tests.properties.world import World

Change = tuple[str, Mapping[str, Any]]


def attempt(call: Callable[[], Any]) -> tuple[Any, str]:
    """What it returns, or the name of the refusal."""
    try:
        return call(), ""
    except NotAllowed:
        return None, "NotAllowed"
    except ApplicationError as error:
        return None, type(error).__name__


def agree(refusal: str, wanted: str) -> None:
    assert refusal == wanted, f"refused by {refusal!r} instead of {wanted!r}"


def keys_of(submission: Any) -> list[Any]:
    """Of its batches, in the order in which they were made."""
    rows = BatchOperation.objects.filter(submission_id=submission).order_by("id")
    return list(rows.values_list("pk", flat=True))


def _waiting(wait: Wait) -> dict[str, Any]:
    """As the API takes it."""
    body: dict[str, Any] = {}
    for name, step in (("scheduledFor", wait.starts), ("until", wait.until)):
        if step is not None:
            body[name] = f"{moment(step):%Y-%m-%dT%H:%M:%SZ}"
    if wait.links:
        links = [{"batchId": str(parent.key), "when": when} for parent, when in wait.links]
        body["dependsOn"] = links
    return body


def user_of(person: Person) -> User:
    """A fresh object, as every request has one."""
    return User.objects.get(username=person.name)


class Doors:
    def __init__(self, world: World) -> None:
        self.world = world

    # ------------------------------------------------------------ batches

    def create(
        self,
        by_name: str,
        creator_name: str | None,
        change: Change,
        selection: dict[str, Any],
        offsets: Mapping[str, int | None] | None = None,
        rejects_all: bool = False,
        wait: Wait = AT_ONCE,
    ) -> None:
        """The batch, or nothing when it was refused."""
        by = self.world.people[by_name]
        if not by.is_active:
            return  # turned away at the log-in
        named = self.world.people[creator_name] if creator_name else None
        kind, payload = change
        versions = self._versions(selection.get("contentIds"), offsets)
        body = {**selection, **payload, **_waiting(wait), "errorPolicy": "skip-failed"}
        if named is not None:
            body["creator"] = named.address
        if versions:
            body["expectedVersions"] = versions
        if rejects_all:
            body["errorPolicy"] = "reject-all"

        def ask() -> BatchOperation:
            order = clean_order(OPERATIONS[kind], body)
            return create_batch(order, by=user_of(by), source=Source.API)

        row, refusal = attempt(ask)
        ids = selection.get("contentIds", [])
        order = Order(by, kind, payload, ids, versions, rejects_all, wait)
        wanted = self._expect_create(order, named, selection.get("filter"))
        agree(refusal, wanted if isinstance(wanted, str) else "")
        if isinstance(wanted, Person):
            self.world.add(order, wanted, row.pk)

    def _versions(
        self, ids: Sequence[str] | None, offsets: Mapping[str, int | None] | None
    ) -> dict[str, int]:
        """The versions that somebody saw; where a filter chooses, of any items."""
        return {
            key: max(1, self.world.items[key].version + offset)
            for key, offset in (offsets or {}).items()
            if offset is not None and (ids is None or key in ids)
        }

    def _expect_create(
        self, order: Order, named: Person | None, wanted: Mapping[str, Any] | None
    ) -> Person | str:
        """Whose batch it becomes, or the refusal."""
        if len(order.ids) > MAX_ITEMS or self.world.is_wrong(order.wait, order.kind):
            return "Invalid"
        creator = self.world.creator_for(order.by, named, order.kind)
        if isinstance(creator, str):
            return creator
        if wanted is not None:
            order.ids = self.world.matching(creator, wanted)
        if refusal := self.world.why_refused(order, creator):
            return refusal
        if not all(self.world.sees(order.by, parent) for parent, _ in order.wait.links):
            return "Invalid"
        if creator is order.by and not self.world.take_quota(creator, 1):
            return "QuotaExceeded"
        return creator

    def cancel(self, batch: Batch) -> None:
        _, refusal = attempt(lambda: lifecycle.cancel(BatchOperation.objects.get(pk=batch.key)))
        agree(refusal, "InvalidTransition" if batch.is_finished else "")
        if not batch.is_finished:
            self.world.end(batch, "cancelled")

    # ------------------------------------------------------------ what is prepared

    def prepare(
        self,
        by_name: str,
        change: Change,
        ids: Sequence[str],
        rejects_all: bool,
        wait: Wait = AT_ONCE,
        prices: Sequence[Mapping[str, Any]] = (),
    ) -> list[Submission]:
        """With `prices` each item gets the next of them, whatever the change says."""
        by, (kind, payload) = self.world.people[by_name], change
        own: dict[str, Mapping[str, Any]] = {}
        if prices:
            kind, payload = "update-price", {}
            own = {key: prices[place % len(prices)] for place, key in enumerate(ids)}
        how: dict[str, Any] = {
            "by": user_of(by),
            "source": Source.PAGE,
            "error_policy": "reject-all" if rejects_all else "skip-failed",
            "schedule": Schedule(
                moment(wait.starts),
                moment(wait.until),
                tuple((parent.key, when) for parent, when in wait.links),
                wait.is_paused,
            ),
        }
        if own:
            lines = [
                PriceLine(number, key, OPERATIONS[kind].clean_payload(own[key]))
                for number, key in enumerate(ids, start=2)
            ]
            row, refusal = attempt(lambda: keep_draft(draft_prices(Prices(lines), **how)))
        else:
            how |= {"operation": OPERATIONS[kind], "payload": payload, "content_ids": ids}
            row, refusal = attempt(lambda: keep_draft(draft(**how)))
        items = self.world.items
        versions = {key: items[key].version for key in ids if key in items}
        order = Order(by, kind, payload, ids, versions, rejects_all, wait, own)
        agree(refusal, self.world.why_unprepared(order))
        return [] if refusal else [self.world.add_submission(order, row.pk)]

    def confirm(self, submission: Submission, by_name: str) -> None:
        by = self.world.people[by_name]
        _, refusal = attempt(lambda: confirm.confirm(submission.key, by=user_of(by)))
        wanted = self.world.confirm(submission, by)
        agree(refusal, wanted if isinstance(wanted, str) else "")
        if not isinstance(wanted, str):
            self.world.start(submission, wanted, keys_of(submission.key))

    # ------------------------------------------------------------ items, by hand

    def edit(self, by_name: str, key: str, body: Mapping[str, Any], *, is_stale: bool) -> None:
        by, item = self.world.people[by_name], self.world.items[key]
        seen = item.version - 1 if is_stale else item.version
        _, refusal = attempt(
            lambda: edit_content(
                key, body, by=user_of(by), is_expected=lambda version: version == seen
            )
        )
        is_own = by.is_creator and item.creator == by.address
        if not by.is_active or not (is_own or "change_content" in by.rights):
            wanted = "NotAllowed"
        elif item.is_removed:
            wanted = "Removed"
        else:
            wanted = "StaleVersion" if is_stale else ""
        agree(refusal, wanted)
        if not refusal:
            item.change(body if "price" in body else metadata_after(body, item), "api")

    def change_by_hand(self, key: str, deed: str) -> None:
        item = self.world.items[key]
        if deed.startswith("to "):
            self._change(key, creator_id=self.world.people[deed.removeprefix("to ")].address)
        elif deed == "off the chain":
            self._change(key, onchain_id=None)
        elif not item.is_removed:
            moment = timezone.now()
            self._change(key, is_removed=True, removed_at=moment, removal_reason="By hand")

    def _change(self, key: str, **after: Any) -> None:
        by = user_of(self.world.people["staff"])
        change_content(key, after, version=None, by=by, cause="admin")
        after.pop("removed_at", None)
        self.world.items[key].change(after, "admin")

    # ------------------------------------------------------------ rights

    def set_right(self, name: str, what: str, *, has_it: bool) -> None:
        """The account, selling, or a permission by its codename."""
        person = self.world.people[name]
        user = user_of(person)
        if what == "account":
            user.is_active = person.is_active = has_it
            save_person(user, fields=["is_active"])
        elif what == "selling":
            person.is_creator = has_it
            Wallet.objects.filter(pk=person.address).update(is_creator=has_it)
        elif has_it:
            user.user_permissions.add(Permission.objects.get(codename=what))
            person.rights.add(what)
        else:
            user.user_permissions.remove(Permission.objects.get(codename=what))
            person.rights.discard(what)

    def end_hour(self, name: str) -> None:
        """The quota's hour of this creator is over."""
        person = self.world.people[name]
        begun = Wallet.objects.filter(pk=person.address, quota_since__isnull=False)
        begun.update(quota_since=timezone.now() - timedelta(hours=1, seconds=1))
        person.begun = None
