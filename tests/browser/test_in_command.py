"""Schedules, undo and templates in a real browser, wide and narrow."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import expect

from batches.models import BatchOperation, Status, Template
from batches.services.templates.spec import clean_template
from batches.services.templates.store import create_template
from content.models import Content, User
from content.services.catalogue.changes import change_content
from tests.batches.orders import price_batch
from tests.batches.runs import pause
from tests.browser.keyboard import Keyboard
from tests.browser.visits import DESKTOP, PHONE
from tests.factories import make_contents

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture
def contents(alice, wallet_of) -> list[Content]:
    User.objects.filter(pk=alice.pk).update(time_zone="Europe/Berlin")
    return make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)


@pytest.fixture
def checked(visit, alice):
    """Begin a visit whose every page is looked at by axe."""

    def checked(size=DESKTOP):
        here = visit(alice, size=size)

        def look() -> None:
            here.assert_accessible()
            here.assert_fits()
            here.assert_light()

        return here, look

    return checked


def prices() -> list[int]:
    return sorted(Content.objects.values_list("price", flat=True))


@SIZES
def test_a_sale_that_ends_is_planned_and_moved(checked, contents, size, work):
    here, look = checked(size)
    page = here.open("/content")
    page.get_by_label(f"Select all {len(contents)} on this page").check()
    page.get_by_role("button", name="Update price").click()
    page.get_by_label("Change in percent").fill("-50")
    expect(page.get_by_label("Start at")).to_be_hidden()
    look()
    page.get_by_text("Schedule", exact=True).click()
    expect(
        page.get_by_text("Local time in Europe/Berlin. Leave empty to start at once.")
    ).to_be_visible()
    page.get_by_label("Start at").fill("2030-03-01T09:00")
    page.get_by_label("End at").fill("2030-03-01T08:00")
    look()
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_label("End at")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("This must be later than the start.")).to_be_visible()
    look()
    page.get_by_label("End at").fill("2030-03-04T09:00")
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_text("Starts 1 Mar 2030, 09:00 CET (08:00 UTC)")).to_be_visible()
    expect(
        page.get_by_text("Previous prices are restored 4 Mar 2030, 09:00 CET (08:00 UTC).")
    ).to_be_visible()
    expect(page.get_by_text("−1.5 STX to −0.5 STX")).to_be_visible()
    look()
    page.get_by_role("button", name="Change 3 items").click()
    expect(page.locator("#live").get_by_text("Scheduled")).to_be_visible()
    look()
    page.get_by_role("link", name="Reschedule").click()
    expect(page.get_by_label("Start at")).to_have_value("2030-03-01T09:00")
    look()
    page.get_by_label("Start at").fill("2030-03-02T09:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It now starts 2 Mar 2030, 09:00 CET (08:00 UTC)")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#live").get_by_text("Paused", exact=True)).to_be_visible()
    batch = BatchOperation.objects.get()
    assert batch.scheduled_for == datetime(2030, 3, 2, 8, tzinfo=UTC)
    assert batch.until == datetime(2030, 3, 4, 8, tzinfo=UTC)
    page.get_by_role("button", name="Start now").click()
    work()
    page.reload()
    expect(page.get_by_text("Will be undone by")).to_be_visible()
    assert prices() == [500_000, 1_000_000, 1_500_000]
    with time_machine.travel(datetime(2030, 3, 4, 8, 1, tzinfo=UTC)):
        work()
    assert prices() == [1_000_000, 2_000_000, 3_000_000]
    here.complaints = [words for words in here.complaints if "status of 400" not in words]


def test_change_undone_by_keyboard(checked, alice, contents, work):
    batch = price_batch(alice, [content.pk for content in contents])
    work()
    change_content(contents[0].pk, {"price": 5}, version=2, by=alice, cause="api")
    here, look = checked()
    page = here.open(f"/batches/{batch.pk}")
    look()
    keyboard = Keyboard(page)
    keyboard.press(page.get_by_role("button", name="Undo…"))
    expect(page.get_by_role("heading", name="Undo: Update price to 7 STX")).to_be_visible()
    expect(page.get_by_text("Changed since, so it stays as it is")).to_be_visible()
    look()
    keyboard.press(page.get_by_role("button", name="Undo 2 items"))
    expect(page.get_by_text("Waiting").first).to_be_visible()
    work()
    expect(page.locator("#live").get_by_text("1 of 3 failed")).to_be_visible()
    look()
    assert prices() == [5, 2_000_000, 3_000_000]
    keyboard.press(page.get_by_role("link", name="Update price to 7 STX", exact=True))
    expect(page.get_by_text("Undone by")).to_be_visible()


def test_item_change_undone_from_timeline(checked, alice, contents, work):
    item = contents[0]
    change_content(item.pk, {"title": "By mistake"}, version=1, by=alice, cause="api")
    here, look = checked(PHONE)
    page = here.open(f"/content/{item.pk}")
    keyboard = Keyboard(page)
    keyboard.press(page.locator("summary", has_text="Undo this change…"))
    expect(page.get_by_text("This takes effect immediately:")).to_be_visible()
    look()
    keyboard.press(page.get_by_role("button", name="Undo", exact=True))
    expect(page.get_by_role("heading", name=item.title, level=1)).to_be_visible()
    expect(page.get_by_text("undone manually")).to_be_visible()
    look()


@SIZES
def test_a_template_is_made_of_a_batch(checked, alice, contents, size, work):
    batch = price_batch(alice, [content.pk for content in contents], newPrice=2_500_000)
    work()
    here, look = checked(size)
    page = here.open(f"/batches/{batch.pk}")
    page.get_by_role("link", name="Save as template").click()
    expect(page.get_by_label("New price in STX")).to_have_value("2.5")
    expect(page.get_by_label("Item ids")).to_be_visible()
    expect(page.get_by_label("Search")).to_be_hidden()
    look()
    page.get_by_role("button", name="Save template").click()
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    look()
    page.get_by_label("Name", exact=True).fill("Spring price")
    page.get_by_label("All that match a filter").check()
    expect(page.get_by_label("Item ids")).to_be_hidden()
    page.get_by_label("Type", exact=True).select_option("video")
    page.get_by_label("Repeat").select_option("yearly")
    page.get_by_label("First run").fill("2030-03-31T02:30")
    look()
    page.get_by_role("button", name="Save template").click()
    expect(page.get_by_role("heading", name="Spring price", level=1)).to_be_visible()
    # That hour does not exist there: it is the moment after.
    expect(page.get_by_text("31 Mar 2030, 03:00 CEST (01:00 UTC)")).to_be_visible()
    expect(page.get_by_text("31 Mar 2031, 02:30 CEST (00:30 UTC)")).to_be_visible()
    look()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("No run until it is resumed.")).to_be_visible()
    here.open("/templates")
    look()
    page.get_by_role("link", name="Spring price").click()
    page.get_by_text("Delete this template…").click()
    look()
    page.get_by_role("button", name="Delete template").click()
    expect(page.get_by_text("No templates yet")).to_be_visible()
    look()
    assert not Template.objects.exists()
    here.complaints = [words for words in here.complaints if "status of 400" not in words]


@SIZES
def test_the_calendar_is_read_and_acted_on(checked, alice, contents, size):
    keys = [content.pk for content in contents]
    soon = (timezone.now() + timedelta(days=2)).isoformat()
    first = price_batch(alice, keys, scheduledFor=soon)
    price_batch(alice, keys, newPrice=1, dependsOn=[str(first.pk)])
    pause(price_batch(alice, keys, newPrice=2))
    first_run = f"{timezone.localdate() + timedelta(days=1)}T09:00"
    body = {"name": "Every morning", "operationType": "update-price", "filter": {}}
    body |= {"updatePayload": {"percentChange": 1}, "repeat": "daily", "firstRun": first_run}
    create_template(clean_template(body), by=alice)
    here, look = checked(size)
    page = here.open("/")
    look()
    page.get_by_role("link", name="Calendar", exact=True).click()
    expect(page.get_by_role("heading", name="Calendar", level=1)).to_be_visible()
    look()
    page.get_by_role("button", name="Pause Update price to 7 STX").click()
    expect(page.get_by_role("button", name="Resume Update price to 7 STX")).to_be_visible()
    page.get_by_role("link", name="Reschedule Update price to 7 STX").click()
    page.get_by_label("Start at").fill("2030-03-02T09:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Saturday, 2 March 2030")).to_be_visible()
    page.get_by_role("button", name="Cancel Update price to 7 STX").click()
    expect(page.get_by_role("heading", name="Saturday, 2 March 2030")).to_have_count(0)
    first.refresh_from_db()
    assert first.status == Status.CANCELLED
    look()


@SIZES
def test_a_chain_is_drawn_and_a_circle_refused(checked, alice, contents, size):
    keys = [content.pk for content in contents]
    first = price_batch(alice, keys, newPrice=1)
    second = price_batch(alice, keys, newPrice=2, dependsOn=[str(first.pk)])
    price_batch(alice, keys, newPrice=3, dependsOn=[str(second.pk)])
    here, look = checked(size)
    page = here.open(f"/batches/{second.pk}")
    expect(page.get_by_role("heading", name="Dependencies")).to_be_visible()
    expect(page.locator(".chain__step")).to_have_count(3)
    look()
    page.locator(".chain__step").first.get_by_role("link").click()
    page.get_by_role("link", name="Reschedule").click()
    page.get_by_label("Update price to 0.000003 STX").select_option("always")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("This is a cycle")
    look()
    here.complaints = [words for words in here.complaints if "status of 400" not in words]


def test_a_sale_is_planned_without_javascript(visit, alice, contents):
    page = visit(alice, java_script_enabled=False).open("/content")
    page.get_by_label(f"Select {contents[0].title}", exact=True).check()
    page.get_by_role("button", name="Update price").click()
    page.get_by_label("New price in STX").fill("2")
    page.get_by_text("Schedule", exact=True).click()
    page.get_by_label("Start at").fill("2030-03-01T09:00")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Change 1 item").click()
    page.get_by_role("button", name="Start now").click()
    expect(page.get_by_text("It starts as soon as a worker is free.").first).to_be_visible()
    assert BatchOperation.objects.get().scheduled_for is None
