"""Compares the whole database with the model; a difference is an AssertionError."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from django.core import mail
from django.utils import timezone

from batches.models import (
    BatchItem,
    BatchOperation,
    Dependency,
    Notification,
    Submission,
    Template,
    TemplateRun,
)
from content.models import Content, ContentChange, ContractCall, SandboxTransaction, Wallet
from tests.properties.items import FAILED, SAVED, UNCHANGED, same
from tests.properties.waiting_facts import (
    compare_followers,
    compare_links,
    compare_templates,
    compare_waits,
)
from tests.properties.world import World

# What a change may touch, but for the moment of the removal, which has its own check.
FIELDS = (
    "title",
    "description",
    "content_type",
    "price",
    "creator_id",
    "url",
    "token_gating",
    "refundable",
    "refund_window_days",
    "is_removed",
    "removal_reason",
    "onchain_id",
)


def compare(world: World) -> None:
    """Items, histories, results, counters, leases, quota, mails and the chain's outbox."""
    changes = list(ContentChange.objects.order_by("content_id", "version"))
    compare_items(world)
    compare_histories(world, changes)
    compare_results(world, changes)
    compare_batches(world)
    compare_submissions(world)
    compare_templates(world)
    compare_chain(world, changes)


def compare_items(world: World) -> None:
    rows = {row.pk: row for row in Content.objects.all()}
    same(set(rows), set(world.items), "items came or went")
    for key, item in world.items.items():
        row = rows[key]
        found = {name: getattr(row, name) for name in FIELDS}
        same((found, row.version), (item.values, item.version), f"item {key}")
        same(row.removed_at is not None, item.is_removed, f"item {key} is removed or not")
        wanted = item.causes[-1]
        if wanted.startswith("batch:"):
            same(row.updated_by, wanted, f"item {key} by whom")


def compare_histories(world: World, changes: list[ContentChange]) -> None:
    histories = defaultdict(list)
    for change in changes:
        histories[change.content_id].append(change)
    for key, item in world.items.items():
        history = histories[key]
        versions = [change.version for change in history]
        same(versions, list(range(1, item.version + 1)), f"versions of item {key}")
        same([change.cause for change in history], item.causes, f"causes of item {key}")
        known: dict[str, Any] = {}
        for change, now in zip(history, _states(history), strict=True):
            before = {name: known.get(name) for name in change.before}
            same(change.before, before, f"item {key} before version {change.version}")
            if change.version > 1:
                same(set(change.before), set(change.after), f"fields of item {key}")
                assert change.before != change.after, f"item {key}: a version that changes nothing"
            known = now
        same({name: known[name] for name in FIELDS}, item.values, f"end of item {key}'s history")
    same(set(histories), set(world.items), "a history of no item")


def compare_results(world: World, changes: list[ContentChange]) -> None:
    """Each result has its change and each change of a batch its result, and none appears twice."""
    change_of = {change.pk: change for change in changes}
    found: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for row in BatchItem.objects.order_by("position"):
        change = change_of[row.change_id] if row.change_id else None
        if change is not None:
            of_whom = (change.content_id, change.cause)
            same(of_whom, (row.content_id, f"batch:{row.batch_id}"), "a change of another's")
        version = change.version if change else None
        found[row.batch_id].append(
            (row.position, row.content_id, row.outcome, row.code, version),
        )
    for batch in world.batches:
        wanted = [
            (position, key, *batch.results[key])
            for position, key in enumerate(batch.order.ids)
            if key in batch.results
        ]
        same(found.pop(batch.key, []), wanted, f"results of batch {batch.key}")
    assert not found, "results of no batch"
    causes = Counter(change.cause for change in changes)
    for batch in world.batches:
        same(causes[f"batch:{batch.key}"], batch.count(SAVED), "a change without a result")


def compare_batches(world: World) -> None:
    rows = {row.pk: row for row in BatchOperation.objects.all()}
    same(set(rows), {batch.key for batch in world.batches}, "batches came or went")
    links = compare_links(world)
    for batch in world.batches:
        row = rows[batch.key]
        compare_waits(batch, row, links[batch.key])
        same(row.status, batch.status, f"status of batch {batch.key}")
        counters = (row.success_count, row.unchanged_count, row.failure_count, row.total_items)
        wanted = (
            batch.count(SAVED, UNCHANGED),
            batch.count(UNCHANGED),
            batch.count(FAILED),
            len(batch.order.ids),
        )
        same(counters, wanted, f"counters of batch {batch.key}")
        same(row.content_ids, list(batch.order.ids), f"items of batch {batch.key}")
        same(row.lease_token is None, batch.status != "processing", "a lease")
        same(row.lease_until is None, row.lease_token is None, "half a lease")
        assert (row.completed_at is None) != batch.is_finished, f"end of batch {batch.key}"
    quotas = {wallet.pk: wallet.quota_used for wallet in Wallet.objects.all()}
    wallets = [person for person in world.people.values() if person.address]
    same(quotas, {person.address: person.used for person in wallets}, "quota")


