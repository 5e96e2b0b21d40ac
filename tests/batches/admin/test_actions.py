"""The batch actions of the catalogue: select, fill in, review, start, watch."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batches.models import BatchOperation, Status, Submission
from content.models import Content, ContentChange
from tests.batches.admin.addresses import page
from tests.batches.orders import price_draft
from tests.factories import WalletFactory, make_contents

LIST = reverse("admin:content_content_changelist")
RUN = reverse("admin:content_content_run", args=["update-price"])


@pytest.fixture
def items(alice, bob, wallet_of):
    return make_contents(wallet_of(alice), 3) + make_contents(wallet_of(bob), 2)


def choose(client, keys, address=LIST, **more):
    data = {"action": "update-price", "index": "0", "_selected_action": keys, **more}
    return client.post(address, data)


def fill_in(client, keys, **typed):
    return client.post(RUN, {"selection": "\n".join(keys), **typed})


def test_from_the_list_to_the_results(signed_in, staff, items, work):
    client = signed_in(staff)
    keys = [item.pk for item in items]

    form = choose(client, keys)
    assert form.status_code == 200
    assert 'name="new_price"' in form.content.decode()

    answer = fill_in(client, keys, percent_change="+10 %")
    submission = Submission.objects.get()
    assert (answer.status_code, answer.url) == (302, page("review", submission))
    assert not BatchOperation.objects.exists()

    review = client.get(answer.url).content.decode()
    assert "Change 5 of 5" in review
    assert "2 batches" in review
    assert "3.3 STX" in review
    assert review.index("3.3 STX") < review.index("1.1 STX")  # the largest change comes first

    started = client.post(answer.url)
    assert (started.status_code, started.url) == (302, page("progress", submission))
    assert "Waiting" in client.get(started.url).content.decode()

    work()
    assert set(BatchOperation.objects.values_list("status", "source")) == {("completed", "admin")}
    assert sorted(Content.objects.values_list("price", flat=True)) == [
        1_100_000,
        1_100_000,
        2_200_000,
        2_200_000,
        3_300_000,
    ]
    progress = client.get(started.url).content.decode()
    assert "5 of 5 saved" in progress
    assert 'hx-trigger="every' not in progress  # no polling


def test_select_all_matching_the_filter(signed_in, staff, items):
    make_contents(items[0].creator, 120, title="Another")
    address = f"{LIST}?q=another"
    answer = choose(signed_in(staff), [items[0].pk], address, select_across="1")
    assert "For 120 items" in answer.content.decode()


def test_invalid_filter_selects_nothing(signed_in, staff, items):
    client = signed_in(staff)
    answer = client.get(LIST, {"price_from": "abc"})
    assert answer.context["cl"].result_count == 0
    assert "Enter a price in STX" in answer.content.decode()
    answer = client.get(LIST, {"price_from": "2", "price_to": "2.5 STX"})
    assert answer.context["cl"].result_count == 2


@pytest.mark.parametrize("who", ["viewer", "clerk"])
def test_crafted_post_without_permission_refused(who, request, signed_in, items):
    client = signed_in(request.getfixturevalue(who))
    keys = [item.pk for item in items]
    assert choose(client, keys).status_code == 403
    assert fill_in(client, keys, new_price="1").status_code == 403
    assert client.get(RUN).status_code == 403
    assert not Submission.objects.exists()
    if who == "viewer":
        assert "update-price" not in client.get(LIST).content.decode()


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_non_staff_redirected_to_log_in(who, request, signed_in, items):
    client = signed_in(request.getfixturevalue(who))
    for answer in (choose(client, [items[0].pk]), fill_in(client, [items[0].pk], new_price="1")):
        assert answer.status_code == 302
        assert "login" in answer.url
    assert not Submission.objects.exists()


def test_inactive_staff_redirected_to_log_in(signed_in, staff, items):
    client = signed_in(staff)
    staff.is_active = False
    staff.save()
    assert "login" in fill_in(client, [items[0].pk], new_price="1").url


def test_invalid_price_keeps_the_selection(signed_in, staff, items):
    answer = fill_in(signed_in(staff), [items[0].pk], new_price="-1")
    assert answer.status_code == 200
    assert "Enter a price in STX" in answer.content.decode()
    assert items[0].pk in answer.content.decode()
    assert not Submission.objects.exists()


def test_invalid_ids_refused_unknown_ids_fail(signed_in, staff, items, work):
    client = signed_in(staff)
    answer = client.post(RUN, {"selection": '{"$ne":1} ' + "x" * 65, "new_price": "1"})
    assert "An id has 1 to 64" in answer.content.decode()
    answer = fill_in(client, ["unknown"], new_price="1")
    assert "None of these items belongs" in answer.content.decode()
    assert not Submission.objects.exists()
    assert fill_in(client, [], new_price="1").url == LIST

    fill_in(client, [items[0].pk, "unknown"], new_price="9")
    submission = Submission.objects.get()
    assert "1 not possible" in client.get(page("review", submission)).content.decode()
    client.post(page("review", submission))
    work()
    progress = client.get(page("progress", submission)).content.decode()
    assert "1 of 2 saved, 1 failed" in progress
    assert "Content not found or not owned by creator" in progress


def test_unknown_operation_not_found(signed_in, staff):
    address = reverse("admin:content_content_run", args=["format-disk"])
    assert signed_in(staff).post(address, {"selection": "a"}).status_code == 404


def test_second_click_shows_progress(signed_in, staff, items):
    submission = price_draft(staff, [items[0].pk])
    client = signed_in(staff)
    for _ in range(3):
        assert client.post(page("review", submission)).url == page("progress", submission)
    assert client.get(page("review", submission)).url == page("progress", submission)
    assert BatchOperation.objects.count() == 1


def test_expired_submission_starts_nothing(signed_in, staff, items):
    submission = price_draft(staff, [items[0].pk])
    Submission.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    client = signed_in(staff)
    for answer in (client.get(page("review", submission)), client.post(page("review", submission))):
        assert answer.status_code == 410
        assert "expired" in answer.content.decode()
    assert not BatchOperation.objects.exists()


def test_only_the_preparer_can_start(signed_in, staff, root, viewer, items):
    submission = price_draft(root, [items[0].pk])
    for person in (staff, viewer):
        client = signed_in(person)
        assert client.get(page("review", submission)).status_code == 404
        assert client.post(page("review", submission)).status_code == 404
    tampered = reverse("admin:batches_submission_review", args=[items[0].creator.owner_id])
    assert signed_in(root).post(tampered).status_code == 404
    assert not BatchOperation.objects.exists()


def test_lost_permission_refuses_start(signed_in, staff, items):
    submission = price_draft(staff, [items[0].pk])
    staff.user_permissions.clear()
    client = signed_in(staff)
    assert client.post(page("review", submission)).status_code == 403
    assert not BatchOperation.objects.exists()


def test_exceeded_quota_starts_nothing(signed_in, root, wallet_of, settings):
    settings.BATCH_QUOTA_PER_HOUR = 0
    own = WalletFactory(owner=root)
    submission = price_draft(root, [make_contents(own)[0].pk])
    answer = signed_in(root).post(page("review", submission))
    assert answer.status_code == 409
    assert "batches an hour" in answer.content.decode()
    assert not BatchOperation.objects.exists()
    submission.refresh_from_db()
    assert submission.state == Submission.State.DRAFT


def test_forms_need_their_token(staff, items):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    submission = price_draft(staff, [items[0].pk])
    assert choose(client, [items[0].pk]).status_code == 403
    assert fill_in(client, [items[0].pk], new_price="1").status_code == 403
    assert client.post(page("review", submission)).status_code == 403
    assert not BatchOperation.objects.exists()


def test_running_batch_can_be_cancelled(signed_in, staff, viewer, items):
    submission = price_draft(staff, [item.pk for item in items])
    client = signed_in(staff)
    client.post(page("review", submission))
    assert signed_in(viewer).post(page("cancel", submission)).status_code == 403
    client = signed_in(staff)
    assert client.get(page("cancel", submission)).status_code == 405
    assert client.post(page("cancel", submission)).url == page("progress", submission)
    assert set(BatchOperation.objects.values_list("status", flat=True)) == {Status.CANCELLED}
    again = client.post(page("cancel", submission), follow=True)
    assert "already cancelled" in again.content.decode()
    assert not ContentChange.objects.filter(version=2).exists()


def test_progress_page_polls_while_queued(signed_in, staff, items):
    submission = price_draft(staff, [items[0].pk])
    client = signed_in(staff)
    client.post(page("review", submission))
    text = client.get(page("progress", submission)).content.decode()
    assert 'hx-trigger="every 1s"' in text
    assert '<meta http-equiv="refresh"' in text
    assert "You can leave this page" not in text
    BatchOperation.objects.update(created_at=timezone.now() - timedelta(seconds=20))
    part = client.get(page("progress", submission), headers={"HX-Request": "true"})
    assert "You can leave this page" in part.content.decode()
    assert "<html" not in part.content.decode()


def test_titles_are_text_everywhere(signed_in, staff, alice, wallet_of, work):
    title = "<script>alert(1)</script>{{7*7}}"
    key = make_contents(wallet_of(alice), 1, title=title)[0].pk
    client = signed_in(staff)
    submission = price_draft(staff, [key])
    pages = [choose(client, [key]), client.get(page("review", submission))]
    client.post(page("review", submission))
    work()
    batch = BatchOperation.objects.get()
    pages += [
        client.get(reverse("admin:batches_batchoperation_change", args=[batch.pk])),
        client.get(reverse("admin:content_content_change", args=[key])),
        client.get(reverse("admin:content_content_history", args=[key])),
        client.get(LIST),
    ]
    for answer in pages:
        text = answer.content.decode()
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert(1)" not in text
        assert "{{7*7}}" in text
