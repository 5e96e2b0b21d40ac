"""Both home pages: accessible in light and dark, narrow and wide; creators' by keyboard."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from batches.models import Status
from batches.services.heartbeat import beat
from tests.batches.inserted import insert_batch
from tests.browser.visits import DESKTOP, PHONE
from tests.factories import make_contents


@pytest.fixture
def busy(alice, bob, wallet_of):
    """Something of every kind, so that every colour is seen."""
    make_contents(wallet_of(alice), 3)
    for person in (alice, bob):
        insert_batch(person, Status.PROCESSING, succeeded=1)
        insert_batch(person, Status.PENDING, created_at=timezone.now() - timedelta(hours=2))
        for days in range(14):
            ended = timezone.now() - timedelta(days=days)
            insert_batch(person, completed_at=ended)
            insert_batch(person, failed=1, succeeded=3, completed_at=ended)
            insert_batch(person, Status.FAILED, completed_at=ended)
            insert_batch(person, Status.CANCELLED, completed_at=ended)


@pytest.mark.parametrize("name", ["alice", "bob", "carol", "clerk"])
def test_creator_home_is_accessible(visit, request, busy, name):
    for size in (DESKTOP, PHONE):
        here = visit(request.getfixturevalue(name), size=size)
        page = here.open(reverse("home"))
        here.assert_light()
        if name in ("alice", "bob"):
            expect(page.get_by_text("No worker is running")).to_be_visible()
            page.get_by_text("Show as a table").click()
        here.assert_fits()
        here.assert_accessible()


def test_new_creator_home_is_accessible(visit, alice, wallet_of):
    beat()
    here = visit(alice, size=PHONE)
    here.open(reverse("home"))
    here.assert_accessible()
    make_contents(wallet_of(alice))
    page = here.open(reverse("home"))
    here.assert_fits()
    here.assert_accessible()
    page.get_by_role("link", name="Choose items").click()
    expect(page.get_by_role("heading", name="My content")).to_be_visible()


@pytest.mark.parametrize("name", ["viewer", "root", "clerk"])
def test_admin_home_is_accessible(visit, request, busy, name):
    for size in (DESKTOP, PHONE):
        here = visit(request.getfixturevalue(name), size=size)
        page = here.open(reverse("admin:index"))
        expect(page.get_by_text("No worker is running")).to_be_visible()
        if name != "clerk":
            page.get_by_text("Show as a table").click()
        here.assert_fits()
        # What is around it is Unfold's.
        here.assert_accessible(within="#main .container")


def test_day_reached_by_keyboard_without_javascript(visit, alice, busy):
    page = visit(alice, java_script_enabled=False).open(reverse("home"))
    today = page.get_by_role("list").filter(has_text="batches").get_by_role("link").last
    today.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("4 batches")).to_be_visible()
    expect(page.get_by_label("Ended on")).to_have_value(timezone.localdate().isoformat())
