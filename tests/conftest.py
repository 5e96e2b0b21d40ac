"""The users of the tests, and the engine without a broker."""

import gc
import json
import os
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpResponse
from django.template.base import Template
from django.test import Client
from django.test.signals import template_rendered

from batches.models import BatchOperation, Notification
from batches.operations import OPERATIONS
from batches.services.engine.run_batch import run_batch
from batches.services.mail.outbox import deliver_notification
from batches.services.worker.contract_sync import send_contract_calls
from content.models import ApiToken, User, Wallet
from content.services.people.password_mail import send_password_mails
from tests import mongodb_cleanup, mongodb_shim, unsupported
from tests.factories import UserFactory, WalletFactory

USUAL_SECONDS = 120
# Where the answer depends on which database is asked; pages and permissions don't.
PORTABLE = (
    "tests/batches/api/test_idempotency.py",
    "tests/batches/api/test_pages_by_key.py",
    "tests/batches/api/test_read.py",
    "tests/batches/commands/test_verify",
    "tests/batches/pages/test_batch_filters.py",
    "tests/batches/operations/",
    "tests/batches/services/",
    "tests/content/api/test_contents.py",
    "tests/content/commands/",
    "tests/content/pages/test_content_list.py",
    "tests/content/services/",
    "tests/test_database",
    "tests/test_indexes.py",
    "tests/test_mongodb_shim.py",
    "tests/test_rows.py",
)
RUN_PERMISSIONS = [operation.codename for operation in OPERATIONS.values()]


def pytest_sessionstart():
    if connection.vendor == "mongodb":
        mongodb_cleanup.install()
        mongodb_shim.install_for(connection.settings_dict["HOST"])


def pytest_report_header(config):
    if config.args_source is config.ArgsSource.TESTPATHS and not config.option.markexpr:
        return f"the whole suite: about {USUAL_SECONDS} s on two cores with SQLite"
    return None


def pytest_ignore_collect(collection_path, config):
    # Needs seconds to read the description of the API, in each process, for what would be skipped.
    is_asked_for = "processes" in config.option.markexpr
    return True if collection_path.name == "schema" and not is_asked_for else None


def pytest_itemcollected(item):
    if item.nodeid.startswith(PORTABLE) and _asks_the_database(item) and not _is_long(item):
        item.add_marker("portable")


def pytest_collection_finish():
    # What was imported is no garbage, and looking through it again and again takes a tenth.
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config, items):
    out = {item for item in items if not unsupported.is_supported(item.nodeid, connection.vendor)}
    if "CI" in os.environ and not config.option.markexpr:
        out |= {item for item in items if _is_long(item)}  # .ci/run has a step for them
        if connection.vendor != "sqlite":  # and has run them on SQLite before
            out |= {item for item in items if not _asks_the_database(item)}
    if out:
        config.hook.pytest_deselected(items=list(out))
        items[:] = [item for item in items if item not in out]


def pytest_runtest_setup(item):
    if _is_long(item) and not item.config.option.markexpr:
        pytest.skip("takes minutes and a machine to itself: pytest -m 'processes or browser'")


def _is_long(item) -> bool:
    return any(item.get_closest_marker(name) for name in ("processes", "browser"))


def _asks_the_database(item) -> bool:
    is_marked = item.get_closest_marker("django_db") is not None
    return is_marked or not {"db", "transactional_db"}.isdisjoint(item.fixturenames)


@pytest.fixture(scope="session", autouse=True)
def _tell_of_whole_pages_only(django_test_environment):
    """Django's client would copy the context for every piece of a page, each option too."""

    def render(template, context):
        if context.template is template:
            template_rendered.send(sender=template, template=template, context=context)
        return template.nodelist.render(context)

    Template._render = render


def person(name: str, *, is_creator: bool | None = None, **fields: object) -> User:
    user = UserFactory(username=name, **fields)
    if is_creator is not None:
        WalletFactory(display_name=name.title(), owner=user, is_creator=is_creator)
    return user


def grant(user: User, *codenames: str) -> User:
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)  # a fresh object: permissions are cached on it


VIEWS = (
    "view_content",
    "view_contentchange",
    "view_wallet",
    "view_batchoperation",
    "view_batchitem",
)
PEOPLE: dict[str, Callable[[], User]] = {
    # A creator, another creator, a buyer.
    "alice": lambda: person("alice", is_creator=True),
    "bob": lambda: person("bob", is_creator=True),
    "carol": lambda: person("carol", is_creator=False),
    # Staff without any permission, staff who may view, staff who may also run every operation.
    "clerk": lambda: person("clerk", is_staff=True),
    "viewer": lambda: grant(person("viewer", is_staff=True), *VIEWS),
    "staff": lambda: grant(
        person("staff", is_staff=True), "change_content", *VIEWS, *RUN_PERMISSIONS
    ),
    # A superuser.
    "root": lambda: person("root", is_staff=True, is_superuser=True),
}


def _fixture_of(name: str):
    @pytest.fixture(name=name)
    def made(db) -> User:
        return PEOPLE[name]()

    return made


alice, bob, carol, clerk, viewer, staff, root = (_fixture_of(name) for name in PEOPLE)


@pytest.fixture
def wallet_of(db) -> Callable[[User], Wallet]:
    return lambda user: Wallet.objects.get(owner=user)


@pytest.fixture
def signed_in(client: Client) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in


def work_all() -> None:
    """What the workers do until nothing is left: batches, then chain calls and mails."""
    for key in BatchOperation.objects.claimable().values_list("pk", flat=True):
        run_batch(key)
    send_contract_calls()
    for key in Notification.objects.due().values_list("pk", flat=True):
        deliver_notification(key)
    send_password_mails()


@pytest.fixture
def work() -> Callable[[], None]:
    return work_all


class Caller:
    """Calls the API as one person, with a token, and reads JSON."""

    def __init__(self, user: User | None) -> None:
        self.client = Client()
        self.headers = {}
        if user is not None:
            _, token = ApiToken.objects.create(user=user)
            self.headers = {"Authorization": f"Token {token}"}

    def get(self, path: str, **query: object) -> HttpResponse:
        return self.client.get(path, query, headers=self.headers)

    def post(self, path: str, body: object = None, **headers: str) -> HttpResponse:
        return self.send("post", path, "" if body is None else json.dumps(body), **headers)

    def patch(self, path: str, body: object, **headers: str) -> HttpResponse:
        return self.send("patch", path, json.dumps(body), **headers)

    def send(
        self,
        method: str,
        path: str,
        data: str | bytes,
        content_type: str = "application/json",
        **headers: str,
    ) -> HttpResponse:
        # `generic` sends the bytes as they are, whatever the content type says of them.
        return self.client.generic(
            method.upper(),
            path,
            data,
            content_type=content_type,
            headers={**self.headers, **headers},
        )


@pytest.fixture
def call(db) -> Callable[[User | None], Caller]:
    return Caller
