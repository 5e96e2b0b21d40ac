"""The steps through the pages."""

import pytest

from batches.models import Submission
from tests.factories import make_contents


@pytest.fixture
def contents(alice, wallet_of):
    return make_contents(wallet_of(alice), 3)


@pytest.fixture
def item(alice, wallet_of):
    return make_contents(wallet_of(alice), onchain_id=7)[0]


@pytest.fixture
def prepare():
    """Post a selection and form input; return the answer."""

    def prepare(client, content_ids, **typed):
        typed.setdefault("percent_change", "10" if "new_price" not in typed else "")
        data = {"step": "review", "ids": list(content_ids), **typed}
        return client.post("/batches/new/update-price", data)

    return prepare


@pytest.fixture
def prepared(prepare):
    """The same for a valid request; return the submission."""

    def prepared(client, content_ids, **typed):
        answer = prepare(client, content_ids, **typed)
        assert answer.status_code == 302, answer.content.decode()
        return Submission.objects.get(pk=answer["Location"].removeprefix("/submissions/"))

    return prepared
