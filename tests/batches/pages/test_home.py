"""A creator's home page: its figures and their links."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from batches.models import BatchOperation, Status
from batches.services.heartbeat import beat
from tests.answers import text
from tests.batches.inserted import insert_batch
from tests.conftest import grant
from tests.factories import WalletFactory, make_contents

NO_WORKER = "No worker is running"


def links(answer, path: str) -> dict[str, str]:
    """Return each link of the page to that path, with its text."""
    found = re.findall(rf'<a[^>]* href="({path}(?:\?[^"]*)?)"[^>]*>(.*?)</a>', page_of(answer))
    return {
        url.replace("&amp;", "&"): " ".join(re.sub(r"<[^>]+>", " ", words).split())
        for url, words in found
    }


def page_of(answer) -> str:
    """Return the main part of the page on one line."""
    return " ".join(answer.content.decode().split("<main")[1].split("</main>")[0].split())


@pytest.fixture
def busy(alice, bob, wallet_of):
    """Batches of alice and bob in every state, of today and earlier days."""
    for person in (alice, bob):
        make_contents(wallet_of(person), 5)
        make_contents(wallet_of(person), 2, is_removed=True)
        for status in (Status.PENDING, Status.PROCESSING, Status.PENDING):
            insert_batch(person, status)
        for days in (0, 0, 3, 13):
            ended = timezone.now() - timedelta(days=days)
            insert_batch(person, completed_at=ended)
            insert_batch(person, failed=3, succeeded=37, completed_at=ended)
            insert_batch(person, Status.CANCELLED, completed_at=ended)
    insert_batch(bob, Status.FAILED)


def test_figures_match_linked_rows(signed_in, alice, busy):
    client = signed_in(alice)
    home = client.get("/")
    batches = links(home, "/batches")
    assert len(batches) >= 2 + 3 + 3 * 3
    for url, words in batches.items():
        number = re.search(r"(?:: )?(\d+)(?: batch(?:es)?)?", words.split(": ")[-1]).group(1)
        answer = client.get(url)
        assert not answer.context["form"].errors
        assert answer.context["page"].paginator.count == int(number), (url, words)
    contents = {url: int(words) for url, words in links(home, "/content").items()}
    assert contents == {"/content": 5, "/content?state=removed": 2}
    for url, count in contents.items():
        assert client.get(url).context["page"].paginator.count == count


def test_home_shows_progress_failures_quota(signed_in, alice, wallet_of):
    insert_batch(alice, Status.PROCESSING, succeeded=1)
    batch = insert_batch(alice, failed=3, succeeded=37)
    wallet = wallet_of(alice)
    wallet.quota_used, wallet.quota_since = 2, datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    wallet.save()
    with time_machine.travel(datetime(2026, 11, 24, 10, tzinfo=UTC)):
        answer = signed_in(alice).get("/")
    words = text(answer)
    assert "1 of 4 done" in words
    assert "3 of 40 failed" in words
    assert f'href="/batches/{batch.pk}#results"' in answer.content.decode()
    assert (
        "48 of 50 batches are left this hour. All are available again 24 Nov 2026, 10:30 UTC"
        in words
    )


def test_foreign_data_hidden(signed_in, alice, bob, busy):
    page = signed_in(alice).get("/").content.decode()
    for batch in BatchOperation.objects.owned_by(bob):
        assert str(batch.pk) not in page
    assert "Bob" not in page


def test_staff_figures_lead_to_own_batches(signed_in, staff, busy):
    WalletFactory(owner=staff)
    insert_batch(staff, Status.PENDING)
    client = signed_in(staff)
    (url,) = [url for url in links(client.get("/"), "/batches") if "pending" in url]
    assert client.get(url).context["page"].paginator.count == 1
    assert client.get("/batches?status=pending").context["page"].paginator.count == 5


def test_new_creator_sees_hints(signed_in, alice, wallet_of):
    client = signed_in(alice)
    assert "You have no content yet" in text(client.get("/"))
    make_contents(wallet_of(alice))
    answer = client.get("/")
    assert "Nothing was changed in bulk in the last 14 days" in text(answer)
    assert links(answer, "/content")["/content"] == "Choose items"
    assert "50 of 50 batches are left this hour." in text(answer)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("carol", "Your wallet can buy but not sell"),
        ("clerk", "You have no wallet yet"),
        ("viewer", "You have no wallet yet"),
        ("root", "You have no wallet yet"),
    ],
)
def test_price_page_without_items(signed_in, request, busy, name, words):
    answer = signed_in(request.getfixturevalue(name)).get("/")
    assert words in text(answer)
    assert ("Go to the admin" in text(answer)) is (name != "carol")
    assert "batches are left" not in text(answer)
    assert not links(answer, "/batches")


def test_hostile_names_are_text(signed_in, alice, wallet_of):
    wallet = wallet_of(alice)
    wallet.display_name = "<script>alert(1)</script>{{7*7}}"
    wallet.save()
    page = signed_in(alice).get("/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page


def test_anonymous_redirected_and_nothing_posted(client, signed_in, alice):
    assert client.get("/")["Location"] == "/login?next=/"
    assert signed_in(alice).post("/").status_code == 405


def test_day_in_viewers_zone(signed_in, alice):
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    insert_batch(alice, completed_at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    client = signed_in(alice)
    with time_machine.travel(datetime(2026, 11, 24, 1, tzinfo=UTC)):
        answer = client.get("/")
        assert links(answer, "/batches")["/batches?ended=2026-11-24"].startswith("24 Nov: 1 batch")
        assert len(client.get("/batches?ended=2026-11-24").context["rows"]) == 1
        assert len(client.get("/batches?ended=2026-11-23").context["rows"]) == 0


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31", "-1"])
def test_invalid_day_shown_at_field(signed_in, alice, day):
    insert_batch(alice)
    answer = signed_in(alice).get("/batches", {"ended": day})
    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {"ended"}
    assert answer.context["rows"] == []


def test_silent_worker_shown_on_progress(signed_in, alice, wallet_of, prepared):
    contents = make_contents(wallet_of(alice), 1)
    client = signed_in(alice)
    submission = prepared(client, [contents[0].pk])
    batch = insert_batch(alice)
    paths = ["/", f"/submissions/{submission.pk}", f"/batches/{batch.pk}"]
    for path in paths:
        assert NO_WORKER in text(client.get(path)), path
    client.post(f"/submissions/{submission.pk}/confirm")
    assert NO_WORKER in text(client.get(f"/submissions/{submission.pk}"))
    for path in ("/content", "/batches", "/profile"):
        assert NO_WORKER not in text(client.get(path)), path
    beat()
    for path in paths:
        assert NO_WORKER not in text(client.get(path)), path
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert NO_WORKER in text(client.get("/batches/" + str(batch.pk)))


def test_no_worker_warning_without_content(signed_in, clerk, django_assert_num_queries):
    client = signed_in(grant(clerk))
    assert NO_WORKER not in text(client.get("/"))
