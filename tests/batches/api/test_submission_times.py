"""A run of several batches over the API: rescheduled as a whole, with its results in one file."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import BatchOperation
from tests.batches.orders import price_run
from tests.factories import make_contents


@pytest.fixture
def items(alice, wallet_of):
    return [content.pk for content in make_contents(wallet_of(alice), 3)]


@pytest.fixture
def run(alice, items, settings):
    """Two batches of alice that start tomorrow."""
    settings.BATCH_MAX_ITEMS = 2
    return price_run(alice, items, scheduled_for=timezone.now() + timedelta(days=1))


def times():
    return set(BatchOperation.objects.values_list("scheduled_for", "until"))


def test_pending_batches_rescheduled(call, alice, run):
    moment = (timezone.now() + timedelta(days=3)).replace(microsecond=0)
    end = moment + timedelta(days=1)
    path = f"/api/submissions/{run.pk}/schedule"

    body = {"scheduledFor": moment.isoformat(), "until": end.isoformat()}
    answer = call(alice).post(path, body)

    assert answer.status_code == 200, answer.content
    shown = answer.json()
    assert (shown["scheduledFor"], shown["until"]) == (
        moment.isoformat().replace("+00:00", "Z"),
        end.isoformat().replace("+00:00", "Z"),
    )
    assert times() == {(moment, end)}
    for wrong in ({}, {"scheduledFor": "tomorrow"}, {"until": moment.isoformat()}, {"at": None}):
        assert call(alice).post(path, wrong).status_code == 400, wrong
    assert times() == {(moment, end)}
    assert call(alice).post(path, {"scheduledFor": None}).json()["scheduledFor"] is None


def test_started_and_foreign_runs_refused(call, alice, bob, viewer, run, work):
    path = f"/api/submissions/{run.pk}/schedule"
    body = {"scheduledFor": None}
    before = times()
    assert call(bob).post(path, body).status_code == 404
    assert call(viewer).post(path, body).status_code == 403
    assert times() == before
    call(alice).post(path, body)
    work()
    assert call(alice).post(path, body).status_code == 409


def test_run_results_in_one_file(call, alice, bob, run, items, work):
    call(alice).post(f"/api/submissions/{run.pk}/schedule", {"scheduledFor": None})
    work()
    path = f"/api/submissions/{run.pk}/results"

    answer = call(alice).get(path, format="csv")

    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sorted(row["content_id"] for row in rows) == sorted(items)
    failed = call(alice).get(path, format="csv", outcome="failed")
    assert len(b"".join(failed.streaming_content).decode().strip().splitlines()) == 1
    for query in ({}, {"format": "xml"}, {"format": "csv", "outcome": "lost"}):
        assert call(alice).get(path, **query).status_code == 400, query
    assert call(bob).get(path, format="csv").status_code == 404
