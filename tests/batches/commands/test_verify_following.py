"""Verify reports errors of dependencies, undos and templates."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from batches.models import (
    BatchItem,
    BatchOperation,
    Dependency,
    Follows,
    Status,
    Submission,
    TemplateRun,
)
from batches.services.engine.lifecycle import cancel
from batches.services.integrity.verify import verify
from batches.services.templates.runs import run_now
from batches.services.worker.sweep import sweep
from content.models import ContentChange
from tests.batches.follow_ups import followed
from tests.batches.orders import make_template, price_batch
from tests.factories import make_contents


def faults():
    return [f"{fault.about}: {fault.words}" for fault in verify()]


@pytest.fixture
def contents(alice, wallet_of):
    return make_contents(wallet_of(alice), 2)


@pytest.fixture
def pair(alice, contents):
    """A batch, and another that waits for it."""
    first = price_batch(alice, [contents[0].pk])
    return first, price_batch(alice, [contents[1].pk], dependsOn=[str(first.pk)])


@pytest.fixture
def undo(alice, contents, work):
    """A finished batch on both items."""
    batch = price_batch(alice, [content.pk for content in contents])
    work()
    batch.refresh_from_db()
    undo = followed(batch, Follows.UNDO, alice)
    work()
    undo.refresh_from_db()
    return undo


@pytest.fixture
def template(alice, contents):
    return make_template(alice, contentIds=[content.pk for content in contents])


def test_dependencies_pass_verification_at_any_time(pair, work):
    assert faults() == []
    for _ in range(2):
        work()
        assert faults() == []
        sweep()
        assert faults() == []
    assert {batch.status for batch in BatchOperation.objects.all()} == {Status.COMPLETED}


def test_failed_dependencies_pass_verification(pair):
    cancel(pair[0])
    sweep()

    assert BatchOperation.objects.get(pk=pair[1].pk).status == Status.FAILED
    assert faults() == []


def test_wrong_dependency_count_reported(pair):
    BatchOperation.objects.filter(pk=pair[1].pk).update(waits_for=2)

    assert faults() == [
        f"batch {pair[1].pk}: its counter says that it waits for 2 batches, its links say 1"
    ]


def test_early_start_reported(pair):
    BatchOperation.objects.filter(pk=pair[1].pk).update(
        status=Status.PROCESSING, waits_for=0, started_at=timezone.now()
    )

    words = f"it started while it still waited for batch {pair[0].pk}"
    assert faults() == [f"batch {pair[1].pk}: {words}"]


def test_stale_pending_batch_reported(pair, work):
    work()
    assert faults() == []
    long_ago = timezone.now() - timedelta(minutes=2)
    BatchOperation.objects.filter(pk=pair[0].pk).update(completed_at=long_ago)
    assert faults() == []  # it may have waited for a moment only
    BatchOperation.objects.filter(pk=pair[1].pk).update(updated_at=long_ago)

    words = f"it still waits for batch {pair[0].pk}, which has ended"
    assert faults() == [f"batch {pair[1].pk}: {words}"]


def test_undo_and_retry_pass_verification(undo, alice, contents, work):
    assert faults() == []
    again = followed(undo, Follows.UNDO, alice)
    work()
    again.refresh_from_db()
    assert again.success_count == 2
    assert faults() == []


def test_wrong_undo_value_reported(undo, contents):
    key = contents[0].pk
    item = BatchItem.objects.get(batch=undo, content_id=key)
    ContentChange.objects.filter(pk=item.change_id).update(after={"price": 5})

    assert f"batch {undo.pk}: it restored price of item {key} to 5, but it was 1000000" in faults()

    BatchOperation.objects.filter(pk=undo.pk).update(undo_of=None)  # the original was deleted
    assert f"batch {undo.pk}: it restored price of item {key} to 5, but it was 1000000" in faults()


def test_undo_over_later_change_reported(undo, contents):
    key = contents[1].pk
    item = BatchItem.objects.get(batch=undo, content_id=key)
    ContentChange.objects.filter(pk=item.change_id).update(version=9)

    words = f"it undid version 2 of item {key} as version 9, and overwrote the changes in between"
    assert f"batch {undo.pk}: {words}" in faults()


def test_template_run_passes_verification(template, alice, work):
    run_now(template, by=alice)
    run_now(template, by=alice)
    work()

    assert faults() == []


def test_run_without_batches_reported(template, alice):
    run = run_now(template, by=alice)
    Submission.objects.filter(pk=run.submission_id).update(state=Submission.State.DRAFT)

    words = f"its run {run.slot} is marked as started, but its submission was not confirmed"
    assert faults() == [f"template {template.pk}: {words}"]


def test_duplicate_submission_runs_reported(template, alice):
    run, other = run_now(template, by=alice), run_now(template, by=alice)
    TemplateRun.objects.filter(pk=other.pk).update(submission=run.submission)

    words = f"2 of its runs have the same submission {run.submission_id}"
    assert faults() == [f"template {template.pk}: {words}"]


@pytest.mark.django_db(transaction=True)
def test_repeated_slot_reported(alice, wallet_of, monkeypatch):
    (once,) = TemplateRun._meta.constraints
    make_contents(wallet_of(alice))
    template = make_template(alice)
    with monkeypatch.context() as without, connection.schema_editor() as editor:
        without.setattr(
            TemplateRun._meta, "constraints", []
        )  # SQLite recreates the table with the remaining constraints
        editor.remove_constraint(TemplateRun, once)
    try:
        for _ in range(2):
            TemplateRun.objects.create(
                template=template, slot="2026-12-01T09:00", due_at=timezone.now(), state="missed"
            )
        assert faults() == [f"template {template.pk}: it has 2 runs for the slot 2026-12-01T09:00"]
    finally:
        TemplateRun.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(TemplateRun, once)


def test_query_count_constant(undo, alice, wallet_of, work, django_assert_max_num_queries):
    contents = make_contents(wallet_of(alice), 12, price=1)
    for content in contents:
        batch = price_batch(alice, [content.pk])
        work()
        batch.refresh_from_db()
        first = followed(batch, Follows.UNDO, alice)
        price_batch(alice, [content.pk], dependsOn=[str(first.pk)])
    work()
    assert Dependency.objects.count() == 12
    with django_assert_max_num_queries(20):
        assert faults() == []
