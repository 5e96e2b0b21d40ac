"""One item and its history."""

from datetime import UTC, datetime

import pytest
import time_machine

from content.services.catalogue.changes import change_content
from tests.factories import make_contents


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("viewer", 200), ("root", 200), ("bob", 404), ("carol", 404), ("clerk", 404)],
)
def test_visible_to_owner_and_permitted_staff(signed_in, request, alice, wallet_of, name, status):
    (content,) = make_contents(wallet_of(alice))
    client = signed_in(request.getfixturevalue(name))
    answer = client.get(f"/content/{content.pk}")
    assert answer.status_code == status
    assert (content.title in answer.content.decode()) is (status == 200)


def test_the_anonymous_are_sent_to_the_log_in(client, alice, wallet_of):
    (content,) = make_contents(wallet_of(alice))
    assert client.get(f"/content/{content.pk}")["Location"].startswith("/login?next=")


@pytest.mark.parametrize("key", ["unknown", "a b", "x" * 65, "{$ne:1}"])
def test_unknown_id_not_found(signed_in, alice, key):
    assert signed_in(alice).get(f"/content/{key}").status_code == 404


def test_only_owner_sees_paid_content(signed_in, alice, viewer, wallet_of):
    (content,) = make_contents(wallet_of(alice))
    change_content(
        content.pk, {"url": "https://media.example.org/new"}, version=1, by=alice, cause="api"
    )
    assert (
        "media.example.org/new" in signed_in(alice).get(f"/content/{content.pk}").content.decode()
    )
    page = signed_in(viewer).get(f"/content/{content.pk}").content.decode()
    assert "media.example.org" not in page


def test_history_shows_values_user_and_time(signed_in, alice, wallet_of):
    alice.time_zone = "Europe/Berlin"
    alice.save()
    (content,) = make_contents(wallet_of(alice))
    with time_machine.travel(datetime(2026, 7, 1, 12, 0, tzinfo=UTC)):
        change_content(content.pk, {"price": 1_234_500_000}, version=1, by=alice, cause="admin")
        page = " ".join(signed_in(alice).get(f"/content/{content.pk}").content.decode().split())
    assert '<span class="visually-hidden">from </span>1 STX' in page
    assert '<strong class="change__after">1,234.5 STX</strong>' in page
    assert "1 Jul 2026, 14:00 CEST" in page
    assert "alice · manually · version 2" in page
    assert "Added" in page


def test_a_reason_that_is_hostile_is_text(signed_in, alice, wallet_of):
    (content,) = make_contents(
        wallet_of(alice), is_removed=True, removal_reason="<img src=x onerror=alert(1)>"
    )
    page = signed_in(alice).get(f"/content/{content.pk}").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_the_sandbox_is_called_a_sandbox(signed_in, settings, alice, wallet_of):
    (content,) = make_contents(wallet_of(alice), onchain_id=7)
    assert "Sandbox" in signed_in(alice).get(f"/content/{content.pk}").content.decode()
    settings.CONTRACT_CLIENT = "off"
    assert "Sandbox" not in signed_in(alice).get(f"/content/{content.pk}").content.decode()
