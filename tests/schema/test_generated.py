"""Requests generated from the OpenAPI description: no input causes a server error.

SCHEMA_EXAMPLES says how many for each operation; more than in CI by hand.
"""

import os
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from batches.models import BatchOperation, Submission, Template
from batches.services.engine.run_batch import run_batch
from batches.services.templates.runs import run_now
from batches.services.templates.spec import clean_template
from batches.services.templates.store import create_template
from config.wsgi import application
from content.api.files import XLSX
from content.models import ApiToken, Content
from tests.batches.orders import price_batch
from tests.factories import make_contents

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "15"))
pytestmark = [pytest.mark.processes, pytest.mark.django_db]


@schemathesis.serializer(XLSX)
def as_it_is(context, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


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
    keys = [item.pk for item in items]
    price_batch(alice, keys)
    run_batch(price_batch(alice, [*keys, "unknown"]).pk)
    body = {"name": "A", "operationType": "update-price", "updatePayload": {"percentChange": 5}}
    template = create_template(clean_template({**body, "contentIds": keys}), by=alice)
    run_now(template, by=alice)
    return [ApiToken.objects.create(user=user)[1] for user in (alice, staff)]


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_nothing_breaks(case, tokens):
    item = Content.objects.order_by("pk").first()
    batches = BatchOperation.objects.order_by("pk")
    # One that ended, and one that did not begin.
    batch = batches[answered.total() // 2 % 2]
    known = {
        "content_id": item.pk,
        "batch_id": str(batch.pk),
        "address": item.creator_id,
        "template_id": str(getattr(Template.objects.order_by("pk").first(), "pk", "deleted")),
        "submission_id": str(Submission.objects.order_by("pk").first().pk),
    }
    # Half of the requests are about what there is; made-up keys find nothing.
    if answered.total() % 2:
        case.path_parameters = {
            name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
        }
        if isinstance(case.body, dict) and isinstance(case.body.get("contentIds"), list):
            case.body["contentIds"] = [item.pk]
        if isinstance(case.body, dict) and "dependsOn" in case.body:
            case.body["dependsOn"] = [str(batches[0].pk)]
    token = tokens[answered.total() % 3 == 0]
    response = case.call(headers={"Authorization": f"Token {token}"})
    answered[response.status_code] += 1
    case.validate_response(response, checks=(not_a_server_error,))
