"""A price change in a real browser: select, fill in, review, start, results."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from batches.models import BatchOperation, Status
from batches.operations import OPERATIONS
from content.models import Content
from tests.browser.visits import DESKTOP, PHONE
from tests.factories import PASSWORD, make_contents

PRICE = OPERATIONS["update-price"]


@pytest.fixture
def contents(alice, bob, wallet_of) -> list[Content]:
    make_contents(wallet_of(bob), 2)
    return make_contents(wallet_of(alice), 5, onchain_id=lambda number: number)


def prices() -> dict[str, int]:
    return dict(Content.objects.values_list("pk", "price"))


def assert_changed(before: dict[str, int], chosen: list[Content]) -> None:
    """10 % on the chosen ones, in one completed batch, and nothing on all the others."""
    factors = {content.pk: 110 for content in chosen}
    assert prices() == {key: price * factors.get(key, 100) // 100 for key, price in before.items()}
    batch = BatchOperation.objects.get()
    assert (batch.status, batch.source, batch.success_count) == (Status.COMPLETED, "page", 3)


def test_sign_in_leads_to_the_content(visit, alice, contents):
    page = visit().open(reverse("batch-list"))
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Batches", level=1)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_whole_flow_by_mouse_or_touch(visit, alice, contents, work, size):
    before, chosen = prices(), contents[1:4]
    page = visit(alice, size=size).open("/content")
    for content in chosen:
        page.get_by_label(f"Select {content.title}", exact=True).check()
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("button", name=PRICE.label).click()
    page.get_by_label("Change in percent").fill("10")
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_role("row").filter(has_text=chosen[0].title)).to_contain_text("2.2 STX")
    assert prices() == before, "a review changes nothing"

    page.get_by_role("button", name="Change 3 items").click()
    expect(page.get_by_text("Waiting").first).to_be_visible()
    work()

    # It moves by itself, says so to those who listen, and tells both labels apart.
    expect(page.get_by_role("status")).to_have_text("3 saved")
    expect(page.locator("#live").get_by_text("3 saved")).to_be_visible()
    expect(page.locator("#live").get_by_text("3 Confirmed")).to_be_visible()
    page.reload()
    expect(page.locator("#live").get_by_text("3 saved")).to_be_visible()
    assert_changed(before, chosen)


def test_the_whole_way_without_javascript(visit, alice, contents, work):
    before, chosen = prices(), contents[1:4]
    page = visit(alice, java_script_enabled=False).open("/content")
    for content in chosen:
        page.get_by_label(f"Select {content.title}", exact=True).check()
    page.get_by_role("button", name=PRICE.label).click()
    page.get_by_label("Change in percent").fill("10")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Change 3 items").click()
    expect(page.get_by_text("Waiting").first).to_be_visible()
    work()

    # The page asks again by itself.
    expect(page.locator("#live").get_by_text("3 saved")).to_be_visible()
    assert_changed(before, chosen)


def test_a_wrong_price_is_named_beside_its_field(visit, alice, contents):
    before = prices()
    here = visit(alice)
    page = here.open("/content")
    page.get_by_label(f"Select {contents[0].title}", exact=True).check()
    page.get_by_role("button", name=PRICE.label).click()
    page.get_by_label("New price in STX").fill("-5")
    page.get_by_role("button", name="Review").click()

    field = page.get_by_label("New price in STX")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("-5")
    here.assert_accessible()
    assert prices() == before
    # Chromium itself notes in the console that the answer was a 400.
    here.complaints = [words for words in here.complaints if "status of 400" not in words]
