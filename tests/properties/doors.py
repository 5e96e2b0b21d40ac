"""What people do, in the database and in the world, refusals included."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.utils import timezone

from batches.errors import ApplicationError
from batches.models import BatchOperation, Source
from batches.models import Submission as SubmissionRow
from batches.operations import OPERATIONS
from batches.services import drafts, lifecycle, submissions
from batches.services.create import clean_order, create_batch
from content.models import User, Wallet
from content.services.accounts import save_person
from content.services.catalogue import edit_content
from content.services.changes import change_content
from tests.properties.items import Item, metadata_after
from tests.properties.world import MOST_ITEMS, Batch, Order, Person, Submission, World

Change = tuple[str, Mapping[str, Any]]


def attempt(call: Callable[[], Any]) -> tuple[Any, str]:
    """What it returns, or the name of the refusal."""
    try:
        return call(), ""
    except ApplicationError as error:
        return None, type(error).__name__


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
    ) -> list[Batch]:
        """The batch, or nothing when it was refused."""
        by = self.world.people[by_name]
        if not by.is_active:
            return []  # turned away at the log-in
        named = self.world.people[creator_name] if creator_name else None
        kind, payload = change
        versions = self._versions(selection.get("contentIds"), offsets)
        body = {**selection, **payload, "errorPolicy": "skip-failed"}
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
        order = Order(by, kind, payload, selection.get("contentIds", []), versions, rejects_all)
        wanted = self._expect_create(order, named, selection.get("filter"))
        if isinstance(wanted, str):
            assert refusal == wanted, f"refused by {refusal!r} instead of {wanted}"
            return []
        assert refusal == "", f"refused by {refusal}"
        batch = Batch(order, wanted, row.pk)
        self.world.batches.append(batch)
        return [batch]

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
        if len(order.ids) > MOST_ITEMS:
            return "Invalid"
        creator = self.world.creator_for(order.by, named, order.kind)
        if isinstance(creator, str):
            return creator
        if wanted is not None:
            order.ids = self._matching(creator, wanted)
        if refusal := self.world.why_refused(order, creator):
            return refusal
        if creator is order.by and not self.world.take_quota(creator, 1):
            return "QuotaExceeded"
        return creator

    def _matching(self, creator: Person, wanted: Mapping[str, Any]) -> list[str]:
        """The newest first; all were made at the same moment, so the last id comes first."""

        def matches(item: Item) -> bool:
            price = item.values["price"]
            return (
                item.creator == creator.address
                and item.is_removed == wanted.get("isRemoved", False)
                and wanted.get("priceMin", price) <= price <= wanted.get("priceMax", price)
            )

        return sorted(
            (key for key, item in self.world.items.items() if matches(item)), reverse=True
        )

    def cancel(self, batch: Batch) -> None:
        _, refusal = attempt(lambda: lifecycle.cancel(BatchOperation.objects.get(pk=batch.key)))
        assert (refusal == "InvalidTransition") == batch.is_finished, refusal
        if not batch.is_finished:
            self.world.end(batch, "cancelled")

    # ------------------------------------------------------------ what is prepared

    def prepare(
        self, by_name: str, change: Change, ids: Sequence[str], rejects_all: bool
    ) -> list[Submission]:
        by, (kind, payload) = self.world.people[by_name], change
        row, refusal = attempt(
            lambda: drafts.prepare(
                by=user_of(by),
                source=Source.PAGE,
                operation=OPERATIONS[kind],
                payload=payload,
                content_ids=ids,
                error_policy="reject-all" if rejects_all else "skip-failed",
            )
        )
        items = self.world.items
        versions = {key: items[key].version for key in ids if key in items}
        order = Order(by, kind, payload, ids, versions, rejects_all)
        wanted = "" if self.world.groups(order) else "NotAllowed"
        assert refusal == wanted, f"refused by {refusal!r} instead of {wanted!r}"
        if refusal:
            return []
        self.world.submissions.append(submission := Submission(order, row.pk))
        return [submission]

    def confirm(self, submission: Submission, by_name: str) -> list[Batch]:
        by = self.world.people[by_name]
        _, refusal = attempt(lambda: submissions.confirm(submission.key, by=user_of(by)))
        wanted = self.world.confirm(submission, by)
        if isinstance(wanted, str):
            assert refusal == wanted, f"refused by {refusal!r} instead of {wanted}"
            return []
        assert refusal == "", f"refused by {refusal}"
        rows = BatchOperation.objects.filter(submission_id=submission.key).order_by("id")
        for row, (creator, keys) in zip(rows, wanted, strict=True):
            assert (row.creator_id, row.content_ids) == (creator.address, keys), "wrong parts"
            order = submission.order
            own = Order(order.by, order.kind, order.payload, keys, order.versions)
            submission.batches.append(Batch(own, creator, row.pk, submission))
        self.world.batches.extend(submission.batches)
        return submission.batches

    def cancel_submission(self, submission: Submission) -> None:
        row = SubmissionRow.objects.get(pk=submission.key)
        _, refusal = attempt(lambda: submissions.cancel_submission(row))
        running = [batch for batch in submission.batches if not batch.is_finished]
        assert refusal == ("" if running else "InvalidTransition")
        for batch in running:
            self.world.end(batch, "cancelled")

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
        assert refusal == wanted, f"refused by {refusal!r} instead of {wanted!r}"
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
        person.has_begun = False
