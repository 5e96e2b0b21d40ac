"""Compares dependencies, follow-ups and templates with the model."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from batches.models import BatchItem, BatchOperation, Dependency, Template, TemplateRun
from tests.properties.items import FAILED, same
from tests.properties.rows import Batch, moment
from tests.properties.world import World

Links = dict[UUID, dict[UUID, tuple[str, str]]]


def compare_links(world: World) -> Links:
    """All links as (kind, state), by batch and by the one that it waits for."""
    links: Links = defaultdict(dict)
    for row in Dependency.objects.all():
        links[row.batch_id][row.parent_id] = (row.when, row.state)
    for batch in world.batches:
        wanted = {link.parent.key: (link.when, link.state) for link in batch.links}
        same(links[batch.key], wanted, f"what batch {batch.key} waits for")
    return links


def compare_waits(batch: Batch, row: BatchOperation, links: dict[UUID, tuple[str, str]]) -> None:
    """Its times, its hold, what it follows upon; and that it did not begin too early."""
    same(
        (row.scheduled_for, row.until, row.is_paused),
        (moment(batch.starts), moment(batch.until), batch.is_paused),
        f"what keeps batch {batch.key}",
    )
    origin = batch.order.origin
    follows = {"retry": row.retry_of_id, "undo": row.undo_of_id}
    wanted = dict.fromkeys(follows) | ({batch.order.follows: origin.key} if origin else {})
    same(follows, wanted, f"what batch {batch.key} follows upon")
    versions = [batch.order.versions.get(key) for key in batch.order.ids]
    if any(version is not None for version in versions):
        same(row.expected_versions, versions, f"versions for batch {batch.key}")
    same(row.error_code, batch.error, f"why batch {batch.key} was aborted")
    depth, payload = 0, row.payload
    while "undo" in payload:
        depth, payload = depth + 1, payload["undo"]
    same(depth, batch.order.depth, f"how often batch {batch.key} was undone")
    if row.status in {"processing", "completed"}:
        states = {state for _, state in links.values()}
        assert states <= {"met"}, f"batch {batch.key} began although {states}"
        if row.started_at and row.scheduled_for:
            assert row.started_at >= row.scheduled_for, f"batch {batch.key} began too early"
    if row.status == "pending":
        waiting = sum(state == "waiting" for _, state in links.values())
        same(row.waits_for, waiting, f"how many batch {batch.key} waits for")


def compare_templates(world: World) -> None:
    rows = {row.pk: row for row in Template.objects.all()}
    same(set(rows), {template.key for template in world.templates}, "templates came or went")
    runs: dict[UUID, list[Any]] = defaultdict(list)
    for run in TemplateRun.objects.order_by("due_at", "id"):
        slot = None if run.is_manual else run.due_at
        runs[run.template_id].append((slot, run.state, run.submission_id))
    for template in world.templates:
        row = rows[template.key]
        following = None if template.next is None else template.moment(template.next)
        same(
            (row.next_run_at, row.is_paused),
            (following, template.is_paused),
            f"what comes of template {template.key}",
        )
        wanted = [
            (
                None if run.slot is None else template.moment(run.slot),
                run.state,
                run.submission.key if run.submission else None,
            )
            for run in template.runs
        ]
        same(sorted(runs[row.pk], key=str), sorted(wanted, key=str), "what a template ran")


def compare_followers() -> None:
    """Whatever the world says: only what failed is tried again, and nothing is put back twice."""
    batches = {row.pk: row for row in BatchOperation.objects.all()}
    items = {
        (row.batch_id, row.content_id): row for row in BatchItem.objects.select_related("change")
    }
    undone = set()
    for batch in batches.values():
        if batch.retry_of_id:
            origin = batches[batch.retry_of_id]
            for key in batch.content_ids:
                item = items.get((origin.pk, key))
                failed = origin.status == "failed" if item is None else item.outcome == FAILED
                assert failed, f"batch {batch.pk} tries {key} again, which had not failed"
        if "undo" not in batch.payload:
            continue
        for position, key in enumerate(batch.content_ids):
            item = items.get((batch.pk, key))
            if item is None or item.change is None:
                continue
            version = batch.expected_versions[position]
            same(item.change.version, version + 1, f"batch {batch.pk}, over what came between")
            assert (key, version) not in undone, f"version {version} of {key} was undone twice"
            undone.add((key, version))
