"""What alice and staff have begun, and somebody who asks for one thing."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from batches.models import BatchOperation, Dependency, Submission, Template, TemplateRun
from content.models import ApiToken, Content, User, Wallet
from tests.conftest import person
from tests.permissions.things import Things


@pytest.fixture
def things(request, db) -> Things:
    return Things(request.getfixturevalue)


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
            is_file = isinstance(data, str)
            body = data if is_file else "" if data is None else json.dumps(data)
            kind = "text/csv" if is_file else "application/json"
            return client.generic(method.upper(), path, body, content_type=kind, headers=headers)
        if isinstance(data, str):
            data = {"file": SimpleUploadedFile("prices.csv", data.encode())}
        return getattr(client_of(who, user), method)(path, data)

    return ask


@pytest.fixture
def snapshot():
    """Everything that a refused request must leave as it was."""

    def snapshot() -> list[object]:
        return [
            sorted(BatchOperation.objects.values_list("pk", "status", "is_paused", "updated_at")),
            sorted(ApiToken.objects.exclude(name="").values_list("token_key", "expiry")),
            sorted(Submission.objects.values_list("pk", "state", "is_paused")),
            sorted(Template.objects.values_list("pk", "name", "is_paused", "updated_at")),
            sorted(TemplateRun.objects.values_list("pk", "state")),
            sorted(Dependency.objects.values_list("batch", "parent")),
            sorted(Content.objects.values_list("pk", "version")),
            sorted(Wallet.objects.values_list("pk", "owner", "notify", "quota_used")),
            sorted(User.objects.values_list("username", "time_zone", "is_active", "password")),
        ]

    return snapshot
