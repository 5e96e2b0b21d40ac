"""The admin's pages of batches: view, cancel, delete by superusers, no edit."""

import pytest
from django.urls import reverse

from batches.models import BatchItem, BatchOperation, Notification, Source, Status
from batches.operations import OPERATIONS
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from content.models import Content
from tests.batches.admin.addresses import page
from tests.batches.orders import price_batch
from tests.factories import make_contents

LIST = reverse("admin:batches_batchoperation_changelist")


@pytest.fixture
def batch(alice, wallet_of):
    items = make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)
    return price_batch(alice, [items[0].pk, items[1].pk, items[2].pk, "unknown"])


def test_results_failures_first_with_chain_state(signed_in, viewer, batch, work, settings):
    refused = Content.objects.get(pk=batch.content_ids[1])
    settings.SANDBOX_FAILURE = str(refused.onchain_id)
    work()
    text = signed_in(viewer).get(page("change", batch)).content.decode()
    assert "3 of 4 saved, 1 failed" in text
    assert text.index("Content not found") < text.index("1 STX")
    assert "2 Confirmed" in text
    assert "1 Failed" in text
    assert "The contract refused this item." in text


def test_list_filters(signed_in, viewer, batch, work):
    client = signed_in(viewer)
    count = lambda **query: client.get(LIST, query).context["cl"].result_count  # noqa: E731
    assert count(status__exact="pending") == 1
    assert count(outcome="partial") == 0
    work()
    assert count(outcome="partial") == 1
    assert count(outcome="failed") == 0
    assert count(kind="update-price") == 1
    assert count(kind="remove-content") == 0
    assert count(creator__address__exact=batch.creator_id) == 1


def test_list_query_count_constant(
    signed_in, viewer, alice, wallet_of, django_assert_max_num_queries
):
    for item in make_contents(wallet_of(alice), 8):
        price_batch(alice, [item.pk])
    client = signed_in(viewer)
    with django_assert_max_num_queries(12):
        client.get(LIST)
    with django_assert_max_num_queries(12):
        client.get(reverse("admin:content_content_changelist"))


@pytest.mark.parametrize(
    ("who", "status"), [("staff", 302), ("root", 302), ("viewer", 403), ("clerk", 404)]
)
def test_cancel_permission(who, status, request, signed_in, batch):
    client = signed_in(request.getfixturevalue(who))
    shown = client.get(page("change", batch)).content.decode()
    assert (page("cancel", batch) in shown) is (status == 302)
    assert client.post(page("cancel", batch)).status_code == status
    batch.refresh_from_db()
    assert batch.status == (Status.CANCELLED if status == 302 else Status.PENDING)


def test_no_add_or_edit(signed_in, root, batch):
    client = signed_in(root)
    assert client.get(reverse("admin:batches_batchoperation_add")).status_code == 403
    client.post(page("change", batch), {"status": "completed"})
    batch.refresh_from_db()
    assert batch.status == Status.PENDING


@pytest.mark.parametrize("who", ["viewer", "staff"])
def test_only_superusers_delete(who, request, signed_in, batch, work):
    work()
    client = signed_in(request.getfixturevalue(who))
    assert client.post(page("delete", batch), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [str(batch.pk)], "post": "yes"}
    client.post(LIST, data)
    assert BatchOperation.objects.filter(pk=batch.pk).exists()


def test_superusers_delete_ended_batches(signed_in, root, batch, work):
    client = signed_in(root)
    assert client.post(page("delete", batch), {"post": "yes"}).status_code == 403
    work()
    assert Notification.objects.exists()
    assert client.post(page("delete", batch), {"post": "yes"}).status_code == 302
    assert not BatchOperation.objects.exists()
    assert not BatchItem.objects.exists()
    assert Content.objects.count() == 3


def test_deleted_batch_shown_without_link(signed_in, root, alice, batch, wallet_of, work):
    gone = price_batch(alice, batch.content_ids[:1], newPrice=5)
    remove = make_contents(wallet_of(alice))[0]
    order = clean_order(OPERATIONS["remove-content"], {"contentIds": [remove.pk]})
    removal = create_batch(order, by=alice, source=Source.API)
    work()
    page_of = {
        root: [
            reverse("admin:content_content_history", args=[gone.content_ids[0]]),
            reverse("admin:content_content_change", args=[remove.pk]),
        ],
        alice: [f"/content/{gone.content_ids[0]}", f"/content/{remove.pk}"],
    }
    keys = {str(gone.pk), str(removal.pk)}
    client = signed_in(root)
    for key in keys:
        client.post(reverse("admin:batches_batchoperation_delete", args=[key]), {"post": "yes"})
    assert not BatchOperation.objects.filter(pk__in=keys).exists()
    for person, pages in page_of.items():
        for address in pages:
            text = signed_in(person).get(address).content.decode()
            assert "n a batch that was deleted" in text
            assert not any(key in text for key in keys)
    # Existing batches keep their links.
    assert (
        str(batch.pk) in signed_in(alice).get(f"/content/{batch.content_ids[1]}").content.decode()
    )


def test_poll_returns_progress_part(signed_in, viewer, batch):
    client = signed_in(viewer)
    assert client.get(page("progress", batch)).url == page("change", batch)
    part = client.get(page("progress", batch), headers={"HX-Request": "true"}).content.decode()
    assert 'id="progress"' in part
    assert "<html" not in part
