"""Uploading a price file in a real browser, also without JavaScript and by keyboard."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from content.models import Content
from tests.batches.price_files import csv_of
from tests.browser.keyboard import Keyboard
from tests.browser.visits import DESKTOP, PHONE
from tests.factories import make_contents


@pytest.fixture
def file(alice, wallet_of, tmp_path):
    items = make_contents(wallet_of(alice), 3)
    path = tmp_path / "prices.csv"
    path.write_bytes(csv_of("content_id,new_price", *(f"{item.pk},9.5" for item in items)))
    return str(path)


def prices():
    return set(Content.objects.values_list("price", flat=True))


@pytest.mark.parametrize(
    ("size", "scripts"), [(DESKTOP, True), (PHONE, False)], ids=["desktop", "phone, no scripts"]
)
def test_from_the_file_to_the_end(visit, alice, file, work, size, scripts):
    page = visit(alice, size=size, java_script_enabled=scripts).open(reverse("content-list"))
    page.get_by_role("link", name="Prices from a file").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_text("Change 3 of 3")).to_be_visible()
    assert len(prices()) == 3, "a review changes nothing"
    page.get_by_role("button", name="Change 3 items").click()
    work()
    page.reload()
    expect(page.get_by_text("All saved").or_(page.get_by_text("3 of 3")).first).to_be_visible()
    assert prices() == {9_500_000}


def test_everything_can_be_reached_by_keyboard(visit, alice, file):
    page = visit(alice).open(reverse("content-prices"))
    keyboard = Keyboard(page)
    with page.expect_download() as download:
        keyboard.press(page.get_by_role("link", name="CSV"))
    assert download.value.suggested_filename.endswith(".csv")
    keyboard.tab_to(page.get_by_label("File", exact=True))
    page.get_by_label("File", exact=True).set_input_files(file)
    keyboard.press(page.get_by_role("button", name="Review"))
    expect(page.get_by_text("Change 3 of 3")).to_be_visible()


def test_line_errors_are_accessible(visit, alice, file, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_bytes(csv_of("content_id;new_price", "7;2,5", f"{'x' * 80};3", "9;1;2"))
    for size in (DESKTOP, PHONE):
        here = visit(alice, size=size)
        page = here.open(reverse("content-prices"))
        page.get_by_label("File", exact=True).set_input_files(str(bad))
        page.get_by_role("button", name="Review").click()
        expect(page.get_by_role("heading", name="Lines with errors")).to_be_visible()
        here.assert_fits()
        here.assert_accessible()
        # Chromium's console names every answer that is no 200: this one was meant.
        (complaint,) = here.complaints
        assert "400 (Bad Request)" in complaint
        here.complaints.clear()
