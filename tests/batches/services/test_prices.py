"""A price for each item: frozen, shown, run, retried, undone, mailed."""

import csv
import io

import pytest
from django.core import mail

from batches.errors import Invalid, NotAllowed, NothingToDo, QuotaExceeded
from batches.models import BatchItem, BatchOperation, Follows, Source, Submission
from batches.operations import describe
from batches.services.integrity.verify import verify
from batches.services.results.csv import results_file
from batches.services.runs import confirm, price_file
from batches.services.runs.confirm import preview_draft, start_draft
from batches.services.runs.draft import keep_draft
from batches.services.runs.price_drafts import draft_prices
from batches.services.templates.spec import template_body
from content.models import Content, ContentChange
from content.services.catalogue.changes import change_content
from tests.batches.follow_ups import followed
from tests.batches.price_files import csv_of
from tests.factories import make_contents


def prices_of(*lines):
    return price_file.read(csv_of("content_id,new_price,percent", *lines))


def prepare(by, *lines, **options):
    return keep_draft(draft_prices(prices_of(*lines), by=by, source=Source.PAGE, **options))


def prices_now():
    return dict(Content.objects.values_list("pk", "price"))


def test_three_hundred_items_are_exported_edited_and_imported(alice, bob, wallet_of, work):
    """As with a catalogue of films: every third is dearer, every tenth cheaper by percent."""
    films = make_contents(wallet_of(alice), 300, title=lambda number: f"Film, the {number}th")
    make_contents(wallet_of(bob), 5)
    before = prices_now()
    data = price_file.write(Content.objects.owned_by(alice), "csv")
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    wanted = dict(before)
    for number, row in enumerate(rows):
        row["percent"] = ""
        if number % 3 == 0:
            row["new_price"] = str(float(row["new_price"]) + 0.5)
            wanted[row["content_id"]] += 500_000
        elif number % 10 == 1:
            row["new_price"], row["percent"] = "", "-50"
            wanted[row["content_id"]] //= 2
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)

    prices = price_file.read(text.getvalue().encode(), "edited.csv")
    submission = keep_draft(draft_prices(prices, by=alice, source=Source.PAGE))
    preview = confirm.preview_submission(submission)
    assert (len(preview.items), preview.failure_count) == (300, 0)
    assert preview.change_count == sum(wanted[key] != before[key] for key in before)
    assert prices_now() == before

    confirm.confirm(submission.pk, by=alice)
    work()

    assert prices_now() == wanted
    batches = BatchOperation.objects.filter(submission=submission)
    assert sorted(batch.total_items for batch in batches) == [100, 100, 100]
    assert {batch.creator_id for batch in batches} == {wallet_of(alice).pk}
    changed = ContentChange.objects.exclude(cause="import").values_list("content_id", flat=True)
    assert set(changed) == {key for key in before if wanted[key] != before[key]}
    assert len(films) == 300
    assert list(verify()) == []


def test_foreign_and_unknown_ids_fail_individually(alice, bob, wallet_of, work):
    (own,) = make_contents(wallet_of(alice), 1)
    (foreign,) = make_contents(wallet_of(bob), 1, title="Secret")
    submission = prepare(alice, f"{foreign.pk},5,", f"{own.pk},,100", "nowhere,7,")

    preview = confirm.preview_submission(submission)
    assert preview.headline == "Change 1 of 3, 2 not possible"
    assert [item.code for item in preview.items] == ["not-found", "", "not-found"]
    assert "Secret" not in str(preview)
    moves = preview.moves
    assert moves is not None
    assert (moves.smallest, moves.largest) == (1_000_000, 1_000_000)

    confirm.confirm(submission.pk, by=alice)
    work()
    assert prices_now() == {own.pk: 2_000_000, foreign.pk: 1_000_000}
    assert dict(BatchItem.objects.values_list("content_id", "code")) == {
        foreign.pk: "not-found",
        own.pk: "",
        "nowhere": "not-found",
    }


def test_edit_after_upload_stays(alice, wallet_of, work):
    edited, other = make_contents(wallet_of(alice), 2)
    submission = prepare(alice, f"{edited.pk},9,", f"{other.pk},9,")
    change_content(edited.pk, {"price": 3}, version=1, by=alice, cause="api")
    confirm.confirm(submission.pk, by=alice)
    work()
    assert prices_now() == {edited.pk: 3, other.pk: 9_000_000}


def test_staff_change_the_prices_of_several_creators(staff, alice, bob, wallet_of, work):
    (first,) = make_contents(wallet_of(alice), 1)
    (second,) = make_contents(wallet_of(bob), 1)
    submission = prepare(staff, f"{second.pk},,10", f"{first.pk},4,")
    confirm.confirm(submission.pk, by=staff)
    work()
    assert prices_now() == {first.pk: 4_000_000, second.pk: 1_100_000}
    assert BatchOperation.objects.count() == 2


