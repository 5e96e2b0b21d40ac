"""The list of batches, and one batch with its results."""

import re
from uuid import uuid4

import pytest

from batches.models import BatchOperation, Source, Status, Submission
from batches.operations import OPERATIONS
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from content.models import Content
from tests.answers import text
from tests.factories import make_contents


@pytest.fixture
def batch(alice, bob, wallet_of) -> BatchOperation:
    """A batch of alice with an own, a foreign and an unknown item."""
    (own,) = make_contents(wallet_of(alice), title="Own <b>item</b>", onchain_id=77)
    (foreign,) = make_contents(wallet_of(bob), title="A secret of Bob")
    return start(alice, [own.pk, foreign.pk, "unknown"])


def start(by, content_ids, **body) -> BatchOperation:
    body = body or {"percentChange": 10}
    order = clean_order(OPERATIONS["update-price"], {"contentIds": content_ids, **body})
    return create_batch(order, by=by, source=Source.API)


def test_list_shows_outcomes(signed_in, alice, batch, work):
    assert "Waiting" in text(signed_in(alice).get("/batches"))
    work()
    words = text(signed_in(alice).get("/batches"))
    assert "Update price +10 %" in words
    assert "alice · API" in words
    assert "Partly saved" in words
    assert "1 of 3" in words
    client = signed_in(alice)
    assert len(client.get("/batches?status=completed&outcome=partial").context["rows"]) == 1
    assert client.get("/batches?outcome=succeeded").context["rows"] == []


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("viewer", 200), ("staff", 200), ("root", 200),
     ("bob", 404), ("carol", 404), ("clerk", 404)],
)  # fmt: skip
def test_batch_visibility(signed_in, request, batch, name, status):
    client = signed_in(request.getfixturevalue(name))
    assert client.get(f"/batches/{batch.pk}").status_code == status
    listed = [row[0].pk for row in client.get("/batches").context["rows"]]
    assert (batch.pk in listed) is (status == 200)


def test_anonymous_redirected_to_log_in(client, batch):
    for path in ("/batches", f"/batches/{batch.pk}"):
        assert client.get(path)["Location"] == f"/login?next={path}"
    assert client.post(f"/batches/{batch.pk}/cancel")["Location"].startswith("/login")


def test_missing_batch_not_found(signed_in, alice):
    client = signed_in(alice)
    assert client.get(f"/batches/{uuid4()}").status_code == 404
    assert client.get("/batches/7").status_code == 404
    assert client.post(f"/batches/{uuid4()}/cancel").status_code == 404


def test_results_have_two_labels_failures_first(signed_in, alice, batch, work):
    work()
    answer = signed_in(alice).get(f"/batches/{batch.pk}")
    words, page = text(answer), answer.content.decode()
    assert "2 of 3 failed" in words
    assert words.index("unknown") < words.index("Own &lt;b&gt;item&lt;/b&gt;")
    assert words.count("Content not found or not owned by creator") == 2
    assert "1 STX → to 1.1 STX" in words
    assert "Confirmed" in words
    assert "Sandbox" in words
    assert "alice · API" in words
    assert re.search(r"\d\d:\d\d UTC", words)
    assert "A secret of Bob" not in page
    assert "<b>item</b>" not in page
    assert f'href="/content/{batch.content_ids[0]}"' in page
    assert f'href="/content/{batch.content_ids[1]}"' not in page


def test_rejected_chain_call_keeps_item(signed_in, settings, alice, batch, work):
    settings.SANDBOX_FAILURE = "77"
    work()
    words = text(signed_in(alice).get(f"/batches/{batch.pk}"))
    assert "1 of 3" in words
    assert "Failed The contract refused this item." in words


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 302), ("staff", 302), ("root", 302), ("viewer", 403),
     ("bob", 404), ("carol", 404), ("clerk", 404)],
)  # fmt: skip
def test_cancel_permission(signed_in, request, batch, name, status):
    client = signed_in(request.getfixturevalue(name))
    assert client.get(f"/batches/{batch.pk}/cancel").status_code in {302, 404}
    assert BatchOperation.objects.get().status == Status.PENDING
    assert client.post(f"/batches/{batch.pk}/cancel").status_code == status
    is_cancelled = BatchOperation.objects.get().status == Status.CANCELLED
    assert is_cancelled is (status == 302)


def test_cancelled_batch_shows_remaining_items(signed_in, alice, batch, work):
    client = signed_in(alice)
    answer = client.post(f"/batches/{batch.pk}/cancel", follow=True)
    assert "Cancelled. Saved items stay saved." in text(answer)
    assert "3 items were not processed." in text(answer)
    work()
    assert not Content.objects.filter(version__gt=1).exists()
    again = client.post(f"/batches/{batch.pk}/cancel", follow=True)
    assert "already cancelled" in text(again)


def test_item_history_links_the_batch(signed_in, alice, batch, work):
    work()
    answer = signed_in(alice).get(f"/content/{batch.content_ids[0]}")
    assert f'href="/batches/{batch.pk}"' in answer.content.decode()
    words = text(answer)
    assert "1 STX → to 1.1 STX" in words
    assert re.search(r"Confirmed 0x[0-9a-f]{64}", words)


def test_run_shown_for_several_batches(
    signed_in, settings, alice, staff, wallet_of, prepared, work
):
    settings.BATCH_MAX_ITEMS = 2
    keys = [content.pk for content in make_contents(wallet_of(alice), 3)]
    client = signed_in(alice)
    for chosen in (keys, keys[:1]):
        client.post(f"/submissions/{prepared(client, chosen).pk}/confirm")
    page = client.get("/batches").content.decode()
    assert page.count("a run of 2 batches") == 2
    several = Submission.objects.earliest("created_at")
    assert page.count(f"/submissions/{several.pk}") == 2
    # Other users see the batches but no link to the submission.
    Submission.objects.update(by=staff)
    assert "a run of" not in signed_in(alice).get("/batches").content.decode()
