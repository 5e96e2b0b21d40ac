"""A submission's own page, its discarding, and what its review and progress say."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from batches.models import BatchOperation, Source, Status, Submission
from batches.operations import OPERATIONS
from batches.services.runs.confirm import confirm
from batches.services.runs.draft import prepare
from content.models import Content, ContentChange, User, Wallet
from tests.conftest import grant
from tests.factories import make_contents

LIST = reverse("admin:content_content_changelist")
RUN = reverse("admin:content_content_run", args=["update-price"])


def page(name, submission):
    return reverse(f"admin:batches_submission_{name}", args=[submission.pk])


@pytest.fixture
def submission(alice, bob, staff, wallet_of):
    items = make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)
    items += make_contents(wallet_of(bob), 1)
    return prepare(
        by=staff,
        source=Source.ADMIN,
        operation=OPERATIONS["update-price"],
        payload={"newPrice": 9_000_000},
        content_ids=[item.pk for item in items],
    )


def test_the_review_counts_the_items_of_each_creator(signed_in, staff, submission):
    text = signed_in(staff).get(page("review", submission)).content.decode()
    assert "Runs as 2 batches" in text
    assert "Alice: 3 items" in text
    assert "Bob: 1 item<" in text


def test_what_was_discarded_can_not_be_started(signed_in, staff, submission):
    client = signed_in(staff)
    assert client.get(page("discard", submission)).status_code == 405
    answer = client.post(page("discard", submission), {"list": "q=item&e=%ff"}, follow=True)
    assert answer.redirect_chain[0][0].startswith(f"{LIST}?q=item&e=")
    assert "Draft discarded. Nothing was changed." in answer.content.decode()
    for answer in (client.get(page("review", submission)), client.post(page("review", submission))):
        assert answer.status_code == 410
    assert not BatchOperation.objects.exists()


def test_what_was_started_can_not_be_discarded(signed_in, staff, submission, work):
    confirm(submission.pk, by=staff)
    answer = signed_in(staff).post(page("discard", submission), follow=True)
    assert answer.redirect_chain[0][0] == page("progress", submission)
    assert "This was started already." in answer.content.decode()
    work()
    assert ContentChange.objects.filter(version=2).count() == 4


def test_nobody_else_discards(signed_in, root, viewer, staff, submission):
    for person in (root, viewer):
        assert signed_in(person).post(page("discard", submission)).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)
    assert strict.post(page("discard", submission)).status_code == 403
    assert Submission.objects.confirmable().exists()


def test_the_filter_of_the_list_comes_along(signed_in, staff, submission):
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


def test_the_page_of_a_submission_leads_to_its_batches(signed_in, root, staff, submission, work):
    client = signed_in(root)
    assert page("review", submission) in client.get(page("change", submission)).content.decode()
    confirm(submission.pk, by=staff)
    work()
    text = client.get(page("change", submission)).content.decode()
    assert page("progress", submission) in text
    for batch in BatchOperation.objects.all():
        assert reverse("admin:batches_batchoperation_change", args=[batch.pk]) in text
    assert page("history", submission) not in text


def test_the_progress_has_ways_back_and_says_what_is_played(
    signed_in, staff, submission, work, settings
):
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
    """Staff who may run everything, and may not view batches."""
    staff.user_permissions.remove(*Permission.objects.filter(codename="view_batchoperation"))
    return User.objects.get(pk=staff.pk)


def test_who_may_not_view_batches_is_told_so_after_the_start(signed_in, runner, submission):
    client = signed_in(runner)
    answer = client.post(page("review", submission), follow=True)
    assert answer.redirect_chain[-1][0] == LIST
    assert "ask an administrator for the right to view batches" in answer.content.decode()
    assert BatchOperation.objects.filter(submission=submission).count() == 2
    for name in ("progress", "results"):
        assert client.get(page(name, submission)).status_code == 404
    for name in ("start", "pause", "resume", "reschedule", "retry", "undo", "cancel"):
        assert client.post(page(name, submission)).status_code == 404
    assert set(BatchOperation.objects.values_list("status", flat=True)) == {Status.PENDING}


def test_of_ones_own_wallet_the_same_part_is_shown_downloaded_and_followed(
    signed_in, runner, alice, wallet_of, submission, work
):
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
    assert set(undo.content_ids) == own
