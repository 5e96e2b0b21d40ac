"""Results in the admin: paging, filters by outcome and reason, file."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from batches.models import BatchOperation, Submission
from batches.services.engine.lifecycle import cancel
from content.models import User
from tests.answers import rows_of, text
from tests.batches.admin.addresses import page
from tests.batches.orders import price_batch, price_run
from tests.factories import make_contents

LIST = reverse("admin:batches_batchoperation_changelist")
FORMULA = "=1+1<script>alert(1)</script>"


@pytest.fixture
def batch(alice, wallet_of, work) -> BatchOperation:
    """One saved, one removed, one unknown."""
    (saved,) = make_contents(wallet_of(alice), title=FORMULA)
    (removed,) = make_contents(wallet_of(alice), is_removed=True)
    batch = price_batch(alice, [saved.pk, removed.pk, "unknown"])
    work()
    batch.refresh_from_db()
    return batch


@pytest.fixture
def submission(staff, alice, bob, wallet_of, work) -> Submission:
    """235 items of two creators in three batches, of which the last five fail."""
    items = make_contents(wallet_of(alice), 120) + make_contents(wallet_of(bob), 110)
    items += make_contents(wallet_of(bob), 5, is_removed=True)
    submission = price_run(staff, [item.pk for item in items])
    work()
    return submission


def test_results_filtered_by_outcome_and_reason(signed_in, viewer, batch):
    client = signed_in(viewer)
    words = text(client.get(page("change", batch)))
    assert "All 3 Failed 2 Saved 1 Not found 1 Removed 1 " in words
    answer = client.get(page("change", batch), {"outcome": "failed", "code": "removed"})
    assert [row["id"] for row in answer.context["results"]] == [batch.content_ids[1]]
    assert f"{page('results', batch)}?outcome=failed&amp;code=removed" in answer.content.decode()
    answer = client.get(page("change", batch), {"outcome": "unchanged"})
    assert "No result matches." in text(answer)
    answer = client.get(page("change", batch), {"outcome": "{$ne:1}", "code": "x", "p": "-1"})
    assert len(answer.context["results"]) == 3


def test_run_results_paged_failures_first(signed_in, viewer, submission):
    client, path = signed_in(viewer), page("progress", submission)
    shown = []
    for number in (1, 2, 3):
        answer = client.get(path, {"p": number})
        assert len(answer.context["results"]) == (100, 100, 35)[number - 1]
        shown += [row["id"] for row in answer.context["results"]]
    assert sorted(shown) == sorted(submission.content_ids)
    assert set(shown[:5]) == set(submission.content_ids[-5:])
    assert "201–235 of 235" in text(answer)
    answer = client.get(path, {"outcome": "succeeded", "p": 2})
    assert "?outcome=succeeded&amp;p=3" in answer.content.decode()
    assert "All 235 Failed 5" in text(answer)


def test_run_query_count_constant(signed_in, staff, alice, wallet_of, work):
    client = signed_in(staff)

    def queries(count):
        keys = [item.pk for item in make_contents(wallet_of(alice), count)]
        submission = price_run(staff, [*keys, "unknown"])
        work()
        counted = []
        for path in (page("progress", submission),
                     page("results", submission),
                     page("change", submission.batches.first())):  # fmt: skip
            with CaptureQueriesContext(connection) as context:
                answer = client.get(path)
                assert answer.streaming is False or b"".join(answer)
            counted.append(len(context))
        return counted

    assert queries(2) == queries(90)


def test_a_run_is_one_file(signed_in, viewer, submission):
    client = signed_in(viewer)
    answer = client.get(page("progress", submission))
    assert page("results", submission) in answer.content.decode()
    answer = client.get(page("results", submission))
    rows = rows_of(answer)
    assert [row["content_id"] for row in rows] == submission.content_ids
    assert [row["outcome"] for row in rows[-5:]] == ["failed"] * 5
    failed = client.get(page("results", submission), {"outcome": "failed"})
    assert len(rows_of(failed)) == 5


@pytest.mark.parametrize(
    ("who", "status"), [("viewer", 200), ("staff", 200), ("root", 200), ("clerk", 404)]
)
def test_download_permission(who, status, request, signed_in, batch, staff):
    client = signed_in(request.getfixturevalue(who))
    run = price_run(staff, [batch.content_ids[0]])
    assert client.get(page("results", batch)).status_code == status
    assert client.get(page("results", run)).status_code == status
    if status == 200:
        rows = rows_of(client.get(page("results", batch)))
        assert [row["content_id"] for row in rows] == batch.content_ids
        assert rows[0]["title"] == f"'{FORMULA}"


@pytest.mark.parametrize("who", ["alice", "bob", "carol", None])
def test_admin_files_require_staff(who, request, client, batch, staff):
    run = price_run(staff, [batch.content_ids[0]])
    if who:
        client.force_login(request.getfixturevalue(who))
    for path in (page("results", batch), page("results", run)):
        assert client.get(path)["Location"].startswith(reverse("admin:login"))


def test_unprocessed_items_listed(signed_in, viewer, alice, wallet_of):
    items = make_contents(wallet_of(alice), 2)
    batch = price_batch(alice, [item.pk for item in items])
    cancel(batch)
    answer = signed_in(viewer).get(page("change", batch))
    assert [row["id"] for row in answer.context["results"]] == batch.content_ids
    assert "Not attempted 2" in text(answer)
    assert items[0].title in text(answer)


def test_poll_keeps_filter_and_page(signed_in, viewer, batch, submission):
    client = signed_in(viewer)
    BatchOperation.objects.filter(pk=batch.pk).update(status="processing")
    answer = client.get(page("change", batch), {"outcome": "failed", "code": "removed"})
    address = f"{page('progress', batch)}?outcome=failed&amp;code=removed&amp;p=1"
    assert f'hx-get="{address}"' in answer.content.decode()
    part = client.get(address.replace("&amp;", "&"), headers={"HX-Request": "true"})
    assert [row["id"] for row in part.context["results"]] == [batch.content_ids[1]]


def test_template_runs_read_only(signed_in, root, submission):
    client = signed_in(root)
    data = {"state": "draft", "payload": "{}", "kind": "remove-content"}
    assert client.get(reverse("admin:batches_submission_add")).status_code == 403
    assert client.post(page("change", submission), data).status_code == 403
    assert client.post(page("delete", submission), {"post": "yes"}).status_code == 403
    before = submission.payload, submission.kind
    submission.refresh_from_db()
    assert (submission.payload, submission.kind) == before
    assert submission.state == Submission.State.CONFIRMED


def test_days_are_inclusive_in_viewers_zone(signed_in, viewer, alice, wallet_of):
    User.objects.filter(pk=viewer.pk).update(time_zone="Europe/Berlin")
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    client = signed_in(viewer)

    def count(moment, **query):
        BatchOperation.objects.filter(pk=batch.pk).update(created_at=moment)
        query = {f"created_at_{name}": day for name, day in query.items()}
        return client.get(LIST, query).context["cl"].result_count

    late = datetime(2026, 7, 9, 21, 59, 59, tzinfo=UTC)
    assert count(late, **{"from": "2026-07-09", "to": "2026-07-09"}) == 1
    assert count(late, **{"from": "2026-07-10"}) == 0
    next_day = datetime(2026, 7, 9, 22, 0, tzinfo=UTC)
    assert count(next_day, to="2026-07-09") == 0
    assert count(next_day, **{"from": "2026-07-10", "to": "2026-07-10"}) == 1


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-07-10", "2026-07-09", "This is before the first day."),
        ("yesterday", "", "Write the day like 2026-01-31."),
        ("", "9999-12-31", "Choose a day before 9999-12-31."),
    ],
)
def test_invalid_days_find_nothing(signed_in, viewer, batch, first, last, words):
    query = {"created_at_from": first, "created_at_to": last}
    answer = signed_in(viewer).get(LIST, query)
    assert answer.context["cl"].result_count == 0
    assert words in answer.content.decode()
    assert "days in UTC" in answer.content.decode()


def test_the_list_filters_by_source(signed_in, viewer, batch):
    client = signed_in(viewer)
    assert client.get(LIST, {"source__exact": "api"}).context["cl"].result_count == 1
    assert client.get(LIST, {"source__exact": "admin"}).context["cl"].result_count == 0
