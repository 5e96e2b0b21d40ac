"""Checks that items, their history, results, counters, links and slots agree; never writes.

It pages by key, so memory stays constant. A fault is checked again before it is reported:
someone may have written between two reads.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from batches.models import BatchItem, BatchOperation, Status, Template
from batches.services.integrity.links import (
    faults_of_links,
    faults_of_templates,
    faults_of_undoing,
    is_same,
)
from content.models import Content, ContentChange
from content.services.catalogue.changes import FIELDS, from_history

PAGE_ROWS = 500
BATCHES_A_PAGE = 50
CHECKS = 3
CAUSE = "batch:"

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Fault:
    """`about` names the row, such as `item 7` or `batch 0198…`; `words` describe the fault."""

    about: str
    words: str


@dataclass
class Checked:
    """How many rows of each kind were checked so far."""

    contents: int = 0
    changes: int = 0
    batches: int = 0
    results: int = 0


def verify(checked: Checked | None = None) -> Iterator[Fault]:
    """Yield all faults as they are found; updates `checked`."""
    checked = checked or Checked()
    yield from _persistent(Content.objects.all(), PAGE_ROWS, _faults_of_contents, checked)
    yield from _persistent(
        BatchOperation.objects.all(), BATCHES_A_PAGE, _faults_of_batches, checked
    )
    yield from _persistent(Template.objects.all(), BATCHES_A_PAGE, _faults_of_templates, checked)


Check = Callable[[Sequence[Row], Checked], Iterator[tuple[Any, Fault]]]


def _persistent(
    rows: QuerySet[Row], size: int, check: Check[Row], checked: Checked
) -> Iterator[Fault]:
    """Yield the faults that persist over several checks."""
    for page in _pages(rows, size):
        faults = list(check(page, checked))
        for _ in range(CHECKS - 1):
            if faults:
                keys = list({key for key, _ in faults})
                faults = list(check(list(rows.filter(pk__in=keys).order_by("pk")), Checked()))
        yield from (fault for _, fault in faults)


def _pages(rows: QuerySet[Row], size: int) -> Iterator[list[Row]]:
    rows = rows.order_by("pk")
    page = list(rows[:size])
    while page:
        yield page
        page = list(rows.filter(pk__gt=page[-1].pk)[:size])


# ---------------------------------------------------------------- items and their history


@dataclass
class _History:
    """The history of one item, as far as it was read."""

    version: int = 0
    known: dict[str, Any] = field(default_factory=dict)

    def follow(self, change: ContentChange) -> Iterator[str]:
        expected, self.version = self.version + 1, change.version
        if change.version != expected:
            yield f"version {expected} is missing from its history"
        before, after = from_history(change.before), from_history(change.after)
        for name, value in before.items():
            if change.version == expected and not is_same(self.known.get(name, value), value):
                yield (
                    f"version {change.version} has {value!r} as the previous {name}, "
                    f"but version {expected - 1} set {self.known[name]!r}"
                )
        self.known.update(after)

    def faults_of(self, content: Content) -> Iterator[str]:
        if content.version != self.version:
            yield f"it has version {content.version}, but its history ends at {self.version}"
        for name in FIELDS:
            value = getattr(content, name)
            if name in self.known and not is_same(self.known[name], value):
                yield f"its {name} is {value!r}, but its history ends with {self.known[name]!r}"


def _faults_of_contents(
    contents: Sequence[Content], checked: Checked
) -> Iterator[tuple[str, Fault]]:
    histories = {content.pk: _History() for content in contents}
    for changes in _pages_of_changes(list(histories)):
        checked.changes += len(changes)
        without_result = _without_result(changes)
        for change in changes:
            key = change.content_id
            for words in histories[key].follow(change):
                yield key, Fault(f"item {key}", words)
            if change.pk in without_result:
                words = f"version {change.version} has no result in {change.cause}"
                yield key, Fault(f"item {key}", words.replace(CAUSE, "batch "))
    for content in contents:
        for words in histories[content.pk].faults_of(content):
            yield content.pk, Fault(f"item {content.pk}", words)
    checked.contents += len(contents)


def _pages_of_changes(content_ids: list[str]) -> Iterator[list[ContentChange]]:
    """Yield the histories of some items in sequence; a single one may fill many pages."""
    rows = ContentChange.objects.filter(content_id__in=content_ids).order_by(
        "content_id", "version"
    )
    page = list(rows[:PAGE_ROWS])
    while page:
        yield page
        last = page[-1]
        rest = Q(content_id__gt=last.content_id) | Q(
            content_id=last.content_id, version__gt=last.version
        )
        page = list(rows.filter(rest)[:PAGE_ROWS])


def _without_result(changes: Sequence[ContentChange]) -> set[UUID]:
    """Changes by batches that have no result for them. Batches that were deleted don't count."""
    cause_of = {change.pk: change.batch_id for change in changes if change.batch_id is not None}
    if not cause_of:
        return set()
    batch_ids = list(set(cause_of.values()))
    there = set(BatchOperation.objects.filter(pk__in=batch_ids).values_list("pk", flat=True))
    content_ids = list({change.content_id for change in changes})
    items = BatchItem.objects.filter(batch_id__in=batch_ids, content_id__in=content_ids)
    results = set(items.values_list("batch_id", "change_id"))
    return {
        key
        for key, batch_id in cause_of.items()
        if batch_id in there and (batch_id, key) not in results
    }


