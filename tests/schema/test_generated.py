"""Requests made up from the OpenAPI description: whatever is sent, nothing breaks.

SCHEMA_EXAMPLES says how many for each operation; more than in CI by hand.
"""

import os
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from batches.models import BatchOperation
from config.wsgi import application
from content.models import ApiToken, Content
from tests.batches.orders import price_batch
from tests.factories import make_contents

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "15"))
pytestmark = [pytest.mark.processes, pytest.mark.django_db]
schema = schemathesis.openapi.from_wsgi("/api/schema", application)
answered: Counter[int] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _tell():
    yield
    if "SCHEMA_EXAMPLES" in os.environ:
        print(f"\n{answered.total()} requests: {dict(sorted(answered.items()))}")  # noqa: T201


@pytest.fixture
def tokens(alice, staff, wallet_of) -> list[str]:
    """Of alice, who has items, and of staff."""
    items = make_contents(wallet_of(alice), 3)
    price_batch(alice, [item.pk for item in items])
    return [ApiToken.objects.create(user=user)[1] for user in (alice, staff)]


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_nothing_breaks(case, tokens):
    item = Content.objects.order_by("pk").first()
    batch = BatchOperation.objects.order_by("pk").first()
    # Half of the requests are about what there is; made-up keys find nothing.
    if answered.total() % 2:
        known = {"content_id": item.pk, "batch_id": str(batch.pk), "address": item.creator_id}
        case.path_parameters = {
            name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
        }
        if isinstance(case.body, dict) and isinstance(case.body.get("contentIds"), list):
            case.body["contentIds"] = [item.pk]
    token = tokens[answered.total() % 3 == 0]
    response = case.call(headers={"Authorization": f"Token {token}"})
    answered[response.status_code] += 1
    case.validate_response(response, checks=(not_a_server_error,))
