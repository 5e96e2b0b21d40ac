"""From the command line: scheduled, paused and dependent batches."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from batches.models import BatchOperation, Dependency, Status, Submission
from batches.services.worker.sweep import sweep
from content.models import Content
from tests.factories import make_contents

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NOBODYS = "0198f1f0-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def order(command, alice, wallet_of):
    """Set 9 STX on two items of alice; return what `command` does."""
    contents = make_contents(wallet_of(alice), 2)
    ids = ",".join(content.pk for content in contents)

    def order(*more):
        return command(
            "run_batch", "update-price", "--creator=alice", "--price=9", f"--ids={ids}", *more
        )

    return order


@pytest.mark.parametrize(
    ("times", "instant"),
    [
        (["--at=2026-12-24T18:00:00+01:00"], datetime(2026, 12, 24, 17, tzinfo=UTC)),
        (["--at=2026-12-24T18:00Z"], datetime(2026, 12, 24, 18, tzinfo=UTC)),
        (["--at=2026-12-24T18:00", "--zone=Asia/Tokyo"], datetime(2026, 12, 24, 9, tzinfo=UTC)),
    ],
)
def test_batch_starts_at_its_time(order, work, times, instant):
    code, output, _ = order(*times)

    batch = BatchOperation.objects.get()
    assert (code, batch.scheduled_for) == (0, instant)
    assert f"({instant:%H:%M} UTC)" in output or f"{instant:%H:%M} UTC" in output
    work()
    assert set(Content.objects.values_list("version", flat=True)) == {1}
    with time_machine.travel(instant + timedelta(seconds=1)):
        work()
    assert set(Content.objects.values_list("price", flat=True)) == {9_000_000}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--at=2026-12-24T18:00"], "Add an offset"),
        (["--at=2026-12-24T18:00Z", "--zone=Europe/Berlin"], "either an offset or --zone"),
        (["--at=2020-12-24T18:00Z"], "--at: This time is in the past."),
        (["--until=2020-12-24T17:00Z"], "--until: This time is in the past."),
        (["--at=tomorrow"], "--at 'tomorrow': Write it like"),
        (["--at=2026-13-24T18:00", "--zone=Europe/Berlin"], "Write it like"),
        (
            [f"--after={NOBODYS}"],
            f"--after {NOBODYS}: You have no batch with this id.",
        ),
    ],
)
@pytest.mark.parametrize("most", [1, 100])
def test_invalid_dependencies_refused(order, settings, most, options, words):
    settings.BATCH_MAX_ITEMS = most
    code, output, errors = order(*options)

    assert (code, output) == (2, "")
    assert words in errors
    assert not BatchOperation.objects.exists()
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    "option",
    ["--zone=Mars/Olympus", "--after=x", "--after=0198f1f0-0000-7000-8000-000000000000:if"],
)
def test_invalid_zone_and_link_refused(alice, option):
    with pytest.raises(CommandError):
        call_command("run_batch", "update-price", "--creator=alice", "--price=9", "--ids=x", option)


def test_only_prices_have_an_end(command, alice):
    remove = ("run_batch", "remove-content", "--creator=alice", "--ids=x")
    code, _, errors = command(*remove, "--until=2027-01-01T00:00Z")
    assert (code, "--until: Only a price change can have an end." in errors) == (2, True)


@pytest.mark.parametrize("most", [1, 100])
def test_sale_ends_on_schedule(order, work, settings, most):
    settings.BATCH_MAX_ITEMS = most
    was = dict(Content.objects.values_list("pk", "price"))
    code, output, _ = order("--until=2026-12-01T00:00Z", "--here")

    assert code == 0
    assert "ends 1 Dec 2026, 00:00 UTC" in output
    assert set(Content.objects.values_list("price", flat=True)) == {9_000_000}
    with time_machine.travel(datetime(2026, 12, 1, 0, 1, tzinfo=UTC)):
        work()
    assert dict(Content.objects.values_list("pk", "price")) == was


def test_batches_wait_for_batch_and_run(order, command, work, settings):
    settings.BATCH_MAX_ITEMS = 1
    _, output, _ = order("--pause")
    assert "paused" in output
    run = output.split()[1]
    code, output, _ = order(f"--after={run}:on-success")

    assert code == 0
    assert output.count("waits for 2 batches") == 2
    links = Dependency.objects.values_list("when", flat=True)
    assert list(links) == ["on-success"] * 4
    command("run_batch", "cancel", run)
    sweep()
    after = BatchOperation.objects.filter(error_code="dependency")
    assert {batch.status for batch in after} == {Status.FAILED}
    assert set(Content.objects.values_list("version", flat=True)) == {1}

    code, output, _ = command("run_batch", "show", str(after[0].pk))
    assert code == 1
    assert "when all its items are saved: can't be met." in output


def test_here_runs_batch_with_ended_parent(order, command):
    parent = order("--here")[1].split()[1]
    code, output, _ = order(f"--after={parent}", "--here")

    assert code == 0
    assert output.endswith("2 saved.\n")


@pytest.mark.parametrize("most", [1, 100])
def test_reschedule_pause_resume(order, command, settings, most):
    settings.BATCH_MAX_ITEMS = most
    key = order("--at=2026-12-24T18:00Z")[1].split()[1]

    code, output, _ = command(
        "run_batch", "reschedule", key, "--at=2026-12-25T18:00", "--zone=Europe/Berlin"
    )
    assert (code, "starts 25 Dec 2026, 18:00 CET (17:00 UTC)" in output) == (0, True)
    moments = set(BatchOperation.objects.values_list("scheduled_for", flat=True))
    assert moments == {datetime(2026, 12, 25, 17, tzinfo=UTC)}
    assert command("run_batch", "pause", key)[0] == 0
    assert set(BatchOperation.objects.values_list("is_paused", flat=True)) == {True}
    assert command("run_batch", "reschedule", key, "--now")[0] == 0
    assert set(BatchOperation.objects.values_list("scheduled_for", flat=True)) == {None}
    code, output, _ = command("run_batch", "resume", key, "--here")
    assert (code, output.endswith("2 saved.\n")) == (0, True)
    for late in (["pause"], ["resume"], ["start"], ["reschedule", "--now"], ["cancel"]):
        code, output, errors = command("run_batch", late[0], key, *late[1:])
        assert (code, output) == (2, "")
        assert errors
