"""The calendar, and its first entries on the home page."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.models import BatchOperation, Status
from content.models import User
from tests.answers import text
from tests.batches.orders import make_template, price_batch
from tests.batches.runs import pause
from tests.factories import make_contents

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _on_a_sunday():
    with time_machine.travel(NOW, tick=False):
        yield


def template_of(user, **fields):
    body = {"name": "Every morning", "repeat": "daily", "firstRun": "2026-03-02T09:00", **fields}
    return make_template(user, **body)


def at(day: int, hour: int) -> str:
    return datetime(2026, 3, day, hour, tzinfo=UTC).isoformat()


def test_empty_calendar_shows_hint(signed_in, alice):
    words = text(signed_in(alice).get("/coming"))
    assert "Nothing is scheduled" in words
    assert "Choose items" in words


def test_days_in_viewers_zone(signed_in, alice, item):
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo")
    price_batch(alice, [item.pk], scheduledFor=at(3, 20), until=at(5, 1))
    words = text(signed_in(alice).get("/coming"))
    assert "Wednesday, 4 March 2026 05:00 JST (3 Mar, 20:00 UTC) Update price to 7 STX" in words
    assert "Thursday, 5 March 2026 10:00 JST (01:00 UTC) Undo: Update price to 7 STX" in words
    assert "ends a change that has not finished yet" in words


def test_undated_entries_come_first(signed_in, alice, item):
    timed = price_batch(alice, [item.pk], scheduledFor=at(3, 9))
    linked = price_batch(alice, [item.pk], newPrice=1, dependsOn=[str(timed.pk)])
    pause(price_batch(alice, [item.pk], newPrice=2))
    price_batch(alice, [item.pk], newPrice=3)  # not blocked: it only waits for a worker
    answer = signed_in(alice).get("/coming")
    words = text(answer)
    undated, dated = words.split("Tuesday, 3 March 2026")
    assert "No fixed time" in undated
    assert "Waits Update price to 0.000001 STX 1 item · waits for another batch" in undated
    assert "Paused Update price to 0.000002 STX" in undated
    assert "0.000003" not in words
    assert "09:00 UTC Update price to 7 STX" in dated
    page = answer.content.decode()
    assert f"/batches/{timed.pk}/start" in page
    assert f"/batches/{linked.pk}/start" not in page


def test_template_slots_listed_up_to_limit(signed_in, alice, item):
    template_of(alice)
    template_of(alice, name="Once", repeat="never", firstRun="2026-03-02T10:00")
    template_of(alice, name="Far away", repeat="never", firstRun="2026-06-02T10:00")
    template_of(alice, name="By hand", repeat="never", firstRun=None)
    words = text(signed_in(alice).get("/coming"))
    assert words.count("09:00 UTC Every morning Template") == 5
    assert "and 55 more until 30 Apr" in words
    assert "10:00 UTC Once Template" in words
    assert "Far away" not in words
    assert "By hand" not in words


def test_run_is_one_calendar_entry(signed_in, settings, alice, wallet_of, prepared):
    settings.BATCH_MAX_ITEMS = 2
    client = signed_in(alice)
    keys = [content.pk for content in make_contents(wallet_of(alice), 5)]
    run = prepared(client, keys, scheduled_for="2026-03-03T09:00")
    client.post(f"/submissions/{run.pk}/confirm")
    answer = client.get("/coming")
    assert "5 items in 3 batches" in text(answer)
    assert answer.content.decode().count(f"/submissions/{run.pk}/hold") == 1
    answer = client.post(f"/submissions/{run.pk}/hold", {"next": "coming"})
    assert answer["Location"] == "/coming"
    assert BatchOperation.objects.filter(is_paused=True).count() == 3
    assert "paused" in text(client.get("/coming"))
    # One batch is directed alone: from then on, each is an entry of its own.
    batch = run.batches.first()
    client.post(f"/batches/{batch.pk}/go-on")
    assert f"/batches/{batch.pk}/hold" in client.get("/coming").content.decode()
    client.post(f"/submissions/{run.pk}/cancel", {"next": "coming"})
    assert "Nothing is scheduled" in text(client.get("/coming"))
    assert set(BatchOperation.objects.values_list("status", flat=True)) == {Status.CANCELLED}


def test_unknown_next_page_ignored(signed_in, alice, item):
    batch = price_batch(alice, [item.pk], scheduledFor=at(3, 9))
    client = signed_in(alice)
    for place in ("https://example.org/", "//example.org", "home", "admin:index", ""):
        answer = client.post(f"/batches/{batch.pk}/start", {"next": place})
        assert answer["Location"] == f"/batches/{batch.pk}"


def test_users_see_their_own(signed_in, alice, bob, viewer, staff, item):
    price_batch(alice, [item.pk], scheduledFor=at(3, 9))
    template_of(alice)
    assert "Nothing is scheduled" in text(signed_in(bob).get("/coming"))
    answer = signed_in(viewer).get("/coming")
    assert "Update price to 7 STX" in text(answer)
    assert "Alice" in text(answer)
    assert "/hold" not in answer.content.decode()
    assert "/pause" not in answer.content.decode()
    assert "/hold" in signed_in(staff).get("/coming").content.decode()


def test_calendar_query_count_constant(signed_in, alice, item):
    client = signed_in(alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/coming").status_code == 200
        return len(captured)

    price_batch(alice, [item.pk], scheduledFor=at(3, 9), until=at(4, 9))
    template_of(alice)
    few = queries()
    for day in range(4, 20):
        price_batch(alice, [item.pk], scheduledFor=at(day, 9))
        template_of(alice)
    assert queries() == few
    assert few <= 12


def test_home_shows_next_five(signed_in, alice, bob, item, wallet_of):
    client = signed_in(alice)
    assert "Coming up</h2>" not in client.get("/").content.decode()
    batch = price_batch(alice, [item.pk], scheduledFor=at(2, 8))
    template_of(alice)
    answer = client.get("/")
    words = text(answer).split("Full calendar")[1]
    assert "Update price to 7 STX 1 item 2 Mar 2026, 08:00 UTC Every morning" in words
    assert words.count("from a template") == 4
    assert 'href="/coming"' in answer.content.decode()
    assert "Running and waiting" not in text(answer)
    assert f"/batches/{batch.pk}" not in signed_in(bob).get("/").content.decode()


def test_long_calendar_truncated_with_note(signed_in, alice, item, settings):
    batch = price_batch(alice, [item.pk], scheduledFor=at(3, 9))
    values = BatchOperation.objects.filter(pk=batch.pk).values().get()
    del values["id"]
    moment = datetime(2026, 3, 4, tzinfo=UTC)
    BatchOperation.objects.bulk_create(
        BatchOperation(**{**values, "scheduled_for": moment + timedelta(minutes=number)})
        for number in range(300)
    )
    words = text(signed_in(alice).get("/coming"))
    assert "Not everything fits here." in words
