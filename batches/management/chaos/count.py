"""The checks at the end of chaos: nothing lost, doubled or stuck.

There are two independent checks: `verify` compares histories, results and counters; this module
compares results with versions and with the chain's ledger, without the engine's code.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from batches.models import UNFINISHED, BatchItem, BatchOperation, Status
from batches.services.integrity.verify import verify
from content.contract import call_for
from content.models import Content, ContentChange, ContractCall, SandboxTransaction

ROWS_AT_ONCE = 2_000
FAULTS_SHOWN = 10


@dataclass(frozen=True)
class Count:
    """How many effects are missing or doubled, and how many batches never ended."""

    batches: int
    cancelled: int
    items: int
    changes: int
    lost: int
    doubled: int
    stuck: int
    # The first few faults that `verify` finds.
    faults: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.stuck or self.faults)


def recount(accepted: Collection[UUID] = (), cancelled: Collection[UUID] = ()) -> Count:
    """Count after everything has stopped.

    `accepted` are the batches whose creation was confirmed, `cancelled` those whose cancellation
    was confirmed: a batch that is missing, or ran although cancelled, is lost.
    """
    effects, ledger = _effects(), _ledger()
    faults = [f"{fault.about}: {fault.words}" for fault in verify()]
    states = dict(BatchOperation.objects.values_list("pk", "status"))
    unanswered = sum(_unanswered_items())
    return Count(
        batches=len(states),
        cancelled=sum(status == Status.CANCELLED for status in states.values()),
        items=BatchItem.objects.count(),
        changes=ContentChange.objects.filter(version__gt=1).count(),
        lost=(
            _missing(effects)
            + _missing(ledger)
            + unanswered
            + sum(key not in states for key in accepted)
            + sum(states.get(key) != Status.CANCELLED for key in cancelled)
        ),
        doubled=_surplus(effects) + _surplus(ledger),
        stuck=(
            sum(status in UNFINISHED for status in states.values())
            + ContractCall.objects.open().count()
        ),
        faults=tuple(faults[:FAULTS_SHOWN]),
    )


def _missing(differences: Counter[str]) -> int:
    return -sum(number for number in differences.values() if number < 0)


def _surplus(differences: Counter[str]) -> int:
    return sum(number for number in differences.values() if number > 0)


def _effects() -> Counter[str]:
    """For each item, the number of versions minus the number of *saved* results."""
    differences: Counter[str] = Counter()
    contents = Content.objects.order_by("pk").values_list("pk", "version")
    for key, version in contents.iterator(chunk_size=ROWS_AT_ONCE):
        differences[key] += version - 1
    saved = BatchItem.objects.filter(outcome=BatchItem.Outcome.SUCCEEDED)
    for key in saved.values_list("content_id", flat=True).iterator(chunk_size=ROWS_AT_ONCE):
        differences[key] -= 1
    return differences


def _ledger() -> Counter[str]:
    """For each item and function, the number of chain calls minus the number of changes."""
    differences: Counter[str] = Counter()
    transactions = SandboxTransaction.objects.order_by("pk")
    for transaction in transactions.iterator(chunk_size=ROWS_AT_ONCE):
        for argument in transaction.arguments:
            differences[f"{transaction.function} {argument['content-id']}"] += 1
    numbers = dict(Content.objects.values_list("pk", "onchain_id"))
    changes = ContentChange.objects.filter(version__gt=1).order_by("pk")
    for change in changes.iterator(chunk_size=ROWS_AT_ONCE):
        call = call_for(numbers[change.content_id], change.after)
        if call is not None:
            differences[f"{call[0]} {call[1]['content-id']}"] -= 1
    return differences


def _unanswered_items() -> Iterator[int]:
    """For each batch that is done, how many of its ids have no result."""
    results: Counter[UUID] = Counter()
    for key in BatchItem.objects.values_list("batch_id", flat=True).iterator(
        chunk_size=ROWS_AT_ONCE
    ):
        results[key] += 1
    done = BatchOperation.objects.filter(status=Status.COMPLETED)
    for key, content_ids in done.values_list("pk", "content_ids").iterator(chunk_size=ROWS_AT_ONCE):
        yield max(0, len(content_ids) - results[key])