# ---------------------------------------------------------------- batches and their results


def _faults_of_batches(
    batches: Sequence[BatchOperation], checked: Checked
) -> Iterator[tuple[UUID, Fault]]:
    items: dict[UUID, list[BatchItem]] = defaultdict(list)
    for item in BatchItem.objects.filter(batch_id__in=[batch.pk for batch in batches]):
        items[item.batch_id].append(item)
    found = [item for rows in items.values() for item in rows]
    changes = ContentChange.objects.in_bulk([item.change_id for item in found if item.change_id])
    for batch in batches:
        for words in _faults_of_batch(batch, items[batch.pk]):
            yield batch.pk, Fault(f"batch {batch.pk}", words)
        for item in items[batch.pk]:
            for words in _faults_of_result(batch, item, changes):
                about = f"batch {batch.pk}, item {item.content_id}"
                yield batch.pk, Fault(about, words)
    following = chain(faults_of_links(batches), faults_of_undoing(batches, items, changes))
    for key, words in following:
        yield key, Fault(f"batch {key}", words)
    checked.batches += len(batches)
    checked.results += len(found)


def _faults_of_batch(batch: BatchOperation, items: Sequence[BatchItem]) -> Iterator[str]:
    outcomes = Counter(item.outcome for item in items)
    unchanged = outcomes[BatchItem.Outcome.UNCHANGED]
    for name, counter, rows in (
        ("saved", batch.success_count, outcomes[BatchItem.Outcome.SUCCEEDED] + unchanged),
        ("unchanged", batch.unchanged_count, unchanged),
        ("failed", batch.failure_count, outcomes[BatchItem.Outcome.FAILED]),
        ("in all", batch.total_items, len(batch.content_ids)),
    ):
        if counter != rows:
            yield f"its counter says {counter} {name}, its results say {rows}"
    if batch.status == Status.COMPLETED and len(items) != len(batch.content_ids):
        yield f"it is completed with {len(items)} results for {len(batch.content_ids)} items"
    if batch.is_finished and batch.lease_token is not None:
        yield "it has ended but a worker still has its lease"


def _faults_of_result(
    batch: BatchOperation, item: BatchItem, changes: Mapping[UUID, ContentChange]
) -> Iterator[str]:
    if batch.content_ids[item.position : item.position + 1] != [item.content_id]:
        yield f"its result has position {item.position + 1}, where the request has no such item"
    has_change = item.change_id is not None
    if has_change != (item.outcome == BatchItem.Outcome.SUCCEEDED):
        yield f"its result is {item.outcome}, but it has {'a' if has_change else 'no'} change"
    change = changes.get(item.change_id) if item.change_id else None
    if has_change and change is None:
        yield "the change of its result does not exist"
    if change and (change.content_id, change.cause) != (item.content_id, f"{CAUSE}{batch.pk}"):
        yield f"its result refers to a change of item {change.content_id} by {change.cause}"


# ---------------------------------------------------------------- templates


def _faults_of_templates(
    templates: Sequence[Template], checked: Checked
) -> Iterator[tuple[UUID, Fault]]:
    for key, words in faults_of_templates(templates):
        yield key, Fault(f"template {key}", words)
