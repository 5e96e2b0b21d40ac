"""The doors ask the database as often for a hundred items as for two."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.models import BatchOperation, Source
from batches.operations import OPERATIONS
from batches.services.submissions import (
    batches_needed,
    confirm,
    contents_of,
    prepare,
    preview_submission,
)
from tests.batches.orders import price_batch
from tests.factories import make_contents

FEW, MANY = 2, 100


def queries(work) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def prepared(user, items, **options):
    return prepare(
        by=user,
        source=Source.PAGE,
        operation=OPERATIONS["update-price"],
        payload={"newPrice": 7},
        content_ids=[item.pk for item in items],
        **options,
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
