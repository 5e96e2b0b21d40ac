"""The results of a batch by keyboard, with and without JavaScript."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from batches.models import BatchOperation
from batches.services.engine.lifecycle import cancel
from batches.services.engine.run_batch import run_batch
from tests.batches.orders import price_batch
from tests.browser.visits import DESKTOP, PHONE
from tests.factories import make_contents


@pytest.fixture
def batch(alice, wallet_of, work) -> BatchOperation:
    """Two saved, one removed, one unknown."""
    saved = make_contents(wallet_of(alice), 2)
    (removed,) = make_contents(wallet_of(alice), title="Gone", is_removed=True)
    batch = price_batch(alice, [saved[0].pk, removed.pk, "unknown", saved[1].pk])
    work()
    return batch


def path_of(batch):
    return reverse("batch-detail", args=[batch.pk])


@pytest.mark.parametrize("has_scripts", [True, False])
def test_the_tabs_work_by_keyboard(visit, alice, batch, has_scripts):
    here = visit(alice, java_script_enabled=has_scripts)
    page = here.open(path_of(batch))
    page.locator("#download").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#failed-rows")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#tab-all")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#tab-failed")).to_have_attribute("aria-current", "true")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator("#tab-removed").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("Gone")
    with page.expect_download() as download:
        page.locator("#download").focus()
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == f"batch-{batch.pk}-failed-removed.csv"


@pytest.mark.parametrize("query", ["", "?outcome=failed&code=removed", "?outcome=unchanged"])
def test_tabs_are_accessible(visit, alice, batch, query):
    for size in (DESKTOP, PHONE):
        here = visit(alice, size=size)
        here.open(path_of(batch) + query)
        here.assert_light()
        here.assert_fits()
        here.assert_accessible()


def test_not_attempted_is_accessible(visit, alice, wallet_of):
    batch = price_batch(alice, [make_contents(wallet_of(alice))[0].pk, "unknown"])
    cancel(batch)
    here = visit(alice, size=PHONE)
    page = here.open(path_of(batch))
    expect(page.locator("tbody tr")).to_have_count(2)
    here.assert_fits()
    here.assert_accessible()


def test_polling_keeps_tab_and_focus(visit, alice, wallet_of):
    batch = price_batch(alice, [make_contents(wallet_of(alice))[0].pk, "unknown"])
    here = visit(alice)
    page = here.open(path_of(batch) + "?outcome=failed")
    page.locator("#tab-failed").focus()
    expect(page.locator("#tab-failed")).to_contain_text("0")
    run_batch(batch.pk)
    expect(page.locator("#tab-failed")).to_contain_text("1")
    expect(page.locator("#tab-failed")).to_be_focused()
    expect(page.locator("#tab-failed")).to_have_attribute("aria-current", "true")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_history_filters_are_accessible(visit, alice, viewer, batch):
    path = reverse("batch-list")
    for size in (DESKTOP, PHONE):
        for user, query in ((alice, "?day_from=2026-02-02&day_to=2026-02-01"), (viewer, "")):
            here = visit(user, size=size)
            here.open(path + query)
            here.assert_fits()
            here.assert_accessible()
