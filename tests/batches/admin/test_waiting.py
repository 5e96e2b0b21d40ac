"""Schedules: entered in the form, shown in the review, changed on the page."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batches.models import BatchOperation, Dependency, Source, Status, Submission
from batches.services.engine.settle import settle_due
from content.models import Content, User
from tests.answers import text
from tests.batches.admin.addresses import page
from tests.batches.inserted import insert_batch
from tests.batches.orders import make_template, price_batch, price_run
from tests.factories import make_contents

LIST = reverse("admin:batches_batchoperation_changelist")
RUN = reverse("admin:content_content_run", args=["update-price"])
POSTS = ["start", "pause", "resume", "retry", "undo", "reschedule", "cancel"]


def later(**delta) -> str:
    """Format a time as the browser sends it, in UTC."""
    return (timezone.now() + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def items(alice, wallet_of):
    return make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)


@pytest.fixture
def batch(alice, items):
    return price_batch(alice, [items[0].pk], scheduledFor=f"{later(days=3)}:00Z")


# ------------------------------------------------------------ the form and the review


def test_schedule_uses_the_zone_of_staff(signed_in, staff, items, work):
    User.objects.filter(pk=staff.pk).update(time_zone="Europe/Berlin")
    client = signed_in(staff)
    with time_machine.travel(datetime(2026, 2, 1, 12, tzinfo=UTC), tick=False):
        chosen = {"action": "update-price", "index": "0", "_selected_action": [items[0].pk]}
        form = client.post(reverse("admin:content_content_changelist"), chosen)
        assert "Local time in Europe/Berlin" in text(form)
        assert 'type="datetime-local"' in form.content.decode()
        typed = {"scheduled_for": "2026-02-03T00:30", "until": "2026-02-04T09:00"}
        selection = "\n".join(item.pk for item in items)
        answer = client.post(RUN, {"selection": selection, "new_price": "2.5", **typed})
        review = text(client.get(answer.url))
        assert "Starts 3 Feb 2026, 00:30 CET (2 Feb, 23:30 UTC)." in review
        assert "Previous prices are restored 4 Feb 2026, 09:00 CET (08:00 UTC)." in review
        assert "Prices change by −0.5 STX to +1.5 STX, by +0.5 STX on average." in review
        assert "On-chain update of 3 items in 1 transaction of" in review
        client.post(answer.url)
        batch = BatchOperation.objects.get()
        assert batch.scheduled_for == datetime(2026, 2, 2, 23, 30, tzinfo=UTC)
        assert batch.until == datetime(2026, 2, 4, 8, tzinfo=UTC)
        shown = text(client.get(page("change", batch)))
        assert "Starts 3 Feb 2026, 00:30 CET (2 Feb, 23:30 UTC)." in shown
        work()
        batch.refresh_from_db()
        assert batch.status == Status.PENDING
    with time_machine.travel(datetime(2026, 2, 3, 12, tzinfo=UTC), tick=False):
        work()
        batch.refresh_from_db()
        assert batch.status == Status.COMPLETED
        undo = BatchOperation.objects.get(undo_of=batch)
        assert page("change", undo) in client.get(page("change", batch)).content.decode()


def test_invalid_time_keeps_the_selection(signed_in, staff, items):
    data = {"selection": items[0].pk, "new_price": "5", "scheduled_for": "2020-01-01T00:00"}
    answer = signed_in(staff).post(RUN, data)
    assert answer.status_code == 200
    assert "This time is in the past" in text(answer)
    assert items[0].pk in answer.content.decode()
    assert not Submission.objects.exists()


def test_a_change_starts_after_another(signed_in, staff, batch, items, work):
    client = signed_in(staff)
    field = f"after-batch-{batch.pk}"
    typed = {"selection": items[1].pk, "new_price": "5", field: "on-success"}
    answer = client.post(RUN, typed)
    assert "Starts after Update price to 7 STX , when all its items are saved." in text(
        client.get(answer.url)
    )
    client.post(answer.url)
    second = BatchOperation.objects.exclude(pk=batch.pk).get()
    assert (second.waits_for, list(second.dependencies.values_list("when", flat=True))) == (
        1,
        ["on-success"],
    )
    for one, other in ((batch, second), (second, batch)):
        shown = client.get(page("change", one)).content.decode()
        assert "Dependencies" in shown
        assert page("change", other) in shown
    client.post(page("start", batch))
    work()
    settle_due()
    work()
    second.refresh_from_db()
    assert second.status == Status.COMPLETED


def test_cancelled_batch_shows_no_dependencies(signed_in, staff, alice, batch):
    second = price_batch(alice, batch.content_ids, dependsOn=[str(batch.pk)])
    client = signed_in(staff)
    client.post(page("cancel", second))
    shown = text(client.get(page("change", batch)))
    assert "Update price to 7 STX , Cancelled when it is done, even if items failed" in shown
    assert "even if items failed: Waiting" not in shown


# ------------------------------------------------------------ the page of a batch


def test_batch_paused_resumed_started(signed_in, staff, batch, work):
    client = signed_in(staff)
    paused = client.post(page("pause", batch), follow=True)
    assert "Paused until it is resumed." in text(paused)
    assert "Resume" in text(paused)
    BatchOperation.objects.update(scheduled_for=None)
    work()
    batch.refresh_from_db()
    assert (batch.status, batch.is_paused) == (Status.PENDING, True)
    assert "as soon as a worker is free" in text(client.post(page("resume", batch), follow=True))
    client.post(page("pause", batch))
    client.post(page("start", batch))
    work()
    batch.refresh_from_db()
    assert (batch.status, batch.is_paused) == (Status.COMPLETED, False)


def test_started_batch_stays_with_message(signed_in, staff, batch, work):
    client = signed_in(staff)
    client.post(page("start", batch))
    work()
    before = BatchOperation.objects.values().get()
    for name in ("start", "pause", "resume", "reschedule"):
        answer = client.post(page(name, batch), {"scheduled_for": later(days=1)}, follow=True)
        assert re.search("can no longer be|can’t", text(answer)), name
        assert answer.redirect_chain[-1][0] == page("change", batch)
    assert BatchOperation.objects.values().get() == before


def test_reschedule_and_clear_time(signed_in, staff, batch):
    client = signed_in(staff)
    shown = client.get(page("reschedule", batch)).content.decode()
    assert f'value="{batch.scheduled_for:%Y-%m-%dT%H:%M}"' in shown
    # Both move at once: neither may be compared with the old value of the other.
    for days in (1, 9):
        typed = {"scheduled_for": later(days=days), "until": later(days=days + 1)}
        assert client.post(page("reschedule", batch), typed).url == page("change", batch)
        batch.refresh_from_db()
        assert f"{batch.scheduled_for:%Y-%m-%dT%H:%M}" == typed["scheduled_for"]
        assert f"{batch.until:%Y-%m-%dT%H:%M}" == typed["until"]
    refused = client.post(page("reschedule", batch), {"scheduled_for": "2020-01-01T00:00"})
    assert "This time is in the past" in text(refused)
    client.post(page("reschedule", batch), {})
    batch.refresh_from_db()
    assert (batch.scheduled_for, batch.until) == (None, None)


def test_cycle_refused_with_its_batches(signed_in, staff, alice, batch, items):
    second = price_batch(alice, [items[1].pk], newPrice=3, dependsOn=[str(batch.pk)])
    client = signed_in(staff)
    before = list(Dependency.objects.values())
    answer = client.post(page("reschedule", batch), {f"after-batch-{second.pk}": "always"})
    assert "This is a cycle: Update price to 7 STX" in text(answer)
    assert "Update price to 0.000003 STX" in text(answer)
    assert list(Dependency.objects.values()) == before
    # The same page removes its dependencies.
    assert client.post(page("reschedule", second), {}).status_code == 302
    second.refresh_from_db()
    assert second.waits_for == 0
    assert not Dependency.objects.exists()


def test_failed_dependent_shows_reason(signed_in, staff, alice, batch, items):
    second = price_batch(alice, [items[1].pk], dependsOn=[str(batch.pk)])
    client = signed_in(staff)
    client.post(page("cancel", batch))
    settle_due()
    shown = text(client.get(page("change", second)))
    assert "was cancelled" in shown
    assert "Can&#x27;t be met" in shown


def test_run_paused_rescheduled_started_as_whole(signed_in, staff, bob, items, wallet_of):
    others = make_contents(wallet_of(bob), 2)
    run = price_run(
        staff,
        [item.pk for item in (*items, *others)],
        scheduled_for=timezone.now() + timedelta(days=2),
    )
    client = signed_in(staff)

    def state(field):
        return set(BatchOperation.objects.values_list(field, flat=True))

    client.post(page("pause", run))
    assert state("is_paused") == {True}
    shown = client.get(page("progress", run))
    assert "Paused until it is resumed." in text(shown)
    client.post(page("resume", run))
    assert state("is_paused") == {False}
    again = client.post(page("resume", run), follow=True)
    assert "Saved. It now starts" in text(again)
    client.post(page("reschedule", run), {"scheduled_for": later(days=5)})
    assert {f"{moment:%Y-%m-%dT%H:%M}" for moment in state("scheduled_for")} == {later(days=5)}
    client.post(page("start", run))
    assert state("scheduled_for") == {None}


def test_waiting_page_polls_slowly(signed_in, viewer, batch):
    client = signed_in(viewer)
    assert 'hx-trigger="every 15s"' in client.get(page("change", batch)).content.decode()
    BatchOperation.objects.update(scheduled_for=None)
    assert 'hx-trigger="every 1s"' in client.get(page("change", batch)).content.decode()


@pytest.mark.parametrize("kind", ["batchoperation", "submission"])
def test_buttons_require_csrf_and_post(staff, alice, items, kind):
    run = price_run(
        staff, [item.pk for item in items], scheduled_for=timezone.now() + timedelta(days=2)
    )
    row = run if kind == "submission" else run.batches.get()
    before = list(BatchOperation.objects.values())
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)
    for name in POSTS:
        assert strict.post(page(name, row)).status_code == 403
        if name != "reschedule":
            assert strict.get(page(name, row)).status_code == 405
    assert list(BatchOperation.objects.values()) == before


def test_viewers_see_no_buttons(signed_in, viewer, batch):
    shown = signed_in(viewer).get(page("change", batch)).content.decode()
    assert "Starts " in shown
    for name in POSTS:
        assert page(name, batch) not in shown


def test_removed_kind_shown_without_actions(signed_in, root, batch):
    BatchOperation.objects.update(kind="format-disk")
    client = signed_in(root)
    assert "Format disk" in text(client.get(page("change", batch)))
    for name in ("start", "pause", "resume", "retry", "undo", "reschedule"):
        assert client.post(page(name, batch)).status_code == 404


def test_page_query_count_constant(signed_in, staff, alice, batch, items):
    client = signed_in(staff)

    def cost(row, name="change"):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page(name, row)).status_code == 200
        return len(captured)

    second = price_batch(alice, [items[1].pk], dependsOn=[str(batch.pk)])
    few = [cost(second), cost(batch), cost(second, "reschedule")]
    parents = [price_batch(alice, [items[0].pk], dependsOn=[str(batch.pk)]) for _ in range(9)]
    for parent in parents:
        Dependency.objects.create(batch=second, parent=parent)
    assert [cost(second), cost(batch), cost(second, "reschedule")] == few


# ------------------------------------------------------------ the list and the first page


def test_list_filters_scheduled_and_follow_ups(signed_in, viewer, alice):
    soon = timezone.now() + timedelta(days=1)
    scheduled = insert_batch(alice, Status.PENDING, scheduled_for=soon)
    paused = insert_batch(alice, Status.PENDING, is_paused=True)
    waiting = insert_batch(alice, Status.PENDING, waits_for=2)
    free = insert_batch(alice, Status.PENDING, scheduled_for=timezone.now() - timedelta(minutes=1))
    done = insert_batch(alice)
    undo, retry = insert_batch(alice, undo_of=done), insert_batch(alice, retry_of=done)
    template = insert_batch(alice)
    BatchOperation.objects.filter(pk=template.pk).update(source=Source.TEMPLATE)
    client = signed_in(viewer)

    def found(**query):
        return set(client.get(LIST, query).context["cl"].result_list)

    assert found(coming="any") == {scheduled, paused, waiting}
    assert found(coming="scheduled") == {scheduled}
    assert found(coming="held") == {paused}
    assert found(coming="waiting") == {waiting}
    assert found(follows="undo") == {undo}
    assert found(follows="retry") == {retry}
    assert found(source__exact="template") == {template}
    assert len(found(coming="?", follows="?")) == 8
    seen = text(client.get(LIST))
    assert "Paused" in seen
    assert "Waits for 2 batches" in seen
    assert free in found()


def test_first_page_shows_upcoming(signed_in, viewer, alice, wallet_of):
    User.objects.filter(pk=viewer.pk).update(time_zone="Asia/Tokyo")
    make_contents(wallet_of(alice))
    client = signed_in(viewer)
    home = reverse("admin:index")
    assert "Nothing is scheduled." in text(client.get(home))
    now = timezone.now()
    batches = [
        insert_batch(alice, Status.PENDING, scheduled_for=now + timedelta(days=days))
        for days in (9, 1, 3, 2, 8, 7)
    ]
    soon = (now + timedelta(hours=36)).strftime("%Y-%m-%dT%H:%M")
    template = make_template(alice, repeat="yearly", firstRun=soon)
    paused = make_template(alice, name="Paused", repeat="yearly", firstRun=soon)
    type(paused).objects.filter(pk=paused.pk).update(is_paused=True)
    insert_batch(alice, Status.PENDING, is_paused=True)
    answer = client.get(home)
    links = [each["url"] for each in answer.context["upcoming"]]
    assert links == [
        page("change", batches[1]),
        page("change", template),
        page("change", batches[3]),
        page("change", batches[2]),
        page("change", batches[5]),
    ]
    assert "JST" in text(answer)
    assert 'href="/coming"' in answer.content.decode()
    assert Content.objects.filter(version=1).count() == 1
