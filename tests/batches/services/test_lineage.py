"""Which items were already retried, for one batch and for many."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.models import BatchOperation
from batches.services.orders.lineage import count_retried, retried_ids
from content.models import Content
from tests.batches.follow_ups import done, retry
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.fixture
def families(alice, wallet_of):
    """Batches of two removed items each, with a retry of a retry of the first of these."""

    def family(count: int) -> list[BatchOperation]:
        batches = []
        for _ in range(count):
            items = [content.pk for content in make_contents(wallet_of(alice), 2, is_removed=True)]
            batch = done(price_batch(alice, items, newPrice=5))
            again = done(retry(batch, alice))
            Content.objects.filter(pk=items[0]).update(is_removed=False)
            done(retry(again, alice))
            batches.append(batch)
        return batches

    return family


def test_items_saved_by_any_retry_counted(families):
    first, second = families(2)
    (again,) = BatchOperation.objects.filter(retry_of=first)

    tried = retried_ids([again, second, first])

    assert tried == {
        first.pk: {first.content_ids[0]},
        again.pk: {first.content_ids[0]},
        second.pk: {second.content_ids[0]},
    }
    assert count_retried([first, second]) == {"removed": 2, "": 0}


def test_query_count_independent_of_batches(families):
    costs = []
    for batches in (families(1), families(4)):
        with CaptureQueriesContext(connection) as captured:
            count_retried(batches)
        costs.append(len(captured))
    assert costs[0] == costs[1]
