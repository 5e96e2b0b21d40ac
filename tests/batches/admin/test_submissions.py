"""The page of a submission: review, discarding and progress."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from batches.models import BatchOperation, Status, Submission
from batches.services.runs.confirm import confirm
from content.models import Content, ContentChange, User, Wallet
from tests.batches.admin.addresses import page
from tests.batches.orders import price_draft
from tests.conftest import grant
from tests.factories import make_contents

LIST = reverse("admin:content_content_changelist")
RUN = reverse("admin:content_content_run", args=["update-price"])


@pytest.fixture
def submission(alice, bob, staff, wallet_of):
    items = make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)
    items += make_contents(wallet_of(bob), 1)
    return price_draft(staff, [item.pk for item in items])


def test_review_counts_items_per_creator(signed_in, staff, submission):
    text = signed_in(staff).get(page("review", submission)).content.decode()
    assert "Runs as 2 batches" in text
    assert "Alice: 3 items" in text
    assert "Bob: 1 item<" in text


def test_discarded_draft_not_startable(signed_in, staff, submission):
    client = signed_in(staff)
    assert client.get(page("discard", submission)).status_code == 405
    answer = client.post(page("discard", submission), {"list": "q=item&e=%ff"}, follow=True)
    assert answer.redirect_chain[0][0].startswith(f"{LIST}?q=item&e=")
    assert "Draft discarded. Nothing was changed." in answer.content.decode()
    for answer in (client.get(page("review", submission)), client.post(page("review", submission))):
        assert answer.status_code == 410
    assert not BatchOperation.objects.exists()


def test_started_submission_not_discardable(signed_in, staff, submission, work):
    confirm(submission.pk, by=staff)
    answer = signed_in(staff).post(page("discard", submission), follow=True)
    assert answer.redirect_chain[0][0] == page("progress", submission)
    assert "This was already started." in answer.content.decode()
    work()
    assert ContentChange.objects.filter(version=2).count() == 4


def test_discard_by_preparer_only(signed_in, root, viewer, staff, submission):
    for person in (root, viewer):
        assert signed_in(person).post(page("discard", submission)).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)
    assert strict.post(page("discard", submission)).status_code == 403
    assert Submission.objects.confirmable().exists()


def test_list_filter_is_kept(signed_in, staff, submission):
    key = submission.content_ids[0]
    data = {"action": "update-price", "index": "0", "_selected_action": [key]}
    client = signed_in(staff)
    form = client.post(f"{LIST}?q=item", data).content.decode()
    assert 'name="list" value="q=item"' in form
    answer = client.post(RUN, {"selection": key, "new_price": "5", "list": "q=item"})
    assert answer.url.endswith("/review/?list=q%3Ditem")
    assert 'name="list" value="q=item"' in client.get(answer.url).content.decode()
    hostile = client.post(RUN, {"selection": key, "new_price": "x", "list": "//evil.example?a"})
    assert f'href="{LIST}?%2F%2Fevil.example%3Fa="' in hostile.content.decode()


def test_submission_page_links_its_batches(signed_in, root, staff, submission, work):
    client = signed_in(root)
    assert page("review", submission) in client.get(page("change", submission)).content.decode()
    confirm(submission.pk, by=staff)
    work()
    text = client.get(page("change", submission)).content.decode()
    assert page("progress", submission) in text
    for batch in BatchOperation.objects.all():
        assert reverse("admin:batches_batchoperation_change", args=[batch.pk]) in text
    assert page("history", submission) not in text


def test_progress_links_and_chain_sandbox_note(signed_in, staff, submission, work, settings):
    confirm(submission.pk, by=staff)
    work()
    client = signed_in(grant(staff, "view_submission"))
    text = client.get(page("progress", submission)).content.decode()
    assert f'href="{LIST}"' in text
    assert reverse("admin:batches_submission_changelist") in text
    assert "A simulated chain inside this installation" in text
    settings.CONTRACT_CLIENT = "off"
    text = client.get(page("progress", submission)).content.decode()
    assert "sandbox chain" not in text


@pytest.fixture
def runner(staff):
    """Staff who may run every operation but not view batches."""
    staff.user_permissions.remove(*Permission.objects.filter(codename="view_batchoperation"))
    return User.objects.get(pk=staff.pk)


def test_start_without_view_permission(signed_in, runner, submission):
    client = signed_in(runner)
    answer = client.post(page("review", submission), follow=True)
    assert answer.redirect_chain[-1][0] == LIST
    assert "ask an administrator for the permission to view batches" in answer.content.decode()
    assert BatchOperation.objects.filter(submission=submission).count() == 2
    for name in ("progress", "results"):
        assert client.get(page(name, submission)).status_code == 404
    for name in ("start", "pause", "resume", "reschedule", "retry", "undo", "cancel"):
        assert client.post(page(name, submission)).status_code == 404
    assert set(BatchOperation.objects.values_list("status", flat=True)) == {Status.PENDING}


def test_own_part_of_a_run(signed_in, runner, alice, wallet_of, submission, work):
    wallet = wallet_of(alice)
    Wallet.objects.filter(pk=wallet.pk).update(owner=runner)
    confirm(submission.pk, by=runner)
    work()
    client = signed_in(runner)
    shown = client.get(page("progress", submission))
    own = set(Content.objects.filter(creator=wallet).values_list("pk", flat=True))
    assert {row["id"] for row in shown.context["results"]} == own
    assert page("undo", submission) in shown.content.decode()
    file = b"".join(client.get(page("results", submission))).decode()
    assert file.count("succeeded") == len(own) == 3
    review = client.post(page("undo", submission))
    undo = Submission.objects.get(follows="undo")
    assert review.url == page("review", undo)
    # Directed as a whole: the runner may change the hidden items too.
    assert set(undo.content_ids) == set(submission.content_ids)
