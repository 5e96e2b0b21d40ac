"""Batches from the command line: start, output and exit codes."""

import pytest
from django.core.management import CommandError, call_command

from batches.models import BatchItem, BatchOperation, Source, Status, Submission
from content.models import Content
from tests.conftest import grant
from tests.factories import WalletFactory, make_contents


def ids(contents):
    return "--ids=" + ",".join(content.pk for content in contents)


def test_batch_started_without_waiting(command, alice, wallet_of):
    contents = make_contents(wallet_of(alice))
    code, output, errors = command(
        "run_batch", "update-price", "--creator=alice", "--percent=10", ids(contents)
    )

    batch = BatchOperation.objects.get()
    assert (code, errors) == (0, "")
    assert output == f"Batch {batch.pk} of Alice: 1 item\n"
    assert (batch.status, batch.source, batch.requested_by) == (
        Status.PENDING,
        Source.COMMAND,
        alice,
    )
    assert batch.payload == {"percentChange": 10}
    assert set(Content.objects.values_list("version", flat=True)) == {1}


def test_here_shows_each_result(command, alice, bob, wallet_of):
    own, foreign = make_contents(wallet_of(alice)), make_contents(wallet_of(bob))
    code, output, _ = command(
        "run_batch", "update-price", "--creator=alice", "--price=2.5", "--here",
        ids(own + foreign) + ",unknown",
    )  # fmt: skip

    assert code == 1
    lines = output.splitlines()
    assert lines[1].split() == ["id", "result", "why", "on", "chain"]
    assert "Price updated to 2.5 STX" in lines[3]
    assert "not found or not owned by creator" in lines[4]
    assert lines[-1] == "2 of 3 failed."
    assert Content.objects.get(pk=own[0].pk).price == 2_500_000
    assert Content.objects.get(pk=foreign[0].pk).version == 1


def test_all_saved_ends_with_0(command, alice, wallet_of):
    contents = make_contents(wallet_of(alice), 3, onchain_id=lambda number: number)
    code, output, _ = command(
        "run_batch", "update-price", "--creator", wallet_of(alice).pk, "--percent=-50",
        "--here", "--watch", ids(contents),
    )  # fmt: skip

    assert code == 0
    assert output.endswith("3 saved.\n")
    assert output.count("confirmed") == 3


def test_oversized_change_becomes_submission(command, alice, wallet_of, settings, tmp_path):
    settings.BATCH_MAX_ITEMS = 2
    contents = make_contents(wallet_of(alice), 5)
    file = tmp_path / "ids.txt"
    file.write_text("\n".join(content.pk for content in contents))
    code, output, _ = command(
        "run_batch", "update-price", "--creator=alice", "--price=9", "--here", f"--ids-file={file}"
    )

    assert code == 0
    assert output.count("Batch ") == 3
    assert output.endswith("5 saved.\n")
    assert Submission.objects.get().source == Source.COMMAND
    assert set(Content.objects.values_list("price", flat=True)) == {9_000_000}


def test_staff_change_items_of_several_creators(command, alice, bob, staff, wallet_of):
    contents = make_contents(wallet_of(alice)) + make_contents(wallet_of(bob))
    code, _, _ = command(
        "run_batch", "update-price", "--as=staff", "--price=9", "--here", ids(contents)
    )

    assert code == 0
    assert {batch.creator for batch in BatchOperation.objects.all()} == {
        wallet_of(alice),
        wallet_of(bob),
    }
    assert not any(batch.requested_by != staff for batch in BatchOperation.objects.all())


def test_named_creator_excludes_other_creators(command, alice, bob, staff, wallet_of, settings):
    settings.BATCH_MAX_ITEMS = 1
    contents = make_contents(wallet_of(alice), 2) + make_contents(wallet_of(bob))
    code, _, errors = command(
        "run_batch", "update-price", "--as=staff", "--creator=alice", "--price=9", ids(contents)
    )

    assert code == 2
    assert f"1 of these items belong to Bob, such as {contents[2].pk}." in errors
    assert not BatchOperation.objects.exists()
    assert not Submission.objects.exists()


