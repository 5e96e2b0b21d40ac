"""What alice and staff have begun, and somebody who asks for one thing."""

import json

import pytest
from django.test import Client

from batches.models import BatchOperation, Source, Submission
from batches.operations import OPERATIONS
from batches.services.lifecycle import cancel
from batches.services.submissions import confirm, prepare
from content.models import ApiToken, Content, User, Wallet
from tests.batches.orders import price_batch
from tests.conftest import person
from tests.factories import make_contents


@pytest.fixture
def things(alice, staff, wallet_of) -> dict[str, str]:
    """The keys that a row may name."""
    wallet = wallet_of(alice)
    (item,) = make_contents(wallet)
    ended = price_batch(alice, [item.pk])
    cancel(ended)

    def submission(by: User, source: Source) -> Submission:
        return prepare(
            by=by,
            source=source,
            operation=OPERATIONS["update-price"],
            payload={"newPrice": 5},
            content_ids=[item.pk],
        )

    started = submission(alice, Source.PAGE)
    confirm(started.pk, by=alice)
    token, _ = ApiToken.objects.create(user=alice, name="alice's own")
    return {
        "token": token.token_key,
        "address": wallet.pk,
        "item": item.pk,
        "batch": str(price_batch(alice, [item.pk]).pk),
        "ended": str(ended.pk),
        "draft": str(submission(alice, Source.PAGE).pk),
        "started": str(started.pk),
        "prepared": str(submission(staff, Source.ADMIN).pk),
    }


@pytest.fixture
def inactive(db) -> User:
    """Somebody who was shut out."""
    return person("inactive", is_active=False)


@pytest.fixture
def everybody(carol, alice, bob, clerk, viewer, staff, root, inactive) -> None:
    """All of PEOPLE."""


@pytest.fixture
def ask(request):
    """Send a row's request as somebody; the answer."""

    clients: dict[str, Client] = {}

    def client_of(who: str, user: User | None) -> Client:
        if who not in clients:
            clients[who] = Client()
            if user is not None:
                clients[who].force_login(user)
        return clients[who]

    def ask(door: str, method: str, path: str, data: object, who: str):
        user = None if who == "anonymous" else request.getfixturevalue(who)
        if door == "api":
            client, headers = Client(), {}
            if user is not None:
                _, token = ApiToken.objects.create(user=user)
                headers["Authorization"] = f"Token {token}"
            if method == "get":
                return client.get(path, data, headers=headers)
            body = "" if data is None else json.dumps(data)
            return client.generic(
                method.upper(), path, body, content_type="application/json", headers=headers
            )
        return getattr(client_of(who, user), method)(path, data)

    return ask


@pytest.fixture
def snapshot():
    """Everything that a refused request must leave as it was."""

    def snapshot() -> list[object]:
        return [
            sorted(BatchOperation.objects.values_list("pk", "status")),
            sorted(ApiToken.objects.exclude(name="").values_list("token_key", "expiry")),
            sorted(Submission.objects.values_list("pk", "state")),
            sorted(Content.objects.values_list("pk", "version")),
            sorted(Wallet.objects.values_list("pk", "owner", "notify", "quota_used")),
            sorted(User.objects.values_list("username", "time_zone", "is_active", "password")),
        ]

    return snapshot
