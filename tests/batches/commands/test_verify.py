"""Verify reports errors, and nothing if there are none."""

import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from batches.models import BatchItem, BatchOperation, Status
from batches.services.integrity import verify as module
from batches.services.integrity.verify import verify
from content.models import Content, ContentChange
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture
def run(alice, bob, wallet_of, work):
    """A catalogue with two batches behind it: saved, unchanged and failed results."""
    contents = make_contents(wallet_of(alice), 3)
    keys = [content.pk for content in contents]
    price_batch(alice, [*keys, "unknown"], newPrice=1_000_000)
    work()
    batch = price_batch(alice, keys, percentChange=10)
    work()
    batch.refresh_from_db()
    return batch


def faults():
    return [f"{fault.about}: {fault.words}" for fault in verify()]


def test_ordinary_work_passes_verification(run, capsys):
    assert faults() == []
    call_command("verify")
    assert capsys.readouterr().out == ("3 items, 8 changes, 2 batches, 7 results: all agree.\n")


def test_paging_by_one_row(run, monkeypatch):
    monkeypatch.setattr(module, "PAGE_ROWS", 1)
    monkeypatch.setattr(module, "BATCHES_A_PAGE", 1)
    checked = module.Checked()
    assert list(verify(checked)) == []
    assert checked == module.Checked(contents=3, changes=8, batches=2, results=7)


def test_query_count_constant_with_rows(run, alice, wallet_of, work, django_assert_max_num_queries):
    more = make_contents(wallet_of(alice), 40)
    price_batch(alice, [content.pk for content in more], newPrice=5)
    work()
    with django_assert_max_num_queries(12):
        assert faults() == []


def test_outdated_price_reported(run):
    key = run.content_ids[0]
    Content.objects.filter(pk=key).update(price=5)

    assert faults() == [f"item {key}: its price is 5, its history ends with 1100000"]


def test_outdated_version_reported(run):
    key = run.content_ids[1]
    Content.objects.filter(pk=key).update(version=7)

    assert faults() == [f"item {key}: it is at version 7, its history ends at 3"]


def test_history_gap_reported(run):
    key = run.content_ids[1]
    change = ContentChange.objects.get(content_id=key, version=2)
    BatchItem.objects.filter(change=change).update(change=None)
    change.delete()

    found = faults()
    assert f"item {key}: its history lacks version 2" in found
    assert any("its result is succeeded, with no change" in words for words in found)


def test_item_without_history_reported(alice, wallet_of):
    (content,) = make_contents(wallet_of(alice))
    ContentChange.objects.all().delete()

    assert faults() == [f"item {content.pk}: it is at version 1, its history ends at 0"]


def test_broken_history_reported(run):
    key = run.content_ids[2]
    ContentChange.objects.filter(content_id=key, version=3).update(before={"price": 9})

    assert faults() == [
        f"item {key}: version 3 has price 9 before it, version 2 has 1000000 after it"
    ]


def test_change_without_result_reported(run):
    key = run.content_ids[0]
    BatchItem.objects.filter(batch=run, content_id=key).delete()

    assert faults() == [
        (
            f"item {key}: version {Content.objects.get(pk=key).version} has no result "
            f"in batch {run.pk}"
        ),
        f"batch {run.pk}: it counts 3 saved, its rows say 2",
        f"batch {run.pk}: it is done with 2 results for 3 items",
    ]


def test_result_with_foreign_change_reported(run):
    first, second = BatchItem.objects.filter(batch=run).order_by("position")[:2]
    BatchItem.objects.filter(pk=first.pk).update(change=second.change)

    found = faults()
    assert any(
        words.endswith(
            f"its result refers to a change of item {second.content_id} by batch:{run.pk}"
        )
        for words in found
    )


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("success_count", "it counts 77 saved, its rows say 3"),
        ("unchanged_count", "it counts 77 unchanged, its rows say 0"),
        ("failure_count", "it counts 77 failed, its rows say 0"),
        ("total_items", "it counts 77 in all, its rows say 3"),
    ],
)
def test_wrong_counters_reported(run, field, words):
    BatchOperation.objects.filter(pk=run.pk).update(**{field: 77})

    assert faults() == [f"batch {run.pk}: {words}"]


def test_finished_paused_batch_reported(run):
    BatchOperation.objects.filter(pk=run.pk).update(lease_token=run.pk, lease_until=timezone.now())

    assert faults() == [f"batch {run.pk}: it has ended but a worker still has its lease"]


def test_deleted_batch_passes_verification(run):
    run.delete()

    assert faults() == []


def test_cancelled_batch_without_all_results(alice, wallet_of):
    contents = make_contents(wallet_of(alice), 2)
    batch = price_batch(alice, [content.pk for content in contents], newPrice=5)
    BatchOperation.objects.filter(pk=batch.pk).update(status=Status.CANCELLED)

    assert faults() == []


def test_json_output_and_exit_code(run, capsys):
    BatchOperation.objects.filter(pk=run.pk).update(total_items=4)
    with pytest.raises(SystemExit) as end:
        call_command("verify", "--json")

    report = json.loads(capsys.readouterr().out)
    assert end.value.code == 1
    assert (report["ok"], report["faultCount"]) == (False, 1)
    assert report["faults"][0]["about"] == f"batch {run.pk}"
    assert report["checked"] == {"contents": 3, "changes": 8, "batches": 2, "results": 7}
