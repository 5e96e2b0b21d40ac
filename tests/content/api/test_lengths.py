"""Request bodies without a length."""

import pytest

from batches.models import BatchOperation
from tests.batches.orders import price_batch
from tests.factories import make_contents


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/prices", "/api/batches/{}/undo"])
def test_oversized_body_refused(call, alice, wallet_of, path):
    (item,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk])
    chunked = {"Transfer-Encoding": "chunked"}
    answer = call(alice).send("post", path.format(batch.pk), "", **chunked)
    assert answer.status_code == 411
    assert answer.json() == {
        "message": "Send a Content-Length header.",
        "code": "length-required",
        "errors": {},
    }
    assert BatchOperation.objects.count() == 1
