"""Every kind of operation through every door: the same effect, and nothing else."""

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from batches.checks import check_operations
from batches.forms.operation import FORMS
from batches.models import BatchItem, BatchOperation, Submission
from batches.operations import OPERATIONS
from batches.services.integrity.verify import verify
from content.models import Content, ContentChange
from tests.batches.operations.cases import CASES
from tests.factories import make_contents


class Doors:
    """Ask for one operation on alice's items, at each door as its people would."""

    def __init__(self, alice, staff, wallet, call, signed_in):
        self.alice, self.staff, self.wallet = alice, staff, wallet
        self.call, self.signed_in = call, signed_in

    def api(self, kind, ids):
        body = {"contentIds": ids, **CASES[kind].body}
        answer = self.call(self.alice).post(f"/api/batches/{OPERATIONS[kind].api_path}", body)
        assert answer.status_code == 201, answer.json()
        assert answer.json()["message"] == CASES[kind].message

    def page(self, kind, ids):
        client = self.signed_in(self.alice)
        typed = {"step": "review", "ids": " ".join(ids), **CASES[kind].typed}
        review = client.post(f"/batches/new/{kind}", typed)
        assert review.status_code == 302, review.content.decode()
        started = client.post(f"{review['Location']}/confirm")
        assert started["Location"] == review["Location"]

    def admin(self, kind, ids):
        client = self.signed_in(self.staff)
        typed = {"selection": " ".join(ids), **CASES[kind].typed}
        review = client.post(reverse("admin:content_content_run", args=[kind]), typed)
        assert review.status_code == 302, review.content.decode()
        assert client.post(review["Location"]).status_code == 302

    def command(self, kind, ids):
        options = [*CASES[kind].options, "--creator", self.wallet.pk, "--ids", ",".join(ids)]
        call_command("run_batch", kind, *options)


DOORS = ["api", "page", "admin", "command"]


@pytest.fixture
def doors(alice, staff, wallet_of, call, signed_in):
    return Doors(alice, staff, wallet_of(alice), call, signed_in)


def test_nothing_is_lacking():
    assert check_operations() == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", OPERATIONS)
def test_only_requested_fields_change(doors, door, kind, bob, wallet_of, work):
    case = CASES[kind]
    item, untouched = make_contents(doors.wallet, 2, **case.before)
    (foreign,) = make_contents(wallet_of(bob), 1, **case.before)
    # Staff act for everybody: for them bob's items are a batch of bob's.
    ids = [item.pk, "no-such-item"] + ([] if door == "admin" else [foreign.pk])

    getattr(doors, door)(kind, ids)
    work()

    batch = BatchOperation.objects.get()
    assert batch.source == door
    outcomes = {row.content_id: row.outcome for row in BatchItem.objects.all()}
    assert outcomes == {key: "succeeded" if key == item.pk else "failed" for key in ids}
    changed = Content.objects.get(pk=item.pk)
    assert {name: getattr(changed, name) for name in case.after} == case.after
    if changed.is_removed:
        assert abs((changed.removed_at - timezone.now()).total_seconds()) < 60
    (change,) = ContentChange.objects.filter(version=2)
    assert (change.content_id, change.cause) == (item.pk, f"batch:{batch.pk}")
    assert set(change.after) == set(OPERATIONS[kind].changed_fields(batch.payload))
    for other in (untouched, foreign):
        assert Content.objects.filter(pk=other.pk, version=1).exists()
    assert list(verify()) == []


@pytest.mark.parametrize("kind", OPERATIONS)
def test_a_second_time_it_is_unchanged(doors, kind, work):
    (item,) = make_contents(doors.wallet, 1, **CASES[kind].before)
    for _ in range(2):
        doors.api(kind, [item.pk])
        work()

    row = BatchItem.objects.latest("id")
    assert (row.outcome, row.change) == ("unchanged", None)
    assert Content.objects.get().version == 2


@pytest.mark.parametrize("kind", OPERATIONS)
def test_items_in_the_other_state_unchanged(doors, kind, work):
    is_removed = not OPERATIONS[kind].is_for_removed
    (item,) = make_contents(
        doors.wallet, 1, is_removed=is_removed, removal_reason="Before" if is_removed else ""
    )

    doors.api(kind, [item.pk])
    work()

    row = BatchItem.objects.get()
    assert (row.code or row.outcome) == CASES[kind].on_others
    after = Content.objects.get()
    assert (after.version, after.removal_reason) == (1, item.removal_reason)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_preview_matches_run(doors, call, alice, kind, work):
    (item,) = make_contents(doors.wallet, 1, **CASES[kind].before)
    body = {"contentIds": [item.pk, "8"], **CASES[kind].body}

    preview = call(alice).post("/api/batches/preview", {**body, "operationType": kind}).json()
    assert (preview["changeCount"], preview["failureCount"]) == (1, 1)
    assert not BatchOperation.objects.exists()
    doors.api(kind, body["contentIds"])
    work()

    batch = BatchOperation.objects.get()
    results = call(alice).get(f"/api/batches/{batch.pk}").json()["results"]
    assert [row["outcome"] for row in results] == [row["outcome"] for row in preview["results"]]
    assert results[0]["message"] == preview["results"][0]["message"]
    told = results[0]["after"], preview["results"][0]["after"]
    for after in told:
        after.pop("removedAt", None)  # the time of the one and of the other
    assert told[0] == told[1]


@pytest.mark.parametrize("kind", OPERATIONS)
def test_form_redisplays_typed_values(signed_in, doors, kind):
    (item,) = make_contents(doors.wallet, 1)
    client = signed_in(doors.alice)
    typed = {"step": "review", "ids": item.pk, "error_policy": "reject-all", **CASES[kind].typed}
    client.post(f"/batches/new/{kind}", typed)
    submission = Submission.objects.get()

    form = FORMS[kind].prepared(submission.payload, submission.error_policy)

    shown = {name: form[name].value() for name in form.fields}
    for name, text in {**CASES[kind].typed, "error_policy": "reject-all"}.items():
        assert str(shown[name]) == text or (text == "on" and shown[name] is True)
    page = client.get(f"/batches/new/{kind}?again={submission.pk}")
    assert f'value="{item.pk}"' in page.content.decode()
    assert Submission.objects.count() == 1


def test_contract_gets_prices_and_removals(doors, work):
    from content.models import SandboxTransaction

    (item,) = make_contents(doors.wallet, 1, onchain_id=77)
    for kind in ("update-price", "update-metadata", "remove-content", "restore-content"):
        doors.api(kind, [item.pk])
        work()

    told = SandboxTransaction.objects.order_by("at").values_list("function", "arguments")
    assert list(told) == [
        ("update-content-prices", [{"content-id": 77, "price": 2_500_000}]),
        ("remove-contents", [{"content-id": 77}]),
    ]
