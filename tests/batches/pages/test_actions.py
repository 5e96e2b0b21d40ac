"""The buttons of a batch and of a run: pause, start, retry, undo."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import BatchOperation, Follows, Status, Submission
from batches.services.engine.run_batch import run_batch
from content.models import Content
from content.services.catalogue.changes import change_content
from tests.answers import text
from tests.batches.follow_ups import followed
from tests.batches.orders import price_batch
from tests.factories import make_contents


def buttons(answer) -> set[str]:
    """Return the ids of the offered actions."""
    names = "reschedule|start|pause|resume|cancel|retry|undo|keep|review-conflicts"
    return set(re.findall(rf' id="({names})"', answer.content.decode()))


def prices():
    return list(Content.objects.order_by("created_at", "pk").values_list("price", flat=True))


@pytest.fixture
def keys(contents):
    return [content.pk for content in contents]


@pytest.fixture
def coming(alice, keys):
    moment = (timezone.now() + timedelta(days=1)).isoformat()
    return price_batch(alice, keys, scheduledFor=moment)


@pytest.fixture
def run(signed_in, settings, alice, keys, prepared):
    """A run of alice with two batches."""
    settings.BATCH_MAX_ITEMS = 2
    client = signed_in(alice)
    submission = prepared(client, keys)
    client.post(f"/submissions/{submission.pk}/confirm")
    return submission


def review_of(answer) -> Submission:
    assert answer.status_code == 302
    return Submission.objects.get(pk=answer["Location"].removeprefix("/submissions/"))


def test_offered_actions_are_allowed(signed_in, alice, keys, coming, work):
    client = signed_in(alice)
    url = f"/batches/{coming.pk}"
    assert buttons(client.get(url)) == {"reschedule", "start", "pause", "cancel", "keep"}
    client.post(f"{url}/hold")
    assert buttons(client.get(url)) == {"reschedule", "start", "resume", "cancel", "keep"}
    client.post(f"{url}/go-on")
    assert "pause" in buttons(client.get(url))
    client.post(f"{url}/start")
    assert buttons(client.get(url)) == {"reschedule", "pause", "cancel", "keep"}
    work()
    assert buttons(client.get(url)) == {"undo", "keep"}


def test_viewers_get_no_actions(signed_in, viewer, coming):
    assert buttons(signed_in(viewer).get(f"/batches/{coming.pk}")) == set()


def test_start_now_and_pause(signed_in, alice, contents, coming, work):
    client = signed_in(alice)
    url = f"/batches/{coming.pk}"
    answer = client.post(f"{url}/hold", follow=True)
    assert "Batches that have not started wait until you resume them." in text(answer)
    client.post(f"{url}/start")
    coming.refresh_from_db()
    assert (coming.scheduled_for, coming.is_paused) == (None, False)
    work()
    assert prices() == [7_000_000] * 3
    for action in ("start", "hold", "go-on"):
        answer = client.post(f"{url}/{action}", follow=True)
        assert "This batch is done and can no longer be" in text(answer), action


@pytest.mark.parametrize("action", ["start", "hold", "go-on", "retry", "undo"])
def test_get_changes_nothing(signed_in, alice, coming, action):
    client = signed_in(alice)
    before = BatchOperation.objects.values().get()
    answer = client.get(f"/batches/{coming.pk}/{action}")
    assert answer["Location"] == f"/batches/{coming.pk}"
    assert BatchOperation.objects.values().get() == before
    assert not Submission.objects.exists()


def test_retry_after_review(signed_in, alice, contents, keys, work):
    Content.objects.filter(pk=keys[1]).update(is_removed=True)
    batch = price_batch(alice, keys)
    work()
    Content.objects.filter(pk=keys[1]).update(is_removed=False)
    client = signed_in(alice)
    draft = review_of(client.post(f"/batches/{batch.pk}/retry"))
    assert (draft.content_ids, draft.follows) == ([keys[1]], Follows.RETRY)
    words = text(client.get(f"/submissions/{draft.pk}"))
    assert "Change 1 of 1. Nothing has changed yet." in words
    assert f'href="/batches/{batch.pk}"' in client.get(f"/submissions/{draft.pk}").content.decode()
    client.post(f"/submissions/{draft.pk}/confirm")
    work()
    assert prices() == [7_000_000] * 3
    again = BatchOperation.objects.get(retry_of=batch)
    words = text(client.get(f"/batches/{batch.pk}"))
    assert "Retried by Update price to 7 STX , 1 of 1 saved Done" in words
    assert "Retries failed items of" in text(client.get(f"/batches/{again.pk}"))


def test_retried_items_not_offered_again(signed_in, alice, contents, keys, prepared):
    client = signed_in(alice)
    submission = prepared(client, [*keys, "unknown"], new_price="9")
    client.post(f"/submissions/{submission.pk}/confirm")
    change_content(keys[2], {"price": 5}, version=1, by=alice, cause="api")
    batch = submission.batches.get()
    run_batch(batch.pk)
    places = (f"/batches/{batch.pk}", f"/submissions/{submission.pk}")
    for place in places:
        answer = client.get(place)
        assert {"review-conflicts", "retry"} <= buttons(answer)
        assert "Review 1 conflict" in text(answer)
        draft = review_of(client.post(f"{place}/retry", {"code": "conflict"}))
        assert (draft.content_ids, draft.versions) == ([keys[2]], [2])
    client.post(f"/submissions/{draft.pk}/confirm")
    for place in places:
        assert buttons(client.get(place)) == {"retry", "undo", "keep"}
    run_batch(BatchOperation.objects.get(retry_of=batch).pk)
    for place in places:
        assert buttons(client.get(place)) == {"retry", "undo", "keep"}


def test_undo_skips_items_changed_since(signed_in, alice, contents, keys, work):
    batch = price_batch(alice, keys)
    work()
    change_content(keys[1], {"price": 5}, version=2, by=alice, cause="api")
    client = signed_in(alice)
    draft = review_of(client.post(f"/batches/{batch.pk}/undo"))
    answer = client.get(f"/submissions/{draft.pk}")
    words = text(answer)
    assert "Undo: Update price to 7 STX" in words
    assert "Undo 2 of 3, 1 not possible" in words
    assert "Changed since, so it stays as it is" in words
    assert "Content was changed since" not in words
    assert prices().count(7_000_000) == 2, "a review changes nothing"
    client.post(f"/submissions/{draft.pk}/confirm")
    work()
    assert sorted(prices()) == [5, 1_000_000, 3_000_000]
    undo = BatchOperation.objects.get(undo_of=batch)
    words = text(client.get(f"/batches/{undo.pk}"))
    assert "Undoes Update price to 7 STX" in words
    assert "Changed since, so it stays as it is" in words
    # A conflict of an undo can't be retried; the undo can be undone but not saved as template.
    assert buttons(client.get(f"/batches/{undo.pk}")) == {"undo"}

    draft = review_of(client.post(f"/batches/{undo.pk}/undo"))
    assert "Redo: Update price to 7 STX" in text(client.get(f"/submissions/{draft.pk}"))
    client.post(f"/submissions/{draft.pk}/confirm")
    work()
    assert sorted(prices()) == [5, 7_000_000, 7_000_000]


def test_waiting_undo_refuses_second_undo(signed_in, alice, keys, work):
    batch = price_batch(alice, keys)
    work()
    client = signed_in(alice)
    draft = review_of(client.post(f"/batches/{batch.pk}/undo"))
    client.post(f"/submissions/{draft.pk}/confirm")
    answer = client.post(f"/batches/{batch.pk}/undo", follow=True)
    assert "An undo of this is already scheduled" in text(answer)
    assert "undo" not in buttons(client.get(f"/batches/{batch.pk}"))
    work()
    assert "undo" not in buttons(client.get(f"/batches/{batch.pk}")), "all of it was undone"


def test_invalid_code_ignored(signed_in, alice, keys, work):
    Content.objects.filter(pk=keys[1]).update(is_removed=True)
    batch = price_batch(alice, keys)
    work()
    draft = review_of(signed_in(alice).post(f"/batches/{batch.pk}/retry", {"code": "' OR 1"}))
    assert draft.content_ids == [keys[1]]


def test_run_paused_rescheduled_started(signed_in, alice, run, work):
    client = signed_in(alice)
    url = f"/submissions/{run.pk}"
    client.post(f"{url}/hold")
    work()
    assert "Paused" in text(client.get(url))
    assert set(BatchOperation.objects.values_list("status", flat=True)) == {Status.PENDING}
    answer = client.get(f"{url}/when")
    assert "for all 2 batches of this run that have not started" in text(answer)
    client.post(f"{url}/when", {"scheduled_for": "2030-01-01T09:00"})
    times = {batch.scheduled_for.year for batch in BatchOperation.objects.all()}
    assert times == {2030}
    client.post(f"{url}/go-on")
    work()
    assert "Scheduled" in text(client.get(url))
    client.post(f"{url}/start")
    work()
    assert "3 saved" in text(client.get(url))
    assert buttons(client.get(url)) == {"undo", "keep"}


def test_paused_run_counts_remaining_items(signed_in, alice, run):
    run_batch(run.batches.order_by("pk")[0].pk)
    client = signed_in(alice)
    answer = client.post(f"/submissions/{run.pk}/hold", follow=True)
    assert "Paused until it is resumed." in text(answer)


def test_whole_run_undone(signed_in, alice, run, work):
    work()
    client = signed_in(alice)
    assert prices() == [1_100_000, 2_200_000, 3_300_000]
    draft = review_of(client.post(f"/submissions/{run.pk}/undo"))
    assert "Undo 3 of 3" in text(client.get(f"/submissions/{draft.pk}"))
    client.post(f"/submissions/{draft.pk}/confirm")
    work()
    assert prices() == [1_000_000, 2_000_000, 3_000_000]
    assert text(client.get(f"/submissions/{run.pk}")).count("Undone by") == 2


def test_cancelled_run_shows_done_items(signed_in, alice, contents, run):
    client = signed_in(alice)
    first, second = run.batches.order_by("created_at", "pk")
    run_batch(first.pk)
    client.post(f"/submissions/{run.pk}/cancel")
    answer = client.get(f"/submissions/{run.pk}")
    words = text(answer)
    assert "Stopped after 2 of 3" in words
    assert "2 of 3" in words
    left = Content.objects.get(pk=second.content_ids[0])
    assert "Not attempted 1 They were not processed, so nothing about them was changed." in words
    assert f"{left.title} {left.pk} Not attempted" in words
    assert f'href="/batches/{second.pk}?outcome=not-attempted"' in answer.content.decode()
    assert left.version == 1
    assert buttons(answer) == {"undo", "keep"}


def test_expired_undo_links_its_batch(signed_in, alice, keys, work):
    batch = price_batch(alice, keys)
    work()
    client = signed_in(alice)
    draft = review_of(client.post(f"/batches/{batch.pk}/undo"))
    Submission.objects.update(expires_at=timezone.now())
    page = client.get(f"/submissions/{draft.pk}").content.decode()
    assert "This review has expired" in page
    assert f'href="/batches/{batch.pk}"' in page
    assert "again=" not in page
    answer = client.get(f"/batches/new/update-price?again={draft.pk}")
    assert answer["Location"] == "/content"


def test_poll_shows_new_time(signed_in, alice, coming):
    client = signed_in(alice)
    url, htmx = f"/batches/{coming.pk}", {"HTTP_HX_REQUEST": "true"}
    seen = re.search(r'hx-get="([^"]+)"', client.get(url, **htmx).content.decode())[1]
    assert client.get(url + seen, **htmx).status_code == 204
    client.post(f"{url}/hold")
    assert client.get(url + seen, **htmx).status_code == 200


def test_run_pages_query_count_constant(
    signed_in, settings, alice, wallet_of, prepared, django_assert_max_num_queries
):
    settings.BATCH_MAX_ITEMS = 1
    client = signed_in(alice)
    keys = [content.pk for content in make_contents(wallet_of(alice), 12)]
    run = prepared(client, keys, scheduled_for="2030-01-01T09:00")
    client.post(f"/submissions/{run.pk}/confirm")
    with django_assert_max_num_queries(16):
        client.get(f"/submissions/{run.pk}")
    with django_assert_max_num_queries(16):
        client.get(f"/submissions/{run.pk}/when")


@pytest.mark.parametrize("action", ["retry", "undo"])
def test_concurrent_follow_up_refused(signed_in, alice, keys, work, action):
    Content.objects.filter(pk=keys[0]).update(is_removed=True)
    batch = price_batch(alice, keys, percentChange=10)
    work()
    Content.objects.filter(pk=keys[0]).update(is_removed=False)
    client = signed_in(alice)
    batch.refresh_from_db()
    reviewed = review_of(client.post(f"/batches/{batch.pk}/{action}"))
    quicker = followed(batch, Follows(action), alice)

    answer = client.post(f"/submissions/{reviewed.pk}/confirm")

    assert answer.status_code == 409
    assert "already" in text(answer)
    assert list(BatchOperation.objects.exclude(pk=batch.pk)) == [quicker]
    reviewed.refresh_from_db()
    assert reviewed.state == Submission.State.DRAFT
