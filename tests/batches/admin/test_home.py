"""The admin's first page: figures with links, by permission."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batches.models import BatchItem, BatchOperation, Notification, Status
from batches.services.heartbeat import beat
from content.models import ContractCall
from tests.batches.inserted import insert_batch
from tests.conftest import grant
from tests.factories import make_contents

HOME = reverse("admin:index")
NO_WORKER = "No worker is running"
ALL = ["view_notification", "view_contractcall"]


@pytest.fixture
def busy(alice, bob, wallet_of):
    """Something of every kind, for two creators."""
    now = timezone.now()
    for person in (alice, bob):
        insert_batch(person, Status.PROCESSING)
        insert_batch(person, Status.PENDING)
        insert_batch(person, Status.FAILED, failed=1)
        insert_batch(person, Status.CANCELLED)
        for days in (0, 1, 13):
            insert_batch(person, completed_at=now - timedelta(days=days))
            batch = insert_batch(person, failed=2, completed_at=now - timedelta(days=days))
            mail = Notification(wallet=wallet_of(person), batch=batch)
            mail.due_at = now - timedelta(minutes=days)
            mail.save()
    insert_batch(alice, Status.PENDING, created_at=now - timedelta(hours=2))
    for state in ContractCall.State.values:
        ContractCall.objects.create(client="sandbox", function="update", state=state)
    ContractCall.objects.filter(state="failed").update(created_at=now - timedelta(days=2))
    earlier = now - timedelta(days=2)
    ContractCall.objects.create(client="sandbox", function="f", state="failed", updated_at=earlier)
    add_results()


def add_results() -> None:
    """Count the results and compare with the counters of the batches."""
    for batch in BatchOperation.objects.all():
        for position in range(batch.success_count + batch.failure_count):
            failed = position < batch.failure_count
            BatchItem.objects.create(
                batch=batch,
                position=position,
                content_id=f"item-{position}",
                outcome="failed" if failed else "succeeded",
                code="not-found" if failed else "",
            )


def figures(answer) -> dict[str, tuple[str, str]]:
    """Return (words, url) by label, for table cells by day and outcome."""
    groups = answer.context["groups"]
    found = {
        figure.label: (figure.words, figure.url) for group in groups for figure in group.figures
    }
    for day, cells in answer.context["chart_rows"]:
        found |= {f"{day} {cell.label}": (cell.words, cell.url) for cell in cells}
    page = answer.content.decode()
    for words, url in found.values():
        assert not url or f'href="{url}"' in unescape(page), url
        assert words in page
    return found


def test_figures_match_linked_rows(signed_in, viewer, busy):
    client = signed_in(grant(viewer, *ALL))
    found = figures(client.get(HOME))
    counted = {label: (words, url) for label, (words, url) in found.items() if words.isdigit()}
    assert {
        label: int(words) for label, (words, _) in counted.items() if "Nov" not in label
    }.items() >= {
        "Running": 2,
        "Waiting": 3,
        "Batches with failed items": 4,
        "Failed items": 6,
        "Aborted batches": 2,
        "Mails waiting": 6,
        "Mails overdue": 2,
        "Contract calls open": 3,
        "Contract calls failed today": 1,
    }.items()
    for label, (words, url) in counted.items():
        if not url:
            assert words == "0", label
            continue
        answer = client.get(url)
        assert answer.status_code == 200, (label, url)
        assert answer.context["cl"].result_count == int(words), (label, url)


def test_longest_wait_links_waiting_batches(signed_in, viewer, busy):
    client = signed_in(viewer)
    words, url = figures(client.get(HOME))["Longest wait"]
    assert words == "2\xa0hours"
    shown = set(client.get(url).context["cl"].result_list)
    assert shown == set(BatchOperation.objects.filter(status=Status.PENDING))


def test_chart_and_table_match(signed_in, viewer, busy):
    answer = signed_in(viewer).get(HOME)
    assert answer.context["chart_total"] == 2 * (6 + 2)
    assert len(answer.context["chart_rows"]) == 14
    for words in ("All saved", "Partly saved", "Nothing saved", "Cancelled"):
        assert words in answer.content.decode()


def test_empty_list_shows_hint(signed_in, viewer):
    page = signed_in(viewer).get(HOME).content.decode()
    assert "No batch ended in the last 14 days" in page
    assert reverse("admin:content_content_changelist") in page
    assert "No batch is overdue." in page


def test_dashboard_without_view_permission(signed_in, clerk, busy, alice):
    client = signed_in(clerk)
    answer = client.get(HOME)
    assert "groups" not in answer.context
    assert "You don’t have access to anything in the admin yet" in answer.content.decode()
    client = signed_in(grant(clerk, "view_wallet"))
    page = client.get(HOME).content.decode()
    assert "You can view or edit the sections below" in page
    assert reverse("admin:content_wallet_changelist") in page
    assert "Failed today" not in page
    assert client.get(HOME).context.get("chart_data") is None


def test_figures_require_view_permissions(signed_in, viewer, clerk, busy):
    found = figures(signed_in(viewer).get(HOME))
    assert not {"Mails waiting", "Mails overdue", "Contract calls open"} & set(found)
    assert found["Failed items"][1]
    found = figures(signed_in(grant(clerk, "view_batchoperation")).get(HOME))
    assert found["Failed items"] == ("6", "")


@pytest.mark.parametrize(("zone", "count"), [("Asia/Tokyo", "1"), ("UTC", "0")])
def test_today_in_viewers_zone(signed_in, viewer, alice, zone, count):
    viewer.time_zone = zone
    viewer.save()
    with time_machine.travel(datetime(2026, 11, 24, 1, tzinfo=UTC)):
        insert_batch(alice, failed=1, completed_at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
        add_results()
        client = signed_in(viewer)
        found = figures(client.get(HOME))
        for label in ("Batches with failed items", "Failed items"):
            words, url = found[label]
            assert words == count
            assert client.get(url).context["cl"].result_count == int(count)


def test_first_page_query_count_constant(signed_in, viewer, alice):
    client = signed_in(viewer)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(HOME)
        return len(captured)

    cost()
    little = cost()
    for number in range(20):
        insert_batch(alice, failed=number % 3, completed_at=timezone.now() - timedelta(days=number))
        insert_batch(alice, Status.PENDING)
    assert cost() == little <= 13


def test_silent_worker_shown_in_the_admin(signed_in, viewer, clerk, alice):
    batch = insert_batch(alice)
    pages = [
        HOME,
        reverse("admin:batches_batchoperation_changelist"),
        reverse("admin:batches_batchoperation_change", args=[batch.pk]),
        reverse("admin:content_content_changelist"),
    ]
    client = signed_in(viewer)
    for page in pages:
        assert client.get(page).content.decode().count(NO_WORKER) == 1, page
    assert NO_WORKER in signed_in(clerk).get(HOME).content.decode()
    beat()
    client = signed_in(viewer)
    for page in pages:
        assert NO_WORKER not in client.get(page).content.decode(), page


def test_worker_state_hidden_from_strangers(client, signed_in, alice, django_assert_num_queries):
    login = reverse("admin:login")
    with django_assert_num_queries(0):
        assert NO_WORKER not in client.get(login).content.decode()
    assert NO_WORKER not in signed_in(alice).get(login).content.decode()


def test_results_listed_with_reason_and_batch(signed_in, viewer, alice, wallet_of):
    batch = insert_batch(alice, failed=1, succeeded=1)
    make_contents(wallet_of(alice))
    add_results()
    client = signed_in(viewer)
    page = client.get(reverse("admin:batches_batchitem_changelist")).content.decode()
    assert "Content not found or not owned by creator" in page
    assert reverse("admin:batches_batchoperation_change", args=[batch.pk]) in page
    assert len(re.findall("Update price to 7", page)) == 2


@pytest.mark.parametrize("query", ["failed_on=never", "overdue=no", "open=?", "outcome=burnt"])
def test_empty_filter_selects_all(signed_in, root, alice, query):
    insert_batch(alice)
    client = signed_in(root)
    for name in ("batches_batchitem", "batches_notification", "content_contractcall"):
        page = reverse(f"admin:{name}_changelist")
        assert client.get(f"{page}?{query}").status_code in {200, 302}
    answer = client.get(reverse("admin:batches_batchoperation_changelist") + "?outcome=burnt")
    assert answer.context["cl"].result_count == 1
