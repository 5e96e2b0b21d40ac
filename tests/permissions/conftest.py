"""What alice and staff have begun, and somebody who asks for one thing."""

import json
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from batches.models import (
    BatchOperation,
    Dependency,
    Source,
    Submission,
    Template,
    TemplateRun,
)
from batches.operations import OPERATIONS
from batches.services.drafts import Waiting, prepare
from batches.services.lifecycle import cancel
from batches.services.run import run_batch
from batches.services.submissions import confirm
from batches.services.template_orders import clean_template
from batches.services.templates import create_template
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

    def ran(scheduled_for: datetime | None = None) -> BatchOperation:
        """Started together and run to its end, with an item that failed; or yet to come."""
        made = prepare(
            by=alice,
            source=Source.PAGE,
            operation=OPERATIONS["update-price"],
            payload={"newPrice": next(prices)},
            content_ids=[item.pk, "unknown"],
            waiting=Waiting(scheduled_for=scheduled_for),
        )
        confirm(made.pk, by=alice)
        (batch,) = BatchOperation.objects.filter(submission=made)
        if scheduled_for is None:
            run_batch(batch.pk)
        return batch

    prices = count(50)
    done, coming = ran(), ran(timezone.now() + timedelta(days=1))
    template = create_template(
        clean_template(
            {
                "name": "Every day",
                "operationType": "update-price",
                "updatePayload": {"newPrice": 7},
                "contentIds": [item.pk],
                "repeat": "daily",
                "firstRun": "2026-01-01T09:00",
            }
        ),
        by=alice,
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
        "done": str(done.pk),
        "done_group": str(done.submission_id),
        "coming": str(coming.pk),
        "coming_group": str(coming.submission_id),
        "template": str(template.pk),
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
