"""Every door needs the same number of queries for a hundred items as for two."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batches.models import BatchOperation, Notification, Source, Submission
from batches.operations import OPERATIONS
from batches.services.engine.run_batch import run_batch
from batches.services.mail.outbox import deliver_notification
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.runs.confirm import confirm, preview_submission
from batches.services.runs.draft import draft, keep_draft
from batches.services.runs.split import batches_needed, contents_of
from batches.services.worker.contract_sync import send_contract_calls
from batches.services.worker.sweep import sweep
from tests.batches.operations.cases import CASES
from tests.batches.orders import price_batch
from tests.factories import make_contents

FEW, MANY = 2, 100


def queries(work) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def prepared(user, items, **options):
    return keep_draft(
        draft(
            by=user,
            source=Source.PAGE,
            operation=OPERATIONS["update-price"],
            payload={"newPrice": 7},
            content_ids=[item.pk for item in items],
            **options,
        )
    )


@pytest.fixture
def items(alice, wallet_of):
    return make_contents(wallet_of(alice), MANY)


@pytest.mark.parametrize("path", ["batch-update-price", "preview"])
@pytest.mark.parametrize("policy", ["skip-failed", "reject-all"])
def test_creating_and_previewing(call, alice, items, path, policy):
    caller = call(alice)
    kind = {"operationType": "update-price"} if path == "preview" else {}

    def ask(count):
        body = {"contentIds": [item.pk for item in items[:count]], "newPrice": 7, **kind}
        answer = caller.post(f"/api/batches/{path}", {**body, "errorPolicy": policy})
        assert answer.status_code in {200, 201}, answer.content

    ask(1)  # the hour of the quota begins with the first
    assert queries(lambda: ask(FEW)) == queries(lambda: ask(MANY))


def test_cancelling(call, alice, items):
    caller = call(alice)
    few = price_batch(alice, [item.pk for item in items[:FEW]])
    many = price_batch(alice, [item.pk for item in items])

    def cancel(batch):
        assert caller.post(f"/api/batches/{batch.pk}/cancel").status_code == 200

    assert queries(lambda: cancel(few)) == queries(lambda: cancel(many))


def test_a_page_of_batches(call, alice, items):
    caller = call(alice)

    def read():
        assert caller.get("/api/batches").status_code == 200

    price_batch(alice, [items[0].pk])
    few = queries(read)
    for _ in range(5):
        price_batch(alice, [item.pk for item in items])
    assert queries(read) == few


@pytest.mark.parametrize("policy", ["skip-failed", "reject-all"])
def test_confirming(alice, items, policy):
    price_batch(alice, [items[0].pk])  # begins the hour of the quota
    few = prepared(alice, items[:FEW], error_policy=policy)
    many = prepared(alice, items, error_policy=policy)

    assert queries(lambda: confirm(few.pk, by=alice)) == queries(lambda: confirm(many.pk, by=alice))


def test_confirming_many_batches_costs_one_insert_each(alice, items, settings):
    settings.BATCH_MAX_ITEMS = 50
    price_batch(alice, [items[0].pk])
    one, ten = prepared(alice, items[:10]), prepared(alice, items)
    first = queries(lambda: confirm(one.pk, by=alice))
    settings.BATCH_MAX_ITEMS = 10

    second = queries(lambda: confirm(ten.pk, by=alice))

    assert BatchOperation.objects.filter(submission=ten).count() == 10
    assert second - first == 9


def test_a_review_reads_its_items_once(alice, items):
    submission = prepared(alice, items)
    contents = contents_of(submission)

    def review():
        preview_submission(submission, contents)
        batches_needed(submission, contents)

    # The wallets, for each of the two.
    assert queries(review) == 2


def ran(user, items) -> BatchOperation:
    """A batch that came out with changes and, instead of the first, a failure."""
    keys = ["unknown", *(item.pk for item in items[1:])]
    batch = price_batch(user, keys, percentChange=5)
    run_batch(batch.pk)
    return batch


def costs(doors) -> dict[str, int]:
    """Queries by the name of the door; each answers well and all of it is read."""
    counted = {}
    for name, door in doors.items():
        with CaptureQueriesContext(connection) as captured:
            answer = door()
            assert answer.status_code in {200, 302}, name
            assert b"".join(answer)[:1] != b"" or answer.status_code == 302
        counted[name] = len(captured)
    return counted


def test_reading_through_the_api(call, alice, items):
    caller = call(alice)
    ran(alice, items[:FEW])  # so that a page by key is never empty

    def doors(count):
        batch = ran(alice, items[:count])
        path = f"/api/batches/{batch.pk}"
        return {
            "batch": lambda: caller.get(path),
            "results": lambda: caller.get(f"{path}/results"),
            "failures": lambda: caller.get(f"{path}/results", outcome="failed"),
            "file": lambda: caller.get(f"{path}/results", format="csv"),
            "list": lambda: caller.get("/api/batches"),
            "by key": lambda: caller.get("/api/batches", after=str(batch.pk)),
            "of a creator": lambda: caller.get(f"/api/batches/creator/{batch.creator_id}"),
        }

    assert costs(doors(FEW)) == costs(doors(MANY))


def test_the_pages_from_the_selection_to_the_results(signed_in, alice, items, work):
    client = signed_in(alice)
    price_batch(alice, [items[0].pk])  # begins the hour of the quota

    def on_the_way(count):
        keys = [item.pk for item in items[:count]]
        path = "/batches/new/update-price"
        typed = {"percent_change": "10", "new_price": ""}
        found = costs(
            {
                "form": lambda: client.post(path, {"ids": keys}),
                "prepare": lambda: client.post(path, {"ids": keys, "step": "review", **typed}),
            }
        )
        page = f"/submissions/{Submission.objects.latest('created_at').pk}"
        found |= costs(
            {
                "review": lambda: client.get(page),
                "confirm": lambda: client.post(f"{page}/confirm"),
                "waiting": lambda: client.get(page),
            }
        )
        work()
        batch = BatchOperation.objects.latest("created_at")
        return found | costs(
            {
                "progress": lambda: client.get(page),
                "file": lambda: client.get(f"{page}/results"),
                "batch": lambda: client.get(f"/batches/{batch.pk}"),
                "file of a batch": lambda: client.get(f"/batches/{batch.pk}/results"),
                "batches": lambda: client.get("/batches"),
                "home": lambda: client.get("/"),
                "content": lambda: client.get("/content"),
            }
        )

    assert on_the_way(FEW) == on_the_way(MANY)


def test_the_pages_that_cancel(signed_in, alice, items):
    client = signed_in(alice)

    def cancel(count):
        batch = price_batch(alice, [item.pk for item in items[:count]])
        submission = prepared(alice, items[:count])
        confirm(submission.pk, by=alice)
        return costs(
            {
                "batch": lambda: client.post(f"/batches/{batch.pk}/cancel"),
                "all of it": lambda: client.post(f"/submissions/{submission.pk}/cancel"),
            }
        )

    assert cancel(FEW) == cancel(MANY)


def test_the_admin_from_the_action_to_the_results(signed_in, staff, alice, items, work):
    client = signed_in(staff)
    contents = reverse("admin:content_content_changelist")
    form = reverse("admin:content_content_run", args=["update-price"])

    def on_the_way(count):
        keys = [item.pk for item in items[:count]]
        chosen = {"action": "update-price", "index": "0", "_selected_action": keys}
        typed = {"selection": "\n".join(keys), "percent_change": "10"}
        found = costs(
            {
                "action": lambda: client.post(contents, chosen),
                "form": lambda: client.post(form, typed),
            }
        )
        submission = Submission.objects.latest("created_at")
        review, progress, file = (
            reverse(f"admin:batches_submission_{name}", args=[submission.pk])
            for name in ("review", "progress", "results")
        )
        found |= costs(
            {
                "review": lambda: client.get(review),
                "confirm": lambda: client.post(review),
                "waiting": lambda: client.get(progress),
            }
        )
        work()
        batch = BatchOperation.objects.latest("created_at")
        detail = reverse("admin:batches_batchoperation_change", args=[batch.pk])
        batches = reverse("admin:batches_batchoperation_changelist")
        return found | costs(
            {
                "progress": lambda: client.get(progress),
                "file": lambda: client.get(file),
                "batch": lambda: client.get(detail),
                "batches": lambda: client.get(batches),
                "contents": lambda: client.get(contents),
            }
        )

    assert on_the_way(FEW) == on_the_way(MANY)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_running(kind, alice, wallet_of):
    case = CASES[kind]

    def run(count):
        items = make_contents(wallet_of(alice), count, **case.before)
        body = {"contentIds": [item.pk for item in items], **case.body}
        batch = create_batch(clean_order(OPERATIONS[kind], body), by=alice, source=Source.API)
        counted = queries(lambda: run_batch(batch.pk))
        batch.refresh_from_db()
        assert batch.success_count == count
        return counted

    # Claim, begin, batch, contents, update, changes, results, counters, commit.
    assert run(FEW) == run(MANY) <= 9


def test_messages_after_a_batch(alice, wallet_of):
    def send(count):
        ran(alice, make_contents(wallet_of(alice), count, onchain_id=lambda number: number))
        mail = Notification.objects.due().get()
        return queries(send_contract_calls), queries(lambda: deliver_notification(mail.pk))

    assert send(FEW) == send(MANY)


def test_sweeping(alice, items):
    sweep()  # leaves the first sign of life

    def find(count):
        price_batch(alice, [item.pk for item in items[:count]])
        ran(alice, items[:count])
        BatchOperation.objects.update(queued_at=timezone.now() - timedelta(hours=1))
        counted = queries(sweep)
        BatchOperation.objects.all().delete()
        return counted

    assert find(FEW) == find(MANY)


@pytest.mark.parametrize("action", ["undo", "retry-failed"])
def test_following_up(call, alice, items, action):
    """By GET what it would do, by POST the batch."""
    caller = call(alice)

    def ended(count):
        own = [item.pk for item in items[:count]]
        unknown = [f"unknown-{number}" for number in range(count - 1)]
        batch = price_batch(alice, [own[0], *unknown] if action == "retry-failed" else own)
        run_batch(batch.pk)
        return f"/api/batches/{batch.pk}/{action}"

    few, many = ended(FEW), ended(MANY)
    assert queries(lambda: caller.get(few)) == queries(lambda: caller.get(many))
    assert queries(lambda: caller.post(few)) == queries(lambda: caller.post(many))
    assert BatchOperation.objects.count() == 4


def test_a_page_of_batches_that_wait_for_others(call, alice, items):
    caller = call(alice)
    parents = [str(price_batch(alice, [items[0].pk]).pk) for _ in range(3)]

    def read():
        return len(caller.get("/api/batches").json()["batches"][0]["dependsOn"])

    price_batch(alice, [items[0].pk], dependsOn=parents[:1])
    few = queries(read)
    for _ in range(5):
        price_batch(alice, [items[0].pk], dependsOn=parents)
    assert read() == 3
    assert queries(read) == few


def test_a_group(call, alice, items, settings):
    settings.BATCH_MAX_ITEMS = 10
    caller = call(alice)

    def read(submission):
        confirm(submission.pk, by=alice)
        path = f"/api/submissions/{submission.pk}"
        return queries(lambda: caller.get(path)), queries(lambda: caller.post(f"{path}/pause"))

    assert read(prepared(alice, items[:FEW])) == read(prepared(alice, items))


def test_a_page_of_templates(call, alice, items):
    caller = call(alice)
    body = {
        "operationType": "update-price",
        "updatePayload": {"newPrice": 7},
        "repeat": "daily",
        "firstRun": "2030-01-01T09:00",
    }

    def keep(count):
        ids = [item.pk for item in items[:count]]
        answer = caller.post("/api/templates", {**body, "name": str(count), "contentIds": ids})
        assert answer.status_code == 201

    keep(FEW)
    listed = queries(lambda: caller.get("/api/templates"))
    keep(MANY)
    assert queries(lambda: caller.get("/api/templates")) == listed


@pytest.mark.parametrize(("method", "action"), [("get", "preview"), ("post", "run"), ("get", "")])
def test_a_template(call, alice, items, method, action):
    caller = call(alice)
    price_batch(alice, [items[0].pk])  # begins the hour of the quota

    def cost(count):
        body = {
            "name": "A",
            "operationType": "remove-content",
            "contentIds": [item.pk for item in items[:count]],
        }
        key = caller.post("/api/templates", body).json()["_id"]
        return queries(lambda: getattr(caller, method)(f"/api/templates/{key}/{action}"))

    assert cost(FEW) == cost(MANY)
