"""A waiting batch shows a preview, and an ended run its failures with reasons."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from content.models import Content
from tests.answers import text
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture
def items(alice, wallet_of):
    return make_contents(wallet_of(alice), 2, title="<b>Film</b>")


@pytest.fixture
def coming(alice, items):
    """Tomorrow 7 STX for two items, one of which has been removed since."""
    moment = (timezone.now() + timedelta(days=1)).isoformat()
    batch = price_batch(alice, [item.pk for item in items], scheduledFor=moment)
    Content.objects.filter(pk=items[1].pk).update(is_removed=True)
    return batch


def test_waiting_batch_shows_its_items(signed_in, alice, items, coming, work):
    client = signed_in(alice)
    url = f"/batches/{coming.pk}"

    shown = text(client.get(url))

    assert "What it would do now Change 1 of 2, 1 not possible." in shown
    assert "1 STX → to 7 STX" in shown
    assert "Content was removed; restore it first" in shown
    assert "<b>Film" not in client.get(url).content.decode()
    client.post(f"{url}/start")
    work()
    assert "What it would do now" not in text(client.get(url))
    assert Content.objects.get(pk=items[0].pk).price == 7_000_000


def test_admin_page_shows_reason_too(signed_in, staff, items, coming):
    url = reverse("admin:batches_batchoperation_change", args=[coming.pk])
    shown = text(signed_in(staff).get(url))
    assert "What it would do now Change 1 of 2, 1 not possible" in shown
    assert items[0].pk in shown
    assert "Content was removed; restore it first" in shown


def test_requester_without_permission_shown(signed_in, staff, viewer, alice, items):
    moment = (timezone.now() + timedelta(days=1)).isoformat()
    batch = price_batch(staff, [items[0].pk], creator=items[0].creator_id, scheduledFor=moment)
    staff.user_permissions.clear()
    shown = text(signed_in(viewer).get(f"/batches/{batch.pk}"))
    assert "Change 0 of 1, 1 not possible" in shown


def test_run_lists_failures_with_reasons(signed_in, alice, items, prepared, work):
    client = signed_in(alice)
    submission = prepared(client, [item.pk for item in items], new_price="5")
    Content.objects.filter(pk=items[1].pk).update(is_removed=True)
    client.post(f"/submissions/{submission.pk}/confirm")
    work()

    shown = text(client.get(f"/submissions/{submission.pk}"))

    assert "1 of 2 failed" in shown
    assert f"{items[1].pk} Content was removed; restore it first" in shown
    assert "Repeat via API or command line" in shown
