"""The page and the list of templates: next runs, history, run now, pause, delete."""

from datetime import UTC, datetime, timedelta

import time_machine
from django.utils import timezone

from batches.models import BatchOperation, Status, Submission, Template, TemplateRun
from batches.services.worker.sweep import sweep
from content.models import Content, User
from tests.answers import text
from tests.batches.pages.template_forms import NOW, save_template
from tests.factories import make_contents


def test_list_shows_next_runs(signed_in, alice, bob, contents):
    save_template(alice, name="Every morning", repeat="daily", firstRun="2030-01-01T09:00")
    save_template(alice, name="By hand <b>only</b>")
    paused = save_template(alice, name="Put by", repeat="daily", firstRun="2030-01-01T09:00")
    client = signed_in(alice)
    client.post(f"/templates/{paused.pk}/pause")
    answer = client.get("/templates")
    words = text(answer)
    assert "Every morning all items on sale Update price -10 % Every day 1 Jan 2030, 09:00" in words
    assert "on demand" in words
    assert "Paused" in words
    assert "By hand &lt;b&gt;only&lt;/b&gt;" in answer.content.decode()
    assert "No templates yet" in text(signed_in(bob).get("/templates"))


def test_page_shows_batches_per_run(signed_in, alice, staff, contents, settings):
    settings.BATCH_MAX_ITEMS = 1
    settings.BATCH_QUOTA_PER_HOUR = 2
    page = f"/templates/{save_template(alice).pk}"
    words = text(signed_in(alice).get(page))
    assert "It runs as 3 batches." in words
    assert "2 of 2 batches are left this hour, which is too few." in words
    by_staff = save_template(staff, creator=alice.wallets.get().pk)
    assert "don’t count against the creator’s limit" in text(
        signed_in(staff).get(f"/templates/{by_staff.pk}")
    )
    shown = signed_in(staff).get(f"/admin/batches/template/{by_staff.pk}/change/", follow=True)
    assert "It runs as 3 batches." in text(shown)


def test_next_runs_in_both_zones(signed_in, alice, contents):
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo")
    with time_machine.travel(datetime(2026, 3, 7, tzinfo=UTC), tick=False):
        template = save_template(
            alice, repeat="daily", firstRun="2026-03-07T02:30", timeZone="America/New_York"
        )
        words = text(signed_in(alice).get(f"/templates/{template.pk}"))
    assert (
        "7 Mar 2026, 16:30 JST (07:30 UTC) 7 Mar 2026, 02:30 in America/New_York "
        "8 Mar 2026, 16:00 JST (07:00 UTC) 8 Mar 2026, 02:30 in America/New_York "
        "9 Mar 2026, 15:30 JST (06:30 UTC) 9 Mar 2026, 02:30 in America/New_York"
    ) in words


def test_it_is_paused_and_resumed(signed_in, alice, contents):
    template = save_template(alice, repeat="daily", firstRun="2030-01-01T09:00")
    client = signed_in(alice)
    url = f"/templates/{template.pk}"
    client.post(f"{url}/pause", {"next": "coming"})
    template.refresh_from_db()
    assert template.is_paused
    words = text(client.get(url))
    assert "Paused No run until it is resumed. These would be next: 1 Jan 2030" in words
    assert "1 Jan" not in text(client.get("/coming"))
    client.post(f"{url}/resume")
    template.refresh_from_db()
    assert not template.is_paused


def test_run_now_redirects_to_run(signed_in, alice, contents, work):
    template = save_template(alice)
    client = signed_in(alice)
    answer = client.post(f"/templates/{template.pk}/run", follow=True)
    submission = Submission.objects.get()
    assert answer.redirect_chain == [(f"/submissions/{submission.pk}", 302)]
    assert "Step 3" not in text(answer)
    work()
    assert Content.objects.get(pk=contents[0].pk).price == 900_000
    words = text(client.get(f"/templates/{template.pk}"))
    assert "manual Started 3 saved" in words


