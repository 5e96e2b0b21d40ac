"""Retry and undo in the admin: review, start, and links in both directions."""

import pytest
from django.urls import reverse

from batches.models import BatchOperation, Follows, Submission
from content.models import Content
from content.services.catalogue.changes import change_content
from tests.answers import text
from tests.batches.admin.addresses import page
from tests.batches.orders import price_batch, price_run
from tests.factories import make_contents


def prices(batch):
    found = Content.objects.filter(pk__in=batch.content_ids).order_by("price")
    return list(found.values_list("price", flat=True))


@pytest.fixture
def batch(alice, wallet_of, work):
    """Two saved, one unknown."""
    items = make_contents(wallet_of(alice), 2)
    batch = price_batch(alice, [items[0].pk, items[1].pk, "unknown"])
    work()
    batch.refresh_from_db()
    return batch


def test_batch_undone_twice(signed_in, staff, batch, work):
    client = signed_in(staff)
    review = client.post(page("undo", batch))
    assert "Undo: Update price to 7 STX" in text(client.get(review.url))
    assert "Undo 2 of 2" in text(client.get(review.url))
    assert prices(batch) == [7_000_000, 7_000_000]
    client.post(review.url)
    work()
    assert prices(batch) == [1_000_000, 2_000_000]
    undo = BatchOperation.objects.get(undo_of=batch)
    assert undo.requested_by == staff
    assert page("change", undo) in client.get(page("change", batch)).content.decode()
    # A second undo is not offered, and is refused.
    assert page("undo", batch) not in client.get(page("change", batch)).content.decode()
    assert "already undone" in text(client.post(page("undo", batch), follow=True))
    shown = client.get(page("change", undo))
    assert "Undoes" in text(shown)
    assert page("change", batch) in shown.content.decode()
    assert "Save as template" not in text(shown)
    client.post(client.post(page("undo", undo)).url)
    work()
    assert prices(batch) == [7_000_000, 7_000_000]


def test_retry_failed_items(signed_in, staff, batch, alice, wallet_of, work):
    client = signed_in(staff)
    assert "Retry 1 failed item" in text(client.get(page("change", batch)))
    make_contents(wallet_of(alice), 1, content_id="unknown")
    client.post(client.post(page("retry", batch)).url)
    work()
    retry = BatchOperation.objects.get(retry_of=batch)
    assert (retry.content_ids, retry.success_count) == (["unknown"], 1)
    shown = text(client.get(page("change", batch)))
    assert "Retried by" in shown
    assert "failed item" not in shown
    assert "Retries failed items of" in text(client.get(page("change", retry)))


def test_conflicts_have_their_own_review(signed_in, staff, alice, wallet_of, work):
    items = make_contents(wallet_of(alice), 2)
    versions = {items[0].pk: 1, items[1].pk: 1}
    change_content(items[0].pk, {"price": 5}, version=1, by=alice, cause="admin")
    keys = [items[0].pk, items[1].pk, "unknown"]
    batch = price_batch(alice, keys, expectedVersions=versions)
    work()
    client = signed_in(staff)
    assert "Review 1 conflict" in text(client.get(page("change", batch)))
    client.post(client.post(page("retry", batch), {"code": "conflict"}).url)
    work()
    retry = BatchOperation.objects.get(retry_of=batch)
    assert retry.content_ids == [items[0].pk]
    assert prices(batch) == [7_000_000, 7_000_000]


def test_nothing_to_do_prepares_nothing(signed_in, staff, alice, batch, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    waiting = price_batch(alice, [item.pk])
    client = signed_in(staff)
    before = Submission.objects.count()
    for row, name, data, refusal in (
        (waiting, "undo", {}, "has not ended yet"),
        (waiting, "retry", {}, "has not ended yet"),
        (batch, "undo", {"content_id": "unknown"}, "nothing to undo"),
        (batch, "retry", {"content_id": batch.content_ids[0]}, "nothing to retry"),
        (batch, "retry", {"code": "conflict"}, "nothing to retry"),
    ):
        answer = client.post(page(name, row), data, follow=True)
        assert answer.redirect_chain == [(page("change", row), 302)]
        assert refusal in text(answer)
    assert Submission.objects.count() == before


def test_run_undone_as_whole(signed_in, staff, alice, bob, wallet_of, work):
    items = make_contents(wallet_of(alice), 2) + make_contents(wallet_of(bob), 2)
    run = price_run(staff, [item.pk for item in items])
    client = signed_in(staff)
    refused = client.post(page("undo", run), follow=True)
    assert "has not ended yet" in text(refused)
    work()
    answer = client.post(page("undo", run))
    review = client.get(answer.url)
    assert "Runs as 2 batches" in text(review)
    client.post(answer.url)
    work()
    found = Content.objects.filter(pk__in=run.content_ids).order_by("price")
    assert [item.price for item in found] == [1_000_000, 1_000_000, 2_000_000, 2_000_000]
    assert BatchOperation.objects.filter(undo_of__submission=run).count() == 2
    undo = Submission.objects.exclude(pk=run.pk).get()
    shown = text(client.get(page("progress", undo)))
    assert str(undo) == "Undo: Update price, 4 items"
    assert "Undo: Update price to" in shown
    assert "Undone by" in text(client.get(page("progress", run)))


def test_undo_from_the_item_timeline(signed_in, staff, viewer, batch, work):
    first, second = batch.content_ids[:2]
    history = reverse("admin:content_content_history", args=[first])
    shown = signed_in(viewer).get(history).content.decode()
    assert "Undo this change" not in shown
    client = signed_in(staff)
    shown = client.get(history).content.decode()
    assert shown.count("Undo this change") == 1
    assert f'action="{page("undo", batch)}"' in shown
    client.post(client.post(page("undo", batch), {"content_id": first}).url)
    work()
    assert Content.objects.get(pk=first).price == 1_000_000
    assert Content.objects.get(pk=second).price == 7_000_000
    # An older change can't be undone: items changed since then stay.
    assert client.get(history).content.decode().count("Undo this change") == 1
    undo = BatchOperation.objects.get(undo_of=batch)
    assert page("undo", undo) in client.get(history).content.decode()


@pytest.mark.parametrize("data", [{"content_id": "{$ne:1}"}, {"content_id": "x" * 9999}])
@pytest.mark.parametrize("follows", list(Follows))
def test_unknown_items_are_harmless(signed_in, staff, batch, data, follows):
    answer = signed_in(staff).post(page(follows.value, batch), data, follow=True)
    assert answer.status_code == 200
    assert not Submission.objects.filter(follows=follows).exists()


@pytest.mark.parametrize("code", ["x", "not-found'", "{$ne:1}"])
def test_invalid_reason_means_any(signed_in, staff, batch, alice, wallet_of, code):
    client = signed_in(staff)
    review = client.post(page("retry", batch), {"code": code}, follow=True)
    assert "Content not found or not owned by creator" in text(review)
    make_contents(wallet_of(alice), content_id="unknown")
    answer = client.post(page("retry", batch), {"code": code})
    assert "/review/" in answer.url
    newest = Submission.objects.order_by("-created_at").first()
    assert newest.content_ids == ["unknown"]
