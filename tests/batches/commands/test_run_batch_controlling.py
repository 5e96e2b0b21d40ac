"""From the command line: show, cancel, retry and undo."""

from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from batches.models import BatchOperation, Status, Submission
from content.models import Content
from content.services.catalogue.changes import Change, apply_changes
from tests.batches.orders import price_batch
from tests.factories import make_contents

ALL = ("show", "cancel", "pause", "resume", "reschedule", "retry", "undo")


@pytest.fixture
def contents(alice, wallet_of):
    return make_contents(wallet_of(alice), 3)


@pytest.fixture
def batch(alice, contents, work):
    """Two of three saved; the third is removed."""
    apply_changes([Change(contents[2], {"is_removed": True})], by=None, cause="admin")
    batch = price_batch(alice, [content.pk for content in contents])
    work()
    batch.refresh_from_db()
    return batch


def control_run(command, name, key, *more):
    extra = ["--now"] if name == "reschedule" else []
    return command("run_batch", name, str(key), *extra, *more)


@pytest.mark.parametrize("name", ALL)
def test_missing_batch_message(command, alice, name):
    code, output, errors = control_run(command, name, uuid4())

    assert (code, output) == (2, "")
    assert errors.startswith("There is no batch and no run ")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("person", ["bob", "carol", "clerk"])
def test_foreign_batch_not_found(command, alice, bob, carol, clerk, wallet_of, name, person):
    (content,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [content.pk])
    code, output, errors = control_run(command, name, batch.pk, f"--as={person}")

    assert (code, output) == (2, "")
    assert "There is no batch" in errors
    batch.refresh_from_db()
    assert (batch.status, batch.is_paused) == (Status.PENDING, False)


@pytest.mark.parametrize("name", ALL[1:])
def test_viewers_are_refused(command, batch, alice, contents, viewer, name):
    waiting = price_batch(alice, [contents[0].pk])
    key = batch.pk if name in {"retry", "undo"} else waiting.pk
    code, _, errors = control_run(command, name, key, "--as=viewer")

    assert code == 2
    assert "You may not" in errors
    assert BatchOperation.objects.count() == 2
    waiting.refresh_from_db()
    assert (waiting.status, waiting.is_paused) == (Status.PENDING, False)


@pytest.mark.parametrize("name", ALL)
def test_invalid_id_and_unknown_user(command, batch, name):
    code, _, errors = control_run(command, name, batch.pk, "--as=nobody")
    assert (code, errors) == (2, "There is no user 'nobody'.\n")
    with pytest.raises(CommandError):
        control_run(command, name, "12")


def test_staff_act_for_others_by_name(command, batch, staff):
    code, _, _ = command("run_batch", "undo", str(batch.pk), "--as=staff", "--here")

    assert code == 0
    assert BatchOperation.objects.get(undo_of=batch).requested_by == staff


def test_show_prints_results(command, batch):
    code, output, _ = command("run_batch", "show", str(batch.pk))

    assert code == 1
    for words in ("Update price to 7 STX", "by alice", "Done", "1 of 3 failed.", "Content was rem"):
        assert words in output


def test_cancel_prints_done_items(command, alice, contents):
    batch = price_batch(alice, [content.pk for content in contents])
    code, output, _ = command("run_batch", "show", str(batch.pk))
    assert (code, output.endswith("0 of 3 done.\n")) == (0, True)
    code, output, _ = command("run_batch", "cancel", str(batch.pk))

    assert code == 0
    assert output == "Cancelled. 0 of 3 items were already done. Saved items stay saved.\n"
    batch.refresh_from_db()
    assert batch.status == Status.CANCELLED


@pytest.mark.parametrize("name", ["retry", "undo"])
def test_preview_saves_nothing(command, batch, name):
    was = list(Content.objects.order_by("pk").values())
    code, output, _ = command("run_batch", name, str(batch.pk), "--preview")

    assert code == (1 if name == "retry" else 0)
    assert output.endswith("Nothing was changed.\n")
    assert list(Content.objects.order_by("pk").values()) == was
    assert BatchOperation.objects.count() == 1
    assert not Submission.objects.exists()


