"""Submissions: frozen, shown, started once, watched, cancelled."""

from datetime import timedelta

import pytest
from django.utils import timezone

from batches.errors import Invalid, InvalidTransition, NotAllowed, QuotaExceeded, SubmissionUsed
from batches.models import BatchItem, BatchOperation, Notification, Status, Submission
from batches.services.engine.run_batch import run_batch
from batches.services.results.run import run_of
from batches.services.runs import confirm, control
from batches.services.runs.split import batches_needed
from content.models import Content, Wallet
from content.services.catalogue.changes import change_content
from tests.batches.orders import price_draft
from tests.factories import make_contents


def prepare(by, content_ids, **payload):
    return price_draft(by, content_ids, payload=payload)


def test_confirmed_selection_runs(alice, wallet_of, work):
    items = make_contents(wallet_of(alice), 3)
    submission = prepare(alice, [item.pk for item in items], percentChange=10)
    make_contents(wallet_of(alice), 2)  # later arrivals don't slip in

    confirm.confirm(submission.pk, by=alice)
    work()

    batch = BatchOperation.objects.get()
    assert (batch.content_ids, batch.payload) == (submission.content_ids, {"percentChange": 10})
    assert (batch.source, batch.status, batch.success_count) == ("page", Status.COMPLETED, 3)
    assert Content.objects.filter(version=1).count() == 2


def test_preview_writes_nothing(alice, bob, wallet_of):
    changed, same, edited = make_contents(wallet_of(alice), 3)
    (foreign,) = make_contents(wallet_of(bob), title="Secret")
    submission = prepare(
        alice, [changed.pk, same.pk, edited.pk, foreign.pk, "unknown"], newPrice=2_000_000
    )
    change_content(edited.pk, {"price": 9}, version=1, by=alice, cause="api")

    preview = confirm.preview_submission(submission)

    assert preview.headline == "Change 1 of 5, 1 unchanged, 3 not possible"
    assert [item.code or item.outcome for item in preview.items] == [
        "succeeded",
        "unchanged",
        "conflict",
        "not-found",
        "not-found",
    ]
    assert preview.items[0].before == {"price": 1_000_000}
    assert preview.items[0].after == {"price": 2_000_000}
    assert preview.items[3].title == ""
    assert not BatchOperation.objects.exists()
    assert Content.objects.get(pk=changed.pk).version == 1


def test_an_edit_after_the_review_stays(alice, wallet_of, work):
    first, second = make_contents(wallet_of(alice), 2)
    submission = prepare(alice, [first.pk, second.pk])
    change_content(first.pk, {"price": 9}, version=1, by=alice, cause="api")

    confirm.confirm(submission.pk, by=alice)
    work()

    assert BatchItem.objects.get(content_id=first.pk).code == "conflict"
    assert Content.objects.get(pk=first.pk).price == 9
    assert Content.objects.get(pk=second.pk).price == 7_000_000


def test_it_is_good_once(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    submission = prepare(alice, [item.pk])
    confirm.confirm(submission.pk, by=alice)
    with pytest.raises(SubmissionUsed):
        confirm.confirm(submission.pk, by=alice)
    assert BatchOperation.objects.count() == 1


def test_it_expires_after_an_hour(alice, wallet_of, time_machine):
    (item,) = make_contents(wallet_of(alice))
    submission = prepare(alice, [item.pk])
    time_machine.move_to(timezone.now() + timedelta(minutes=61))
    with pytest.raises(SubmissionUsed):
        confirm.confirm(submission.pk, by=alice)
    assert not BatchOperation.objects.exists()


def test_submission_unusable_for_others(alice, bob, root, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    submission = prepare(alice, [item.pk])
    for other in (bob, root):
        with pytest.raises(SubmissionUsed):
            confirm.confirm(submission.pk, by=other)
    assert not BatchOperation.objects.exists()


def test_several_creators_and_hundreds_of_items_become_batches(
    staff, alice, bob, wallet_of, settings, work
):
    settings.BATCH_MAX_ITEMS = 3
    hers = make_contents(wallet_of(alice), 7)
    his = make_contents(wallet_of(bob), 2)
    submission = prepare(staff, [item.pk for item in [*hers, *his]] + ["unknown"])
    assert batches_needed(submission) == {wallet_of(alice): 3, wallet_of(bob): 1}

    confirm.confirm(submission.pk, by=staff)
    work()

    sizes = BatchOperation.objects.values_list("creator__display_name", "total_items")
    assert sorted(sizes) == [("Alice", 2), ("Alice", 3), ("Alice", 3), ("Bob", 2)]
    progress = run_of(submission)
    assert (progress.total, progress.succeeded, progress.failed) == (10, 9, 1)
    assert progress.is_finished
    assert progress.percent == 100
    assert BatchItem.objects.get(content_id="unknown").code == "not-found"
    assert set(Content.objects.values_list("price", flat=True)) == {7_000_000}


def test_staff_may_not_without_the_permission(viewer, clerk, alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    for who in (viewer, clerk):
        with pytest.raises(NotAllowed):
            prepare(who, [item.pk])
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("ids", "payload", "path"),
    [
        ([], {}, "contentIds"),
        (["a", "a"], {}, "contentIds"),
        (["a b"], {}, "contentIds.0"),
        (["a"], {"newPrice": -1}, "newPrice"),
        (["a"], {"newPrice": 1, "percentChange": 1}, "percentChange"),
    ],
)
def test_the_shape_is_refused(alice, ids, payload, path):
    with pytest.raises(Invalid) as refusal:
        prepare(alice, ids, **payload)
    assert path in refusal.value.errors
    assert not Submission.objects.exists()


def test_a_quota_that_doesn_t_suffice_starts_nothing(alice, wallet_of, settings):
    settings.BATCH_MAX_ITEMS, settings.BATCH_QUOTA_PER_HOUR = 1, 2
    items = make_contents(wallet_of(alice), 3)
    submission = prepare(alice, [item.pk for item in items])
    with pytest.raises(QuotaExceeded):
        confirm.confirm(submission.pk, by=alice)


def test_cancel_stops_unfinished_batches(alice, wallet_of, settings):
    settings.BATCH_MAX_ITEMS = 2
    items = make_contents(wallet_of(alice), 4)
    submission = prepare(alice, [item.pk for item in items])
    confirm.confirm(submission.pk, by=alice)
    run_batch(BatchOperation.objects.order_by("id").first().pk)

    progress = control.cancel(run_of(submission), by=submission.by)

    assert [batch.status for batch in progress.batches] == [Status.COMPLETED, Status.CANCELLED]
    assert Content.objects.filter(version=2).count() == 2
    with pytest.raises(InvalidTransition):
        control.cancel(run_of(submission), by=submission.by)


def test_each_creator_gets_one_mail_of_the_whole(
    staff, alice, bob, wallet_of, settings, work, mailoutbox
):
    settings.BATCH_MAX_ITEMS = 2
    Wallet.objects.update(notify=Wallet.Notify.ALWAYS)
    hers = make_contents(wallet_of(alice), 5)
    his = make_contents(wallet_of(bob), 1)
    submission = prepare(staff, [item.pk for item in [*hers, *his]])
    confirm.confirm(submission.pk, by=staff)

    work()

    assert Notification.objects.count() == 2
    subjects = {mail.to[0]: mail.subject for mail in mailoutbox}
    assert subjects == {
        "Alice <alice@example.org>": "Update price: 5 saved",
        "Bob <bob@example.org>": "Update price: 1 saved",
    }