def test_without_any_permitted_item_refused(alice, bob, carol, viewer, wallet_of):
    (item,) = make_contents(wallet_of(alice), 1)
    for person in (bob, carol, viewer):
        with pytest.raises(NotAllowed):
            prepare(person, f"{item.pk},4,")
        with pytest.raises(NotAllowed):
            draft_prices(prices_of(f"{item.pk},4,"), by=person, source=Source.API)
    assert not Submission.objects.exists()


def test_a_start_that_is_refused_leaves_nothing_behind(alice, wallet_of, settings):
    settings.BATCH_MAX_ITEMS = 1
    settings.BATCH_QUOTA_PER_HOUR = 1
    items = make_contents(wallet_of(alice), 2)
    prices = prices_of(*(f"{item.pk},4," for item in items))
    with pytest.raises(QuotaExceeded):
        start_draft(draft_prices(prices, by=alice, source=Source.API))
    with pytest.raises(Invalid):
        start_draft(
            draft_prices(
                prices_of(f"{items[0].pk},4,", "nowhere,5,"),
                by=alice,
                source=Source.API,
                error_policy="reject-all",
            )
        )
    assert not Submission.objects.exists()
    assert not BatchOperation.objects.exists()


def test_price_preview_stores_nothing(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice), 1)
    (wallet,), preview = preview_draft(
        draft_prices(prices_of(f"{item.pk},4,"), by=alice, source=Source.API)
    )
    assert (wallet, preview.headline) == (wallet_of(alice), "Change 1 of 1")
    assert not Submission.objects.exists()


def test_retry_and_undo_use_item_prices(alice, wallet_of, work):
    first, second, removed = make_contents(wallet_of(alice), 3)
    change_content(removed.pk, {"is_removed": True}, version=1, by=alice, cause="api")
    submission = prepare(alice, f"{removed.pk},30,", f"{first.pk},10,", f"{second.pk},,50")
    confirm.confirm(submission.pk, by=alice)
    work()
    batch = BatchOperation.objects.get()
    assert (batch.success_count, batch.failure_count) == (2, 1)
    assert describe(batch) == describe(submission) == "Update price, item by item"

    change_content(removed.pk, {"is_removed": False}, version=2, by=alice, cause="api")
    retry = followed(batch, Follows.RETRY, alice)
    work()
    retry.refresh_from_db()
    assert (retry.content_ids, retry.success_count) == ([removed.pk], 1)
    assert prices_now() == {first.pk: 10_000_000, second.pk: 3_000_000, removed.pk: 30_000_000}

    undo = followed(batch, Follows.UNDO, alice)
    work()
    undo.refresh_from_db()
    assert describe(undo) == "Undo: Update price, item by item"
    assert prices_now() == {first.pk: 1_000_000, second.pk: 2_000_000, removed.pk: 30_000_000}
    followed(undo, Follows.UNDO, alice)
    work()
    assert prices_now() == {first.pk: 10_000_000, second.pk: 3_000_000, removed.pk: 30_000_000}
    assert list(verify()) == []


def test_mail_describes_price_change(alice, wallet_of, work):
    items = make_contents(wallet_of(alice), 101)
    submission = prepare(alice, *(f"{item.pk},4," for item in items), "nowhere,4,")
    confirm.confirm(submission.pk, by=alice)
    work()
    (message,) = mail.outbox
    assert message.subject == "Update price: 1 of 102 failed"
    assert "Update price, item by item" in message.body
    assert "nowhere: Content not found" in message.body


def test_it_can_not_be_kept_as_a_template(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice), 1)
    with pytest.raises(NothingToDo, match="applies to these items only"):
        template_body(prepare(alice, f"{item.pk},4,"))


def test_failed_rows_can_be_reuploaded(alice, wallet_of, work):
    good, first, second = make_contents(wallet_of(alice), 3)
    for item in (first, second):
        change_content(item.pk, {"is_removed": True}, version=1, by=alice, cause="api")
    submission = prepare(alice, f"{first.pk},1250.5,", f"{good.pk},2,", f"{second.pk},,-12.5")
    confirm.confirm(submission.pk, by=alice)
    work()
    for item in (first, second):
        change_content(item.pk, {"is_removed": False}, version=2, by=alice, cause="api")

    failed = "".join(results_file(list(BatchOperation.objects.all()), outcome="failed"))
    again = price_file.read(failed.encode(), "failed.csv")

    assert [(line.content_id, line.payload) for line in again.lines] == [
        (first.pk, {"newPrice": 1_250_500_000}),
        (second.pk, {"percentChange": -12.5}),
    ]
    start_draft(draft_prices(again, by=alice, source=Source.PAGE))
    work()
    assert prices_now() == {good.pk: 2_000_000, first.pk: 1_250_500_000, second.pk: 2_625_000}