def compare_submissions(world: World) -> None:
    rows = {row.pk: row for row in Submission.objects.all()}
    assert set(rows) == {submission.key for submission in world.submissions}
    for submission in world.submissions:
        row = rows[submission.key]
        same(row.state == "draft", submission.is_draft, "state of what was prepared")
        unfinished = [batch for batch in submission.batches if not batch.is_finished]
        same(row.unfinished, len(unfinished), "what of it has not ended")
    mails = Counter(
        (row.batch_id or row.submission_id, row.wallet_id) for row in Notification.objects.all()
    )
    same(mails, world.mails, "mails")


def compare_chain(world: World, changes: list[ContentChange]) -> None:
    """Queued exactly where the chain is concerned; each call says what its changes say, in order.

    Never were two transactions executed for one call, and a confirmed one was executed.
    """
    carried: dict[Any, list[ContentChange]] = defaultdict(list)
    history: list[ContentChange] = []
    for change in changes:
        history = [*history, change] if change.version > 1 else [change]
        is_registered = list(_states(history))[-1]["onchain_id"] is not None
        tells = bool(change.after.get("is_removed")) or "price" in change.after
        is_told = is_registered and tells and change.version > 1
        same(change.chain_state != "none", is_told, f"the chain's side of {change}")
        if change.contract_call_id:
            carried[change.contract_call_id].append(change)
        else:
            assert change.chain_state in {"none", "queued", "not-attempted"}, str(change)
    calls = {call.pk: call for call in ContractCall.objects.all()}
    same(set(calls), set(carried), "a call without changes")
    ledger = {row.tx_id: row for row in SandboxTransaction.objects.all()}
    executed = [call for call in calls.values() if call.state in {"broadcast", "confirmed"}]
    assert {call.tx_id for call in executed} <= set(ledger), "told as sent, and was not"
    same(len({call.tx_id for call in executed}), len(executed), "two calls, one transaction")
    in_time = sorted(executed, key=lambda call: (ledger[call.tx_id].at, call.pk))
    same(in_time, sorted(executed, key=lambda call: call.pk), "a call that overtook an older one")
    known = {call.tx_id for call in executed} | set(world.unheard.values())
    assert set(ledger) <= known, "executed, and nobody knows"
    for call in calls.values():
        assert call.tx_id in {"", world.unheard.get(call.pk, call.tx_id)}, "sent as another one"
        changed = sorted(carried[call.pk], key=lambda change: change.pk)
        prices = [change.after.get("price") for change in changed]
        said = [argument.get("price") for argument in call.arguments]
        same(said, prices, f"what call {call.pk} says")
        if call in executed:
            row = ledger[call.tx_id]
            same((row.function, row.arguments), (call.function, call.arguments), "the ledger")
        for change in changed:
            assert change.chain_state in {call.state, "failed"}, f"the chain's side of {change}"


def compare_rest(world: World) -> None:
    """When nothing more can be done now: who has not ended waits for a time, a person, or such."""
    now = timezone.now()
    rows = {row.pk: row for row in BatchOperation.objects.unfinished()}
    parents = defaultdict(list)
    for link in Dependency.objects.waiting():
        parents[link.batch_id].append(link.parent_id)
    for key, row in rows.items():
        is_later = row.scheduled_for is not None and row.scheduled_for > now
        waits = row.is_paused or is_later or any(parent in rows for parent in parents[key])
        assert row.status == "pending", f"batch {key} is stuck"
        assert waits, f"batch {key} waits for nothing"
    due = Template.objects.due().exists() or TemplateRun.objects.filter(state="due").exists()
    assert not due, "a slot is stuck"


def compare_end(world: World) -> None:
    """After all work: every batch ended, every change told, every mail sent once."""
    assert all(batch.is_finished for batch in world.batches), "a batch that never ends"
    compare_followers()
    for change in ContentChange.objects.exclude(chain_state="none"):
        assert change.chain_state in {"confirmed", "failed", "not-attempted"}, str(change)
    assert not Notification.objects.exclude(state="sent").exists(), "a mail that was never sent"
    names = [message.extra_headers["Message-ID"] for message in mail.outbox]
    same(len(names), len(set(names)) + world.mails_again, "a mail twice")
    same(len(set(names)), world.mails.total(), "mails, counted at the mailbox")


def _states(history: list[ContentChange]) -> Iterator[dict[str, Any]]:
    """What the item was after each change."""
    known: dict[str, Any] = {}
    for change in history:
        known = {**known, **change.after}
        yield known
