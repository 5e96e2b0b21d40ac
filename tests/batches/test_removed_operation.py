"""Batches of a removed kind are shown at every door, without actions."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from batches.models import BatchOperation, Status, Submission
from content.models import Wallet
from tests.answers import rows_of
from tests.batches.orders import price_batch, price_draft, price_run
from tests.factories import make_contents

GONE = "explode"


@pytest.fixture
def keys(alice, wallet_of):
    """An item that will change, an unchanged one and an unknown one."""
    changed, same = make_contents(wallet_of(alice), 2)
    return [changed.pk, same.pk, "unknown"]


@pytest.fixture
def batch(alice, keys, work):
    batch = price_batch(alice, keys, newPrice=2_000_000)
    work()
    BatchOperation.objects.update(kind=GONE)
    return batch


@pytest.fixture
def waiting(alice, keys):
    moment = (timezone.now() + timedelta(days=1)).isoformat()
    batch = price_batch(alice, keys, scheduledFor=moment)
    BatchOperation.objects.update(kind=GONE)
    return batch


@pytest.fixture
def run(staff, keys, work):
    run = price_run(staff, keys, payload={"newPrice": 2_000_000})
    work()
    BatchOperation.objects.update(kind=GONE)
    Submission.objects.update(kind=GONE)
    return run


def outcomes_of(answer):
    return [(row["outcome"], row["message"]) for row in rows_of(answer)]


WORDS = [
    ("succeeded", "Changed"),
    ("unchanged", "It already had this value"),
    ("failed", "Content not found or not owned by creator"),
]


def test_the_pages_show_it(signed_in, alice, batch):
    client = signed_in(alice)
    shown = client.get(f"/batches/{batch.pk}")
    assert shown.status_code == 200
    assert {words for _, words in WORDS} == {row.words for row, _ in shown.context["rows"]}
    assert outcomes_of(client.get(f"/batches/{batch.pk}/results")) == WORDS
    for path in ("/", "/batches", "/coming", f"/content/{batch.content_ids[0]}"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("action", ["start", "hold", "go-on", "retry", "undo", "when", "cancel"])
def test_pages_offer_no_actions(signed_in, alice, waiting, action):
    client = signed_in(alice)
    assert client.post(f"/batches/{waiting.pk}/{action}").status_code == 403
    assert f"/batches/{waiting.pk}/{action}" not in client.get("/coming").content.decode()
    assert BatchOperation.objects.get().status == Status.PENDING


def test_the_api_shows_it(call, alice, batch):
    caller = call(alice)
    shown = caller.get(f"/api/batches/{batch.pk}").json()
    assert shown["operationType"] == GONE
    assert len(shown["results"]) == 3
    assert caller.get(f"/api/batches/{batch.pk}/results").json()["total"] == 3
    assert outcomes_of(caller.get(f"/api/batches/{batch.pk}/results", format="csv")) == WORDS


@pytest.mark.parametrize("action", ["cancel", "pause", "resume", "retry-failed", "undo"])
def test_api_refuses_actions(call, alice, staff, waiting, run, action):
    assert call(alice).post(f"/api/batches/{waiting.pk}/{action}").status_code == 403
    assert call(staff).get(f"/api/submissions/{run.pk}").status_code == 200
    assert call(staff).post(f"/api/submissions/{run.pk}/{action}").status_code == 403


def test_the_admin_shows_it(signed_in, root, batch, run):
    client = signed_in(root)
    for row, kind in ((batch, "batchoperation"), (run, "submission")):
        address = f"admin:batches_{kind}"
        assert client.get(reverse(f"{address}_change", args=[row.pk])).status_code == 200
        assert client.get(reverse(f"{address}_progress", args=[row.pk])).status_code in {200, 302}
        assert rows_of(client.get(reverse(f"{address}_results", args=[row.pk])))
        assert client.post(reverse(f"{address}_cancel", args=[row.pk])).status_code == 404


def test_draft_of_follow_up_not_listed(signed_in, staff, keys):
    draft = price_draft(staff, keys)
    Submission.objects.update(kind=GONE)
    client = signed_in(staff)
    page = reverse("admin:batches_submission_review", args=[draft.pk])
    assert client.get(page).status_code == 404
    assert client.get(f"/submissions/{draft.pk}").status_code == 404


def test_the_command_shows_it(batch, capsys):
    with pytest.raises(SystemExit):  # as for any batch with failed items
        call_command("run_batch", "show", str(batch.pk))
    assert "Content not found" in capsys.readouterr().out


def test_mail_sent_at_the_end(alice, keys, work):
    Wallet.objects.update(notify="always")
    price_batch(alice, keys)
    BatchOperation.objects.update(kind=GONE)
    work()
    (digest,) = mail.outbox
    assert digest.subject == "Explode: 3 of 3 failed"
