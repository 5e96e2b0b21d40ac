"""Paging through lists of batches by the last id."""

import pytest
from django.utils import timezone

from batches.api import batches as lists
from batches.models import BatchOperation
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture
def seven(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    made = [price_batch(alice, [item.pk], newPrice=price) for price in range(1, 8)]
    # Several of the same time are ordered by id.
    BatchOperation.objects.filter(pk__in=[batch.pk for batch in made[1:5]]).update(
        created_at=timezone.now()
    )
    return BatchOperation.objects


def pages(caller, **query):
    """Return the ids of each page, to the last one."""
    key, found = {}, []
    while True:
        answer = caller.get("/api/batches", limit=2, **query, **key)
        assert answer.status_code == 200, answer.content
        if not answer.json()["batches"]:
            return found
        found.append([row["_id"] for row in answer.json()["batches"]])
        key = {"after": found[-1][-1]}


@pytest.mark.parametrize("ordering", ["createdAt", "-createdAt"])
def test_every_batch_is_on_one_page(call, alice, seven, ordering):
    sign = ordering.removesuffix("createdAt")
    expected = seven.order_by(f"{sign}created_at", f"{sign}id").values_list("pk", flat=True)

    found = pages(call(alice), ordering=ordering)

    assert [len(page) for page in found] == [2, 2, 2, 1]
    assert [key for page in found for key in page] == [str(key) for key in expected]


def test_a_page_by_key_counts_nothing(call, alice, wallet_of, seven):
    caller = call(alice)
    last = seven.all()[2]

    page = caller.get("/api/batches", limit=2, after=last.pk).json()

    assert (page["total"], page["limit"], page["skip"]) == (None, 2, 0)
    own = caller.get(f"/api/batches/creator/{wallet_of(alice).pk}", limit=2, after=last.pk).json()
    assert own["batches"] == page["batches"]


def test_filters_apply_to_key_paging(call, alice, seven):
    caller = call(alice)
    last = seven.all()[1]
    assert caller.get("/api/batches", after=last.pk, status="completed").json()["batches"] == []
    assert len(caller.get("/api/batches", after=last.pk, status="pending").json()["batches"]) == 5


def test_missing_and_foreign_batch_refused(call, alice, bob, seven):
    key = seven.all()[1].pk
    refused = [
        call(bob).get("/api/batches", after=key),
        call(bob).get("/api/batches", after="01990000-0000-7000-8000-000000000000"),
        call(bob).get("/api/batches", after="7"),
    ]
    assert {answer.status_code for answer in refused} == {400}
    assert len({answer.content for answer in refused}) == 1
    assert list(refused[0].json()["errors"]) == ["after"]


def test_after_and_skip_refused_together(call, alice, seven):
    answer = call(alice).get("/api/batches", after=seven.all()[1].pk, skip=1)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["skip"]


def test_long_lists_counted_to_limit(call, alice, seven, monkeypatch):
    monkeypatch.setattr(lists, "MAX_COUNTED", 3)
    caller = call(alice)

    page = caller.get("/api/batches", limit=2, skip=5).json()

    assert page["total"] == 4
    assert len(page["batches"]) == 2
    assert caller.get("/api/batches", skip=2**63 - 1).json()["batches"] == []
    assert caller.get("/api/batches", skip=7).json()["batches"] == []