def test_retry_takes_failed_items(command, batch, contents):
    apply_changes(
        [Change(Content.objects.get(pk=contents[2].pk), {"is_removed": False})],
        by=None, cause="admin",
    )  # fmt: skip
    code, output, _ = command("run_batch", "retry", str(batch.pk), "--here")

    assert (code, output.endswith("1 saved.\n")) == (0, True)
    again = BatchOperation.objects.get(retry_of=batch)
    assert again.content_ids == [contents[2].pk]
    assert set(Content.objects.values_list("price", flat=True)) == {7_000_000}


def test_retry_by_code(command, batch):
    code, _, errors = command("run_batch", "retry", str(batch.pk), "--code=conflict")
    assert (code, errors) == (2, "No item failed, so there is nothing to retry.\n")

    code, output, _ = command("run_batch", "retry", str(batch.pk), "--code=removed", "--here")
    assert (code, output.endswith("1 of 1 failed.\n")) == (1, True)


def test_undo_and_undo_of_the_undo(command, batch, contents):
    was = {content.pk: content.price for content in contents}
    code, output, _ = command("run_batch", "undo", str(batch.pk), "--here")
    assert (code, output.endswith("2 saved.\n")) == (0, True)
    assert dict(Content.objects.values_list("pk", "price")) == was

    key = output.split()[1]
    assert command("run_batch", "undo", key, "--here")[0] == 0
    prices = Content.objects.filter(is_removed=False).values_list("price", flat=True)
    assert set(prices) == {7_000_000}


def test_undo_of_one_item(command, batch, contents):
    code, _, _ = command("run_batch", "undo", str(batch.pk), f"--ids={contents[0].pk}", "--here")

    assert code == 0
    prices = dict(Content.objects.values_list("pk", "price"))
    assert prices[contents[0].pk] == contents[0].price
    assert prices[contents[1].pk] == 7_000_000


def test_foreign_ids_of_follow_up_refused(command, batch):
    for more in ([], ["--preview"]):
        code, _, errors = command("run_batch", "undo", str(batch.pk), "--ids=elsewhere", *more)
        assert code == 2
        assert "This item is not part of the batch." in errors


def test_run_directed_as_whole(command, alice, contents, settings):
    settings.BATCH_MAX_ITEMS = 1
    ids = ",".join(content.pk for content in contents)
    was = dict(Content.objects.values_list("pk", "price"))
    _, output, _ = command(
        "run_batch", "update-price", "--creator=alice", "--price=9", f"--ids={ids}", "--here"
    )
    run = output.split()[1]
    assert output.startswith(f"Run {run} of 3 batches\n")

    code, output, _ = command("run_batch", "show", run)
    assert (code, output.count("Batch  ")) == (0, 3)
    code, output, _ = command("run_batch", "undo", run, "--here")
    assert (code, output.endswith("3 saved.\n")) == (0, True)
    assert dict(Content.objects.values_list("pk", "price")) == was
    assert command("run_batch", "cancel", run)[0] == 2


def test_draft_is_not_a_run(command, alice, contents):
    submission = Submission.objects.create(
        by=alice, source="page", kind="update-price", payload={"newPrice": 1},
        content_ids=[contents[0].pk], versions=[1], expires_at=contents[0].created_at,
    )  # fmt: skip
    code, _, errors = command("run_batch", "show", str(submission.pk))

    assert code == 2
    assert "There is no batch" in errors


@pytest.mark.parametrize("name", ALL)
def test_help_has_examples_and_exit_codes(name, capsys):
    with pytest.raises(SystemExit):
        call_command("run_batch", name, "--help")

    said = capsys.readouterr().out
    assert f"manage.py run_batch {name} ID" in said
    assert "exit codes:" in said
