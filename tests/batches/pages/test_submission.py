"""Review, start, progress, cancel."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from batches.models import BatchOperation, Status, Submission
from content.models import Content
from content.services.catalogue.changes import change_content
from tests.answers import text
from tests.factories import make_contents

HTMX = {"HTTP_HX_REQUEST": "true"}


def url(submission, action="") -> str:
    return f"/submissions/{submission.pk}{action}"


def test_review_writes_nothing(signed_in, alice, bob, wallet_of, prepared):
    wallet = wallet_of(alice)
    own = make_contents(wallet, 3)
    (removed,) = make_contents(wallet, is_removed=True)
    (foreign,) = make_contents(wallet_of(bob), title="A secret of Bob")
    (same,) = make_contents(wallet, price=5_000_000)
    client = signed_in(alice)
    keys = [*(content.pk for content in own), removed.pk, foreign.pk, "unknown", same.pk]
    submission = prepared(client, keys, new_price="5")

    answer = client.get(url(submission))
    words = text(answer)
    assert "Change 3 of 7, 1 unchanged, 3 not possible" in words
    assert "1 STX → to 5 STX" in words
    # 1 → 5 is a larger change than 2 → 5 and 3 → 5.
    positions = [words.index(f"{content.title} ") for content in own]
    assert positions == sorted(positions)
    assert words.count("Content not found or not owned by creator") == 2
    assert "Content was removed; restore it first" in words
    assert "A secret of Bob" not in words
    assert "This runs as one batch." in words
    assert "50 of 50 batches are left this hour." in words
    assert not BatchOperation.objects.exists()
    assert Content.objects.filter(version=1).count() == 6


def test_start_runs_the_reviewed_change(signed_in, alice, wallet_of, prepared, work):
    contents = make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)
    client = signed_in(alice)
    submission = prepared(client, [content.pk for content in contents[:2]])
    answer = client.post(url(submission, "/confirm"))
    assert (answer.status_code, answer["Location"]) == (302, url(submission))

    waiting = client.get(url(submission))
    assert "Waiting" in text(waiting)
    assert "0 of 2" in text(waiting)
    assert 'hx-trigger="every 1s"' in waiting.content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting.content.decode()
    assert "Cancel remaining" in text(waiting)

    work()
    done = client.get(url(submission))
    assert "2 saved" in text(done)
    assert "2 Confirmed" in text(done)
    assert "hx-get" not in done.content.decode()
    assert "http-equiv" not in done.content.decode()
    assert "Cancel" not in text(done)
    prices = dict(Content.objects.values_list("pk", "price"))
    assert [prices[content.pk] for content in contents] == [1_100_000, 2_200_000, 3_000_000]


def test_one_post_starts_it_once(signed_in, alice, wallet_of, prepared):
    (content,) = make_contents(wallet_of(alice))
    client = signed_in(alice)
    submission = prepared(client, [content.pk])
    assert client.get(url(submission, "/confirm"))["Location"] == url(submission)
    assert not BatchOperation.objects.exists()
    for _ in range(2):
        answer = client.post(url(submission, "/confirm"), follow=True)
        assert "Waiting" in text(answer)
    assert BatchOperation.objects.count() == 1


def test_expired_draft_can_be_prepared_again(signed_in, alice, wallet_of, prepared):
    (content,) = make_contents(wallet_of(alice))
    client = signed_in(alice)
    submission = prepared(client, [content.pk])
    Submission.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = client.post(url(submission, "/confirm"), follow=True)
    assert "This review has expired" in text(answer)
    again = f"/batches/new/update-price?again={submission.pk}"
    assert again in answer.content.decode()
    assert f'name="ids" value="{content.pk}"' in client.get(again).content.decode()
    assert not BatchOperation.objects.exists()


def test_item_edited_since_review_conflicts(signed_in, alice, wallet_of, prepared, work):
    (content,) = make_contents(wallet_of(alice))
    client = signed_in(alice)
    submission = prepared(client, [content.pk])
    change_content(content.pk, {"price": 7}, version=1, by=alice, cause="api")
    assert "Content was changed since" in text(client.get(url(submission)))
    client.post(url(submission, "/confirm"))
    work()
    assert Content.objects.get().price == 7


def test_large_change_split_into_batches(signed_in, settings, alice, wallet_of, prepared, work):
    settings.BATCH_MAX_ITEMS = 10
    contents = make_contents(wallet_of(alice), 25)
    client = signed_in(alice)
    submission = prepared(client, [" ".join(content.pk for content in contents)])
    assert "This runs as 3 batches of up to 10 items." in text(client.get(url(submission)))
    client.post(url(submission, "/confirm"))
    work()
    assert "25 saved" in text(client.get(url(submission)))
    assert BatchOperation.objects.filter(status=Status.COMPLETED).count() == 3


def test_small_quota_shown_and_refused(signed_in, settings, alice, wallet_of, prepared):
    settings.BATCH_MAX_ITEMS, settings.BATCH_QUOTA_PER_HOUR = 1, 2
    contents = make_contents(wallet_of(alice), 3)
    client = signed_in(alice)
    submission = prepared(client, [content.pk for content in contents])
    review = client.get(url(submission))
    assert "2 of 2 batches are left this hour, which is too few" in text(review)
    assert "disabled" in review.content.decode()
    answer = client.post(url(submission, "/confirm"))
    assert answer.status_code == 429
    assert "At most 2 batches an hour" in text(answer)
    assert not BatchOperation.objects.exists()
    assert Submission.objects.get().state == Submission.State.DRAFT


def test_cancel_stops_remaining_items(signed_in, alice, wallet_of, prepared, work):
    (content,) = make_contents(wallet_of(alice))
    client = signed_in(alice)
    submission = prepared(client, [content.pk])
    client.post(url(submission, "/confirm"))
    answer = client.post(url(submission, "/cancel"), follow=True)
    assert "Cancelled. Saved items stay saved." in text(answer)
    work()
    assert Content.objects.get().version == 1
    again = client.post(url(submission, "/cancel"), follow=True)
    assert "already cancelled" in text(again)


@pytest.mark.parametrize(
    ("name", "status"),
    [("bob", 404), ("carol", 404), ("clerk", 404), ("viewer", 200), ("staff", 200), ("root", 200)],
)
def test_foreign_draft_not_startable(signed_in, request, alice, wallet_of, prepared, name, status):
    (content,) = make_contents(wallet_of(alice))
    submission = prepared(signed_in(alice), [content.pk])
    client = signed_in(request.getfixturevalue(name))
    assert client.get(url(submission)).status_code == status
    client.post(url(submission, "/confirm"))
    assert not BatchOperation.objects.exists()


@pytest.mark.parametrize(
    ("name", "status", "is_cancelled"),
    [("bob", 404, False), ("clerk", 404, False), ("viewer", 403, False), ("staff", 302, True)],
)
def test_cancel_foreign_run_permission(
    signed_in, request, alice, wallet_of, prepared, name, status, is_cancelled
):
    (content,) = make_contents(wallet_of(alice))
    client = signed_in(alice)
    submission = prepared(client, [content.pk])
    client.post(url(submission, "/confirm"))
    answer = signed_in(request.getfixturevalue(name)).post(url(submission, "/cancel"))
    assert answer.status_code == status
    assert (BatchOperation.objects.get().status == Status.CANCELLED) is is_cancelled


@pytest.mark.parametrize("action", ["", "/confirm", "/cancel"])
def test_a_forged_id_is_not_found(signed_in, alice, action):
    client = signed_in(alice)
    for forged in (uuid4(), "1", "x"):
        assert client.post(f"/submissions/{forged}{action}").status_code in {404, 405}
        assert client.get(f"/submissions/{forged}{action}").status_code == 404


def test_polling_returns_changes_only(signed_in, alice, wallet_of, prepared, work):
    (content,) = make_contents(wallet_of(alice))
    client = signed_in(alice)
    submission = prepared(client, [content.pk])
    client.post(url(submission, "/confirm"))
    first = client.get(url(submission), **HTMX)
    assert first.status_code == 200
    assert "<html" not in first.content.decode()
    seen = re.search(r'hx-get="([^"]+)"', first.content.decode())[1]
    assert client.get(url(submission) + seen, **HTMX).status_code == 204
    work()
    last = client.get(url(submission) + seen, **HTMX)
    assert last.status_code == 286
    assert "hx-get" not in last.content.decode()
    assert "1 saved" in text(last)


def test_staff_start_for_several_creators(signed_in, staff, alice, bob, wallet_of, prepared, work):
    contents = [make_contents(wallet_of(person))[0] for person in (alice, bob)]
    client = signed_in(staff)
    submission = prepared(client, [content.pk for content in contents])
    assert "Runs by staff don’t count" in text(client.get(url(submission)))
    client.post(url(submission, "/confirm"))
    work()
    assert "2 saved" in text(client.get(url(submission)))
    assert {batch.creator.owner for batch in BatchOperation.objects.all()} == {alice, bob}


def test_review_warns_of_free_items(signed_in, alice, wallet_of, prepared):
    contents = make_contents(wallet_of(alice), 3)
    client = signed_in(alice)
    free = prepared(client, [content.pk for content in contents], new_price="0")
    assert "3 of these items will cost nothing afterwards." in text(client.get(url(free)))
    dear = prepared(client, [content.pk for content in contents], new_price="1")
    assert "cost nothing" not in text(client.get(url(dear)))


def test_home_lists_own_drafts(signed_in, alice, bob, wallet_of, prepared):
    (content,) = make_contents(wallet_of(alice))
    client = signed_in(alice)
    draft = prepared(client, [content.pk])
    assert url(draft) in client.get("/").content.decode()
    client.post(url(draft, "/confirm"))
    assert "Prepared, not started" not in client.get("/").content.decode()
    prepared(client, [content.pk])
    assert "Prepared, not started" not in signed_in(bob).get("/").content.decode()
