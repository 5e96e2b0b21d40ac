"""Each operation from the list to its results by keyboard, checked by axe-core."""

import pytest
from playwright.sync_api import expect

from batches.models import BatchOperation, Status
from batches.operations import OPERATIONS
from content.models import Content
from tests.batches.operations.cases import CASES
from tests.browser.keyboard import Keyboard
from tests.factories import make_contents

# The field of each form that is filled in here, by its label; none where nothing is asked.
TYPED = {
    "update-price": ("New price in STX", "2.5", {"price": 2_500_000}),
    "update-metadata": ("Title", "A better title", {"title": "A better title"}),
    "remove-content": ("Reason", "Rights expired", {"removal_reason": "Rights expired"}),
    "restore-content": (None, None, {"is_removed": False}),
}
ITEMS = 12  # more than a removal takes without asking how many


def test_every_kind_is_walked_through():
    assert set(TYPED) == set(OPERATIONS)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_every_flow_by_keyboard(visit, alice, bob, wallet_of, work, kind):
    operation = OPERATIONS[kind]
    label, text, after = TYPED[kind]
    make_contents(wallet_of(alice), ITEMS, **CASES[kind].before)
    (foreign,) = make_contents(wallet_of(bob), 1, **CASES[kind].before)
    here = visit(alice)
    page = here.open(f"/content?state={'removed' if operation.is_for_removed else ''}")
    keyboard = Keyboard(page)

    keyboard.press(page.get_by_role("link", name="Skip to content"))
    keyboard.press(page.get_by_label(f"Select all {ITEMS} on this page"), "Space")
    keyboard.press(page.get_by_role("button", name=operation.label))
    if label is not None:
        field = page.get_by_label(label, exact=True)
        expect(field).to_be_visible()
        here.assert_accessible()
        keyboard.type(field, text)
        page.keyboard.press("Enter")
    start = page.get_by_role("button", name=f"{operation.verb} {ITEMS} items")
    expect(start).to_be_visible()
    here.assert_accessible()
    if operation.confirm_count_above is not None:
        keyboard.type(page.get_by_label(f"Type {ITEMS} to confirm"), str(ITEMS))
    keyboard.press(start)
    expect(page.get_by_text("Waiting").first).to_be_visible()
    work()

    expect(page.locator("#live").get_by_text(f"{ITEMS} saved")).to_be_visible()
    here.assert_accessible()
    batch = BatchOperation.objects.get()
    assert (batch.status, batch.success_count) == (Status.COMPLETED, ITEMS)
    assert Content.objects.filter(version=2, **after).count() == ITEMS
    assert Content.objects.get(pk=foreign.pk).version == 1


def test_the_wrong_count_removes_nothing(visit, alice, wallet_of):
    make_contents(wallet_of(alice), ITEMS)
    here = visit(alice)
    page = here.open("/content")
    page.get_by_label(f"Select all {ITEMS} on this page").check()
    page.get_by_role("button", name="Remove content").click()
    page.get_by_role("button", name="Review").click()
    page.get_by_label(f"Type {ITEMS} to confirm").fill("11")
    page.get_by_role("button", name=f"Remove {ITEMS} items").click()
    expect(page.get_by_role("alert")).to_contain_text("Type 12 to confirm")
    assert not BatchOperation.objects.exists()
    here.complaints = [words for words in here.complaints if "status of 400" not in words]


def test_a_removed_item_is_restored_from_its_page(visit, alice, wallet_of, work):
    (item,) = make_contents(
        wallet_of(alice), 1, is_removed=True, removal_reason="Too early <b>for this</b>"
    )
    here = visit(alice)
    page = here.open(f"/content/{item.pk}")
    expect(page.get_by_text("Too early <b>for this</b>").first).to_be_visible()
    here.assert_accessible()
    page.get_by_role("button", name="Restore").click()
    page.get_by_role("button", name="Restore 1 item").click()
    expect(page.get_by_text("Waiting").first).to_be_visible()
    work()
    expect(page.locator("#live").get_by_text("1 saved")).to_be_visible()
    assert not Content.objects.get().is_removed
