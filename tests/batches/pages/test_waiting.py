"""Start, end and dependencies of a change, from the form to the page."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from batches.models import BatchOperation, Dependency, Status, Submission
from batches.services.engine.settle import settle_due
from content.models import Content, User
from tests.answers import text
from tests.batches.orders import price_batch
from tests.factories import make_contents

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def in_zone(user, name):
    User.objects.filter(pk=user.pk).update(time_zone=name)


def later(**ahead) -> datetime:
    return timezone.now().replace(microsecond=0) + timedelta(**ahead)


@pytest.fixture
def coming(alice, item):
    """A batch of alice that starts tomorrow."""
    return price_batch(alice, [item.pk], scheduledFor=later(days=1).isoformat())


def test_invalid_time_shown_at_field(signed_in, alice, item, prepare):
    answer = prepare(signed_in(alice), [item.pk], scheduled_for="2020-01-31T12:00")
    assert answer.status_code == 400
    assert list(answer.context["schedule"].errors) == ["scheduled_for"]
    page = answer.content.decode()
    assert 'id="id_scheduled_for_error"' in page
    assert "This time is in the past." in page
    assert '<details class="card fold" open>' in page
    assert not Submission.objects.exists()


def test_review_shows_schedule_and_price_changes(signed_in, alice, wallet_of, prepared):
    in_zone(alice, "Europe/Berlin")
    contents = make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)
    client = signed_in(alice)
    with time_machine.travel(NOW, tick=False):
        client.force_login(alice)
        other = price_batch(alice, [contents[0].pk])
        draft = prepared(
            client,
            [content.pk for content in contents],
            new_price="4",
            scheduled_for="2026-02-07T00:30",
            until="2026-02-09T09:00",
            **{f"after-batch-{other.pk}": "on-success"},
        )
        words = text(client.get(f"/submissions/{draft.pk}"))
    assert "Starts 7 Feb 2026, 00:30 CET (6 Feb, 23:30 UTC)" in words
    assert "Previous prices are restored 9 Feb 2026, 09:00 CET (08:00 UTC)." in words
    assert "Starts after Update price to 7 STX , when all its items are saved. Waiting" in words
    assert "Price changes +1 STX to +3 STX Average change +2 STX" in words
    assert "1 transaction for 3 items" in words
    assert "bytes, at least 0.000" in words


def test_prepared_schedule_restored_in_form(signed_in, alice, item, prepared):
    in_zone(alice, "Asia/Tokyo")
    client = signed_in(alice)
    other = price_batch(alice, [item.pk])
    draft = prepared(
        client,
        [item.pk],
        scheduled_for="2030-01-01T09:00",
        **{f"after-batch-{other.pk}": "always"},
    )
    page = client.get(f"/batches/new/update-price?again={draft.pk}").content.decode()
    assert 'name="scheduled_for" value="2030-01-01T09:00"' in page
    assert '<option value="always" selected>' in page
    assert '<details class="card fold" open>' in page
    assert "Local time in Asia/Tokyo." in page


def test_sale_ends_on_schedule(signed_in, alice, item, prepared, work):
    client = signed_in(alice)
    start, end = later(days=1), later(days=3)
    draft = prepared(
        client,
        [item.pk],
        new_price="0.5",
        scheduled_for=start.strftime("%Y-%m-%dT%H:%M"),
        until=end.strftime("%Y-%m-%dT%H:%M"),
    )
    client.post(f"/submissions/{draft.pk}/confirm")
    work()
    assert Content.objects.get().price == 1_000_000
    assert "Scheduled" in text(client.get(f"/submissions/{draft.pk}"))
    with time_machine.travel(start + timedelta(minutes=1)):
        client.force_login(alice)
        work()
        assert Content.objects.get().price == 500_000
        batch = BatchOperation.objects.get(undo_of=None)
        words = text(client.get(f"/batches/{batch.pk}"))
        assert "Will be undone by Undo: Update price to 0.5 STX" in words
        assert "Undo…" not in words, "it is already scheduled or running already"
        assert "Undo: Update price to 0.5 STX" in text(client.get("/coming"))
    with time_machine.travel(end + timedelta(minutes=1)):
        client.force_login(alice)
        work()
        assert Content.objects.get().price == 1_000_000
        assert "Undone by" in text(client.get(f"/batches/{batch.pk}"))


def test_batch_shows_why_it_waits(signed_in, alice, item, coming):
    in_zone(alice, "Europe/Berlin")
    BatchOperation.objects.filter(pk=coming.pk).update(
        scheduled_for=datetime(2030, 1, 1, 12, tzinfo=UTC), is_paused=True
    )
    other = price_batch(alice, [item.pk], dependsOn=[str(coming.pk)])
    client = signed_in(alice)
    words = text(client.get(f"/batches/{coming.pk}"))
    assert "Paused until it is resumed." in words
    assert "Scheduled for 1 Jan 2030, 13:00 CET (12:00 UTC)." in words
    words = text(client.get(f"/batches/{other.pk}"))
    parent = "Update price to 7 STX"
    assert f"Starts after {parent} , when it is done" in words
    assert "Start now" not in words
    free = price_batch(alice, [item.pk])
    assert "Starts as soon as a worker is free." in text(client.get(f"/batches/{free.pk}"))


def test_idle_page_polls_rarely(signed_in, alice, coming):
    page = signed_in(alice).get(f"/batches/{coming.pk}").content.decode()
    assert 'hx-trigger="every 15s"' in page
    assert "http-equiv" not in page


def test_reschedule_before_start(signed_in, alice, item, coming, work):
    client = signed_in(alice)
    url = f"/batches/{coming.pk}"
    page = client.get(f"{url}/when").content.decode()
    assert f'value="{coming.scheduled_for:%Y-%m-%dT%H:%M}"' in page
    wanted = {"scheduled_for": "2030-05-01T10:00", "until": "2030-06-01T10:00"}
    answer = client.post(f"{url}/when", wanted)
    assert (answer.status_code, answer["Location"]) == (302, url)
    coming.refresh_from_db()
    assert coming.scheduled_for == datetime(2030, 5, 1, 10, tzinfo=UTC)
    assert coming.until == datetime(2030, 6, 1, 10, tzinfo=UTC)
    # Each new time is beyond the other old one.
    wanted = {"scheduled_for": "2030-07-01T10:00", "until": "2030-08-01T10:00"}
    assert client.post(f"{url}/when", wanted).status_code == 302
    coming.refresh_from_db()
    assert coming.scheduled_for == datetime(2030, 7, 1, 10, tzinfo=UTC)
    client.post(f"{url}/when", {"scheduled_for": "", "until": ""})
    work()
    assert Content.objects.get().price == 7_000_000
    answer = client.post(f"{url}/when", wanted, follow=True)
    assert "can no longer be rescheduled" in text(answer)
    assert "can no longer be rescheduled" in text(client.get(f"{url}/when", follow=True))


def test_unedited_time_keeps_seconds(signed_in, alice, coming):
    moment = datetime(2030, 1, 1, 12, 0, 42, tzinfo=UTC)
    BatchOperation.objects.filter(pk=coming.pk).update(scheduled_for=moment)
    typed = {"scheduled_for": "2030-01-01T12:00", "until": "2030-02-01T00:00"}
    assert signed_in(alice).post(f"/batches/{coming.pk}/when", typed).status_code == 302
    coming.refresh_from_db()
    assert coming.scheduled_for == moment


def test_past_time_may_stay(signed_in, alice, item, coming):
    other = price_batch(alice, [item.pk], dependsOn=[str(coming.pk)])
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    BatchOperation.objects.filter(pk=other.pk).update(scheduled_for=moment)
    typed = {"scheduled_for": "2026-01-01T12:00", f"after-batch-{coming.pk}": "always"}
    assert signed_in(alice).post(f"/batches/{other.pk}/when", typed).status_code == 302
    assert Dependency.objects.get().when == "always"


def test_invalid_reschedule_changes_nothing(signed_in, alice, coming):
    answer = signed_in(alice).post(f"/batches/{coming.pk}/when", {"until": "soon"})
    assert (answer.status_code, "Write it like" in text(answer)) == (400, True)
    before = coming.scheduled_for
    coming.refresh_from_db()
    assert coming.scheduled_for == before


def test_foreign_dependencies_refused(signed_in, alice, bob, wallet_of, coming):
    (foreign,) = make_contents(wallet_of(bob))
    other = price_batch(bob, [foreign.pk])
    client = signed_in(alice)
    assert str(other.pk) not in client.get(f"/batches/{coming.pk}/when").content.decode()
    answer = client.post(f"/batches/{coming.pk}/when", {f"after-batch-{other.pk}": "always"})
    assert "You have no batch or run with this id" in text(answer)
    assert not Dependency.objects.exists()


def test_cycle_refused_with_its_batches(signed_in, alice, item, coming):
    child = price_batch(alice, [item.pk], dependsOn=[str(coming.pk)])
    client = signed_in(alice)
    answer = client.post(f"/batches/{coming.pk}/when", {f"after-batch-{child.pk}": "on-success"})
    assert answer.status_code == 400
    ends = [str(batch.pk)[-6:] for batch in (coming, child, coming)]
    way = " → ".join(f"Update price to 7 STX ({end})" for end in ends)
    assert f"This is a cycle: {way}." in text(answer)
    assert not Dependency.objects.filter(batch=coming).exists()


def test_run_as_dependency(signed_in, settings, alice, wallet_of, prepared):
    settings.BATCH_MAX_ITEMS = 2
    contents = make_contents(wallet_of(alice), 3)
    client = signed_in(alice)
    run = prepared(client, [content.pk for content in contents])
    client.post(f"/submissions/{run.pk}/confirm")
    name = f"after-run-{run.pk}"
    draft = prepared(client, [contents[0].pk], **{name: "on-success"})
    page = client.get(f"/batches/new/update-price?again={draft.pk}")
    assert re.search(r"Update price \+10 %, 3 items, requested [^,]+, [^,]+, 2 batches", text(page))
    client.post(f"/submissions/{draft.pk}/confirm")
    batch = BatchOperation.objects.get(submission=draft)
    assert batch.waits_for == 2
    parents = Dependency.objects.filter(batch=batch).values_list("parent_id", flat=True)
    assert set(parents) == set(run.batches.values_list("pk", flat=True))


def test_page_shows_dependency_graph(signed_in, alice, bob, wallet_of, item):
    first = price_batch(alice, [item.pk], newPrice=1)
    second = price_batch(alice, [item.pk], newPrice=2, dependsOn=[str(first.pk)])
    third = price_batch(
        alice,
        [item.pk],
        newPrice=3,
        dependsOn=[{"batchId": str(second.pk), "when": "on-success"}],
    )
    answer = signed_in(alice).get(f"/batches/{second.pk}")
    words = text(answer)
    assert (
        "Before Update price to 0.000001 STX Waiting This one starts when it is done, even if "
        "items failed. This Update price to 0.000002 STX Waits for others After "
        "Update price to 0.000003 STX Waiting Starts when all its items are saved."
    ) in words
    for other in (first, third):
        assert f'href="/batches/{other.pk}"' in answer.content.decode()
    make = text(signed_in(bob).get(f"/batches/{second.pk}"))
    assert "Page not found" in make


def test_failed_dependency_shown(signed_in, alice, item, work):
    first = price_batch(alice, [item.pk])
    second = price_batch(alice, [item.pk], dependsOn=[str(first.pk)])
    client = signed_in(alice)
    client.post(f"/batches/{first.pk}/cancel")
    settle_due()
    second.refresh_from_db()
    assert second.status == Status.FAILED
    words = text(client.get(f"/batches/{second.pk}"))
    assert "was cancelled." in words
    assert "be met." in words
