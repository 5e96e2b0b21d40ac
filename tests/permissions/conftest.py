"""The data of the permission table: users, existing batches, and requests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from batches.models import BatchOperation, Dependency, Submission, Template, TemplateRun
from content.models import ApiToken, Content, User, Wallet
from tests.conftest import PEOPLE, person
from tests.permissions.things import make_things
from tests.rollback import rolled_back, world_scope


class World:
    """`things` are the keys that a row may name."""

    def __init__(self) -> None:
        self.make()

    def make(self) -> None:
        people = {name: make() for name, make in PEOPLE.items()}
        people["inactive"] = person("inactive", is_active=False)
        self.things = make_things(people["alice"], people["staff"])
        self._tokens, self._sessions = {}, {}
        for name, user in people.items():
            self._tokens[name] = ApiToken.objects.create(user=user)[1]
            client = Client()
            client.force_login(user)
            self._sessions[name] = client.cookies[settings.SESSION_COOKIE_NAME].value

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Make the world afterwards what it was before."""
        try:
            with rolled_back():
                yield
        finally:
            if connection.vendor == "mongodb":
                self.make()

    def ask(self, door: str, method: str, path: str, data: object, who: str) -> HttpResponse:
        """Send a row's request as somebody."""
        client = Client()
        if door == "api":
            headers = {} if who == "anonymous" else {"Authorization": f"Token {self._tokens[who]}"}
            if method == "get":
                return client.get(path, data, headers=headers)
            is_file = isinstance(data, str)
            body = data if is_file else "" if data is None else json.dumps(data)
            kind = "text/csv" if is_file else "application/json"
            return client.generic(method.upper(), path, body, content_type=kind, headers=headers)
        if who != "anonymous":
            client.cookies[settings.SESSION_COOKIE_NAME] = self._sessions[who]
        if isinstance(data, str):
            data = {"file": SimpleUploadedFile("prices.csv", data.encode())}
        return getattr(client, method)(path, data)


@pytest.fixture(scope=world_scope)
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    with django_db_blocker.unblock(), rolled_back():
        yield World()


def snapshot() -> list[object]:
    """Everything that a refused request must leave as it was."""
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