@pytest.mark.parametrize("most", [1, 100])
def test_preview_shows_all_saves_nothing(command, alice, wallet_of, settings, most):
    settings.BATCH_MAX_ITEMS = most
    contents = make_contents(wallet_of(alice), 2, title="<b>\x1bbold", price=2_500_000)
    code, output, _ = command(
        "run_batch", "update-price", "--creator=alice", "--price=2.5", "--preview",
        ids(contents) + ",unknown",
    )  # fmt: skip

    assert code == 1
    assert "<b>\\x1bbold" in output
    assert output.endswith("Change 0 of 3, 2 unchanged, 1 not possible. Nothing was changed.\n")
    for model in (BatchOperation, BatchItem, Submission):
        assert not model.objects.exists()


@pytest.mark.parametrize(
    ("kind", "options", "what"),
    [
        ("update-price", ["--price=2500000"], "Price: 1 STX → 2,500,000 STX"),
        ("remove-content", ["--reason=Old"], "State: On sale → Removed; Reason: nothing → Old"),
        ("update-metadata", ["--type=book"], "Type: Video → Book"),
    ],
)
def test_preview_wording(command, alice, wallet_of, kind, options, what):
    contents = make_contents(wallet_of(alice))
    code, output, _ = command(
        "run_batch", kind, "--creator=alice", *options, "--preview", ids(contents)
    )

    assert code == 0
    assert "Would change" in output
    assert what in output
    for words in ("Saved", "updated", "Content removed"):
        assert words not in output
    assert output.endswith(" 1 of 1. Nothing was changed.\n")
    assert Content.objects.get().version == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--creator=alice", "--ids=x,x"], "more than once"),
        (["--creator=alice", "--ids=x", "--percent=2"], "not both"),
        (["--creator=alice", "--ids=x y z!"], "An id has 1 to 64 letters"),
        (["--creator=alice", "--ids=unknown"], "None of these items belongs to this creator."),
        (["--creator=nobody", "--ids=x"], "'nobody' is not a user name"),
        (["--creator=carol", "--ids=x"], "carol has no creator's address. Specify an address,"),
        (["--as=nobody", "--ids=x"], "There is no user 'nobody'."),
        (["--as=bob", "--creator=alice", "--ids=x"], "You may not change the content"),
        (["--ids=x"], "Give the creator of the items"),
        (["--creator=alice", "--ids-file=/nowhere"], "/nowhere: No such file"),
    ],
)
def test_refusal_exits_with_2(command, alice, bob, carol, arguments, words):
    code, output, errors = command("run_batch", "update-price", "--price=1", *arguments)

    assert (code, output) == (2, "")
    assert words in errors
    assert not BatchOperation.objects.exists()


def test_address_without_owner_requires_as(command, staff):
    wallet = WalletFactory(owner=None)
    contents = make_contents(wallet)
    arguments = ("run_batch", "update-price", f"--creator={wallet.pk}", "--price=9", ids(contents))

    assert command(*arguments)[0] == 2
    assert command(*arguments, "--as=staff", "--here")[0] == 0
    assert Content.objects.get().price == 9_000_000


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint-it-black", "--ids=x"],
        ["update-price", "--price=1"],
        ["update-price", "--price=-1", "--ids=x"],
        ["update-price", "--percent=2000", "--ids=x"],
        ["update-price", "--price=1", "--ids=x", "--ids-file=y"],
    ],
)
def test_wrong_options_are_refused(arguments):
    with pytest.raises(CommandError):
        call_command("run_batch", *arguments)


def test_the_quota_holds_here_too(command, alice, wallet_of, settings):
    settings.BATCH_QUOTA_PER_HOUR = 1
    contents = make_contents(wallet_of(alice))
    arguments = ("run_batch", "update-price", "--creator=alice", "--price=9", ids(contents))

    assert command(*arguments)[0] == 0
    code, _, errors = command(*arguments)
    assert code == 2
    assert "At most 1 batches an hour" in errors


def test_staff_without_the_right_may_not(command, alice, viewer, wallet_of):
    contents = make_contents(wallet_of(alice))
    arguments = ("run_batch", "update-price", "--as=viewer", "--price=9", ids(contents))

    assert command(*arguments)[0] == 2
    grant(viewer, "run_update_price")
    assert command(*arguments)[0] == 0
