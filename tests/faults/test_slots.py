"""Slots of templates: one batch each, despite concurrent sweepers, crashes and downtime."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from batches.models import BatchOperation, Submission, Template, TemplateRun
from batches.recurrence import LOCAL_FORMAT
from batches.services.integrity.verify import verify
from content.models import Content, ContentChange, User
from tests.batches.templates import save_template
from tests.faults.test_concurrent_workers import LONG_LEASE

STATE = TemplateRun.State
KILLED = -9


def make_due(content_ids, *, since=timedelta()):
    """A daily template for each item, whose first slot was so long ago and a little more."""
    alice, first = User.objects.get(username="alice"), timezone.now() - since - timedelta(hours=1)
    with time_machine.travel(first - timedelta(hours=1)):
        return [
            save_template(
                alice,
                contentIds=[key],
                updatePayload={"newPrice": 9},
                firstRun=f"{first:{LOCAL_FORMAT}}",
                timeZone="UTC",
            )
            for key in content_ids
        ]


def states():
    return list(TemplateRun.objects.order_by("due_at").values_list("state", flat=True))


# The server that stands in for MongoDB takes its time.
@pytest.mark.parametrize(
    ("world", "count"), [("files", 100), ("servers", 100), ("documents", 10)], indirect=["world"]
)
def test_fault_25_two_sweepers_one_batch_per_slot(world, seven, count):
    make_due(seven[:1] * count)

    world.run("tests.faults.workers", "2", "sweep", **LONG_LEASE, BATCH_QUOTA_PER_HOUR="1000")

    assert states() == [STATE.STARTED] * count
    assert BatchOperation.objects.count() == Submission.objects.count() == count
    assert set(Submission.objects.values_list("state", flat=True)) == {Submission.State.CONFIRMED}
    runs = TemplateRun.objects.values_list("template_id", "submission_id")
    assert len({key for key, _ in runs}) == len({key for _, key in runs}) == count
    assert not Template.objects.due().exists()
    assert list(verify()) == []


def test_fault_25_only_newest_missed_slot_runs(world, seven):
    make_due(seven, since=timedelta(days=3))
    for _ in range(2):
        world.start_worker(sweeps=True)

    done = ContentChange.objects.filter(version=2, chain_state="confirmed")
    world.wait_until(lambda: done.count() == 7, "the batches of the newest slots")

    assert states() == [STATE.MISSED] * 21 + [STATE.STARTED] * 7
    started = TemplateRun.objects.filter(state=STATE.STARTED)
    assert all(run.due_at > timezone.now() - timedelta(days=1) for run in started)
    assert BatchOperation.objects.count() == Submission.objects.count() == 7
    assert set(Content.objects.filter(pk__in=seven).values_list("version", flat=True)) == {2}
    assert list(verify()) == []


@pytest.mark.failpoint
def test_fault_25_next_sweeper_starts_slot(world, seven):
    make_due(seven[:1])
    doomed = world.start_worker(sweeps=True, FAILPOINT="slot-taken")
    assert world.exit_of(doomed) == KILLED
    assert states() == [STATE.DUE]
    assert not BatchOperation.objects.exists()
    assert not Submission.objects.exists()
    assert not Template.objects.due().exists()

    world.start_worker(sweeps=True)

    world.wait_until(BatchOperation.objects.exists, "the slot's batch")
    world.wait_for_end(BatchOperation.objects.get())
    assert states() == [STATE.STARTED]
    assert BatchOperation.objects.count() == Submission.objects.count() == 1
    assert ContentChange.objects.filter(version=2).count() == 1
    assert list(verify()) == []
