"""The copied call and the copied command repeat a batch."""

import json
import shlex
import subprocess
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from batches.api_calls import command_of, curl_of
from batches.models import BatchOperation, Follows, Source
from batches.operations import OPERATIONS
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.orders.schedule import Schedule
from batches.services.runs.confirm import start_draft
from batches.services.runs.price_drafts import draft_prices
from batches.services.runs.price_file import read
from tests.batches.follow_ups import followed
from tests.batches.orders import price_batch
from tests.factories import make_contents

HOSTILE = "it's \"$(touch owned)\" `id` $TOKEN !! \\ 'END' </pre><script>\u200bé🎬"
TOKEN = "0123abcd"


def as_bash_reads(words: str) -> list[str]:
    """Return the arguments that bash parses from a command; nothing is run."""
    name = words.split(maxsplit=1)[0]
    show = f"{name}() {{ printf '%s\\0' \"$@\"; }}\nTOKEN={TOKEN}\n{words}\n"
    said = subprocess.run(
        ["bash", "-uec", show], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    assert said.stderr == ""
    return said.stdout.split("\0")[:-1]


def body_of(batch):
    """Return the path and the body of the call."""
    _, url, header, value, *rest = as_bash_reads(curl_of(batch))
    assert (header, value) == ("-H", f"Authorization: Token {TOKEN}")
    body = json.loads(rest[-1]) if "-d" in rest else None
    return url.removeprefix("http://localhost:8000"), body


@pytest.fixture
def batch(alice, wallet_of, work):
    """Two of three saved, the third was unknown."""
    contents = make_contents(wallet_of(alice), 2)
    batch = price_batch(alice, [*(content.pk for content in contents), "unknown"])
    work()
    batch.refresh_from_db()
    return batch


def made(alice, wallet_of, kind, payload, **waiting):
    contents = make_contents(wallet_of(alice), 2)
    body = {"contentIds": [content.pk for content in contents], **payload, **waiting}
    return create_batch(clean_order(OPERATIONS[kind], body), by=alice, source=Source.API)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_copied_calls_of_all_examples(alice, wallet_of, call, kind, capsys):
    for payload in OPERATIONS[kind].examples.values():
        batch = made(alice, wallet_of, kind, payload)
        path, body = body_of(batch)
        answer = call(alice).post(path, body)
        assert answer.status_code == 201, answer.content
        again = BatchOperation.objects.get(pk=answer.json()["batchId"])
        call_command(*as_bash_reads(command_of(batch)))
        once_more = BatchOperation.objects.order_by("-created_at", "-id").first()
        for other in (again, once_more):
            assert other.pk != batch.pk
            for name in ("kind", "payload", "content_ids", "creator_id", "requested_by_id"):
                assert getattr(other, name) == getattr(batch, name)
    capsys.readouterr()


def test_hostile_text_unchanged(alice, wallet_of):
    removed = made(alice, wallet_of, "remove-content", {"removalReason": HOSTILE})
    named = made(
        alice, wallet_of, "update-metadata",
        {"updates": {"title": HOSTILE, "description": f"{HOSTILE}\nEND\n\t{HOSTILE}"}},
    )  # fmt: skip

    assert body_of(removed)[1]["removalReason"] == HOSTILE
    assert body_of(named)[1]["updates"] == named.payload["updates"]
    assert "\n" not in curl_of(named).split("-d ")[1]
    for batch in (removed, named):
        assert not [sign for sign in curl_of(batch).replace("\n", "") if not sign.isprintable()]
        subprocess.run(["bash", "-nc", curl_of(batch)], check=True)
    assert f"--reason={HOSTILE}" in as_bash_reads(command_of(removed))
    assert f"--description={HOSTILE}\nEND\n\t{HOSTILE}" in as_bash_reads(command_of(named))


def test_retry_repeats_future_schedule(alice, wallet_of, call):
    parent, other = (made(alice, wallet_of, "restore-content", {}) for _ in range(2))
    now = timezone.now().replace(microsecond=0)  # MongoDB keeps milliseconds
    at, until = ((now + timedelta(hours=hours)).isoformat() for hours in (1, 2))
    links = [{"batchId": str(parent.pk), "when": "on-success"}, str(other.pk)]
    batch = made(
        alice, wallet_of, "update-price", {"newPrice": 5},
        scheduledFor=at, until=until, dependsOn=links,
    )  # fmt: skip

    path, body = body_of(batch)
    assert body["dependsOn"] == links
    assert call(alice).post(path, body).status_code == 201
    again = BatchOperation.objects.order_by("-created_at", "-id").first()
    assert (again.scheduled_for, again.until) == (batch.scheduled_for, batch.until)
    assert again.waits_for == 2
    command = as_bash_reads(command_of(batch))
    assert f"--after={parent.pk}:on-success" in command
    assert f"--after={other.pk}" in command
    call_command(*command)
    assert (
        BatchOperation.objects.filter(waits_for=2, scheduled_for=batch.scheduled_for).count() == 3
    )

    BatchOperation.objects.update(scheduled_for=timezone.now(), until=timezone.now())
    batch.refresh_from_db()
    assert not {"scheduledFor", "until"} & set(body_of(batch)[1])


@pytest.mark.parametrize("follows", Follows)
def test_follow_up_call_names_original(alice, wallet_of, batch, follows):
    if follows == Follows.RETRY:
        make_contents(wallet_of(alice), content_id="unknown")
    after = followed(batch, follows, alice)
    verb = "undo" if follows == Follows.UNDO else "retry"

    path = f"/api/batches/{batch.pk}/{'undo' if verb == 'undo' else 'retry-failed'}"
    assert body_of(after) == (path, None)
    assert as_bash_reads(command_of(after)) == ["run_batch", verb, str(batch.pk)]

    BatchOperation.objects.filter(pk=after.pk).update(
        content_ids=after.content_ids[:1], total_items=5
    )
    after.refresh_from_db()
    assert body_of(after) == (path, {"contentIds": after.content_ids})
    assert f"--ids={after.content_ids[0]}" in as_bash_reads(command_of(after))


def test_no_call_if_original_was_deleted(alice, batch):
    undo = followed(batch, Follows.UNDO, alice)
    batch.delete()
    undo.refresh_from_db()

    assert (curl_of(undo), command_of(undo)) == ("", "")


def test_item_prices_become_a_file(alice, wallet_of, batch, call):
    first, second = batch.content_ids[:2]
    file = [
        "content_id,new_price,percent",
        f"{first},2.5,",
        f"{second},,-12.5",
        "unknown,0,",
    ]
    until = timezone.now() + timedelta(hours=2)
    submission = start_draft(draft_prices(
        read("\n".join(file).encode()), by=alice, source=Source.PAGE,
        schedule=Schedule(until=until, depends_on=[(batch.pk, "on-completion")]),
    ))  # fmt: skip
    made = submission.batches.get()

    for words in (curl_of(made), command_of(made)):
        head, *lines = words.splitlines()[-6:]
        assert lines == [*file, "END"]
        assert head.endswith(" <<'END'")
        subprocess.run(["bash", "-nc", words], check=True)
    url = as_bash_reads(curl_of(made))[1]
    answer = call(alice).send(
        "post", url.removeprefix("http://localhost:8000"), "\n".join(file), "text/csv"
    )
    assert answer.status_code == 201, answer.content
    again = BatchOperation.objects.get(pk=answer.json()["batchIds"][0])
    for name in ("item_payloads", "content_ids", "payload", "until", "waits_for"):
        assert getattr(again, name) == getattr(made, name)

    made.dependencies.update(when="on-success")
    assert curl_of(made) == ""
    assert f"--after={batch.pk}:on-success" in command_of(made)


def test_requester_on_behalf_shown(alice, staff, wallet_of):
    (content,) = make_contents(wallet_of(alice))
    batch = price_batch(staff, [content.pk], creator=wallet_of(alice).pk)

    assert "--as=staff" in shlex.split(command_of(batch))
    assert body_of(batch)[1]["creator"] == wallet_of(alice).pk


def test_pages_show_call_and_command(alice, staff, wallet_of, client):
    batch = made(alice, wallet_of, "remove-content", {"removalReason": HOSTILE})
    for person, path in (
        (alice, f"/batches/{batch.pk}"),
        (staff, f"/admin/batches/batchoperation/{batch.pk}/change/"),
    ):
        client.force_login(person)
        page = client.get(path).content.decode()
        assert "Repeat via API or command line" in page
        assert "manage.py run_batch remove-content" in page
        assert "<script>\\u200b" not in page
        assert "&lt;/pre&gt;&lt;script&gt;\\u200b" in page


def test_options_round_trip():
    for operation in OPERATIONS.values():
        for payload in operation.examples.values():
            clean = operation.clean_payload(payload)
            for option in operation.options:
                value = clean
                for name in option.path.split("."):
                    value = value.get(name) if isinstance(value, dict) else None
                if value is not None:
                    assert option.parse(option.write(value)) == value
