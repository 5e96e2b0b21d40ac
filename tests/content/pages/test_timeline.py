"""An item's history on pages and in the admin: change, user, time, door, chain."""

import re

import pytest
from django.urls import reverse

from batches.models import Source
from batches.operations import OPERATIONS
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from content.models import Content, User
from content.services.catalogue.changes import change_content
from tests.answers import text
from tests.factories import make_contents

REASON = "=HYPERLINK(1) <b>expired</b>"


@pytest.fixture
def item(alice, staff, wallet_of, work, settings) -> Content:
    """Changed by each operation, then by hand and through the API; the chain refuses the last."""
    (item,) = make_contents(wallet_of(alice), title="First", onchain_id=7)
    for kind, body in (
        ("update-price", {"newPrice": 2_500_000}),
        ("update-metadata", {"updates": {"title": "Second", "refundWindowDays": 30}}),
        ("remove-content", {"removalReason": REASON}),
        ("restore-content", {}),
    ):
        order = clean_order(OPERATIONS[kind], {"contentIds": [item.pk], **body})
        create_batch(order, by=alice, source=Source.API)
        work()
    change_content(
        item.pk, {"url": "https://media.example.org/b"}, version=5, by=staff, cause="admin"
    )
    settings.SANDBOX_FAILURE = "7"
    change_content(item.pk, {"price": 3_000_000}, version=6, by=alice, cause="api")
    work()
    return item


EXPECTED = [
    "2.5 STX → {to}3 STX",
    "through the API",
    "The contract refused this item.",
    "URL changed",
    "manually",
    "Removed → {to}On sale",
    "Restore content",
    "On sale → {to}Removed",
    "=HYPERLINK(1) &lt;b&gt;expired&lt;/b&gt;",
    "Remove content: =HYPERLINK(1) &lt;b&gt;expired&lt;/b&gt;",
    "First → {to}Second",
    "0 days → {to}30 days",
    "Update metadata: title and refund window",
    "1 STX → {to}2.5 STX",
    "Update price to 2.5 STX",
    "by an import",
]


def assert_in_order(words, expected):
    at = 0
    for phrase in expected:
        found = words.find(phrase, at)
        assert found >= 0, (phrase, words[at:])
        at = found


def test_page_shows_every_operation(signed_in, alice, item):
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Kolkata")
    words = text(signed_in(alice).get(f"/content/{item.pk}"))
    assert_in_order(words, [phrase.format(to="to ") for phrase in EXPECTED])
    assert words.count("(API) · version") == 4
    assert len(re.findall(r"\d\d:\d\d IST · ", words)) == 7
    assert len(re.findall(r"Confirmed 0x[0-9a-f]{64}", words)) == 2
    assert re.search(r"Failed The contract refused this item. 0x[0-9a-f]{64}", words)
    assert "media.example.org/b" not in words.split("History")[1]


def test_admin_shows_the_same(signed_in, viewer, item):
    User.objects.filter(pk=viewer.pk).update(time_zone="Asia/Kolkata")
    page = reverse("admin:content_content_history", args=[item.pk])
    words = text(signed_in(viewer).get(page))
    for phrase in EXPECTED:
        assert phrase.format(to="") in words
    assert len(re.findall(r"\d\d:\d\d IST", words)) == 7
    assert len(re.findall(r"Transaction 0x[0-9a-f]{64}", words)) == 3
    assert "media.example.org" not in words


def test_hidden_batch_has_no_name(signed_in, alice, bob, wallet_of, item):
    Content.objects.filter(pk=item.pk).update(creator=wallet_of(bob))
    answer = signed_in(bob).get(f"/content/{item.pk}")
    assert "in a batch · version" in text(answer)
    assert "Update price to" not in text(answer)
    assert 'href="/batches/' not in answer.content.decode()