def test_refused_template_run_listed(signed_in, alice, contents):
    template = save_template(alice, filter={"search": "nowhere"})
    client = signed_in(alice)
    page = client.get(f"/templates/{template.pk}")
    assert "A run would not start: None of the creator&#x27;s items" in page.content.decode()
    answer = client.post(f"/templates/{template.pk}/run", follow=True)
    assert "Not started: None of the creator's items matches." in text(answer).replace(
        "&#x27;", "'"
    )
    assert "Not started" in text(client.get(f"/templates/{template.pk}")).split("Runs so far")[1]
    assert not BatchOperation.objects.exists()


def test_history_shows_missed_and_refused_runs(signed_in, alice, contents, work):
    with time_machine.travel(NOW, tick=False):
        template = save_template(alice, repeat="daily", firstRun="2026-03-02T09:00")
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        sweep()
        work()
        client = signed_in(alice)
        words = text(client.get(f"/templates/{template.pk}")).split("Runs so far")[1]
    newest, older, oldest = (words.index(f"{day} Mar 2026, 09:00 UTC") for day in (4, 3, 2))
    assert newest < older < oldest
    assert "Started 3 saved" in words[newest:older]
    assert "Missed Nothing ran at that time" in words[older:oldest]
    assert TemplateRun.objects.filter(state="missed").count() == 2
    assert BatchOperation.objects.get().status == Status.COMPLETED


def test_run_time_in_both_zones(signed_in, alice, contents):
    with time_machine.travel(NOW, tick=False):
        template = save_template(
            alice, repeat="daily", firstRun="2026-03-02T09:00", timeZone="America/New_York"
        )
    with time_machine.travel(NOW + timedelta(days=1, hours=3), tick=False):
        sweep()
        answer = signed_in(alice).get(f"/templates/{template.pk}")
    assert answer.status_code == 200
    words = text(answer).split("Runs so far")[1]
    assert "2 Mar 2026, 14:00 UTC" in words
    assert "2 Mar 2026, 09:00 in America/New_York" in words


def test_creator_sees_batches_of_staff_template(signed_in, staff, alice, wallet_of, contents, work):
    template = save_template(staff, creator=wallet_of(alice).pk)
    signed_in(staff).post(f"/templates/{template.pk}/run")
    work()
    page = signed_in(alice).get(f"/templates/{template.pk}").content.decode()
    assert f'href="/batches/{BatchOperation.objects.get().pk}"' in page
    assert "/submissions/" not in page


def test_deleted_template_keeps_batches(signed_in, alice, contents, work):
    template = save_template(alice)
    client = signed_in(alice)
    client.post(f"/templates/{template.pk}/run")
    work()
    assert client.get(f"/templates/{template.pk}/delete").status_code == 302
    assert Template.objects.exists()
    answer = client.post(f"/templates/{template.pk}/delete", follow=True)
    assert "“Sale” is deleted. The batches that it started stay." in text(answer)
    assert not Template.objects.exists()
    assert BatchOperation.objects.get().status == Status.COMPLETED


def test_template_page_query_count_constant(
    signed_in, alice, wallet_of, contents, work, django_assert_max_num_queries
):
    template = save_template(alice)
    client = signed_in(alice)
    for _ in range(3):
        client.post(f"/templates/{template.pk}/run")
    make_contents(wallet_of(alice), 120)
    work()
    with django_assert_max_num_queries(16):
        client.get(f"/templates/{template.pk}")


def test_past_slots_not_listed(signed_in, alice, contents):
    with time_machine.travel(NOW, tick=False):
        template = save_template(alice, firstRun="2026-03-02T09:00")
    assert template.next_run_at is not None
    assert template.next_run_at < timezone.now()
    words = text(signed_in(alice).get(f"/templates/{template.pk}"))
    assert "No upcoming runs" in words
