"""Checks of dependencies, undos and templates for `verify`; read-only."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils import timezone

from batches.models import (
    BatchItem,
    BatchOperation,
    Dependency,
    Status,
    Submission,
    Template,
    TemplateRun,
)
from batches.operations.undo import RESTORE, UNDO
from content.models import ContentChange
from content.services.catalogue.changes import from_history

# Dependents of an ended batch are updated at once, and by the next sweep at the latest.
SETTLED_AFTER = timedelta(minutes=1)
STARTED = frozenset({Status.PROCESSING, Status.COMPLETED})

Words = Iterator[tuple[UUID, str]]


def faults_of_links(batches: Sequence[BatchOperation]) -> Words:
    """Yield the faults of these batches' dependencies, with the batch's id. One query."""
    links: dict[UUID, list[Dependency]] = defaultdict(list)
    found = Dependency.objects.filter(batch_id__in=[batch.pk for batch in batches])
    for link in found.select_related("parent"):
        links[link.batch_id].append(link)
    late = timezone.now() - SETTLED_AFTER
    for batch in batches:
        waiting = [link for link in links[batch.pk] if link.state == Dependency.State.WAITING]
        if batch.status == Status.PENDING and batch.waits_for != len(waiting):
            yield batch.pk, f"it counts {batch.waits_for} open dependencies, but has {len(waiting)}"
        if batch.status in STARTED and waiting:
            yield batch.pk, f"it started before batch {waiting[0].parent_id}, which it depends on"
        for link in waiting:
            ended = link.parent.completed_at
            if link.parent.is_finished and ended and max(ended, batch.updated_at) < late:
                yield (
                    batch.pk,
                    f"its dependency on batch {link.parent_id} is still open, which has ended",
                )


def faults_of_undoing(
    batches: Sequence[BatchOperation],
    items: Mapping[UUID, Sequence[BatchItem]],
    changes: Mapping[UUID, ContentChange],
) -> Words:
    """Undos that restored wrong values, with the batch's id."""
    undoing = [batch for batch in batches if UNDO in batch.payload and items.get(batch.pk)]
    origins = _changes_of([batch.undo_of_id for batch in undoing if batch.undo_of_id])
    for batch in undoing:
        for item in items[batch.pk]:
            change = changes.get(item.change_id) if item.change_id else None
            if change is None:
                continue
            undone = origins.get((batch.undo_of_id, item.content_id))
            for words in _faults_of_undo(change, undone, _restored(batch, item)):
                yield batch.pk, words


def _faults_of_undo(
    change: ContentChange, undone: ContentChange | None, restored: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the faults of one item; `undone` is the change that was undone, if known."""
    about = f"of item {change.content_id}"
    if undone and change.version != undone.version + 1:
        versions = f"version {undone.version} {about} as version {change.version}"
        yield f"it restored {versions} over later changes"
    was = from_history(undone.before if undone else restored)
    for name, value in from_history(change.after).items():
        if name not in was or not is_same(was[name], value):
            yield f"it left {name} {about} at {value!r}, not {was.get(name)!r}"


def faults_of_templates(templates: Sequence[Template]) -> Words:
    """Slots that ran twice, and started runs without batches."""
    keys = [template.pk for template in templates]
    runs = TemplateRun.objects.filter(template_id__in=keys).order_by()
    for key, slot, times in _more_than_once(runs, "slot"):
        yield key, f"its slot {slot} has {times} runs"
    named = runs.filter(submission__isnull=False)
    for key, submission, times in _more_than_once(named, "submission_id"):
        yield key, f"{times} of its runs have the same submission {submission}"
    started = runs.filter(state=TemplateRun.State.STARTED, submission__isnull=False)
    unstarted = started.exclude(submission__state=Submission.State.CONFIRMED)
    for key, slot in unstarted.values_list("template_id", "slot"):
        yield key, f"its run {slot} counts as started, but its submission was never confirmed"


def _more_than_once(runs: QuerySet[TemplateRun], name: str) -> Iterator[tuple[UUID, Any, int]]:
    """Duplicates of values that must be unique within a template: template, value, count."""
    times = runs.values("template_id", name).annotate(times=Count("pk")).filter(times__gt=1)
    yield from times.values_list("template_id", name, "times").order_by("template_id", name)


def is_same(one: Any, other: Any) -> bool:
    """Compare two values of a field, from the history and from the item."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        # MongoDB keeps milliseconds.
        return abs((one - other).total_seconds()) < 0.001
    return bool(one == other)


def _changes_of(batch_ids: Sequence[UUID]) -> dict[tuple[UUID | None, str], ContentChange]:
    """Return the changes that these batches made, by batch and item. Two queries at most."""
    if not batch_ids:
        return {}
    items = BatchItem.objects.filter(batch_id__in=batch_ids, change__isnull=False)
    return {
        (item.batch_id, item.content_id): item.change
        for item in items.select_related("change")
        if item.change
    }


def _restored(batch: BatchOperation, item: BatchItem) -> dict[str, Any]:
    """Return the values to restore of an undo (or its retry) whose original is gone."""
    own = batch.item_payloads[item.position : item.position + 1]
    return own[0].get(RESTORE, {}) if own else {}
