"""The limit on failed log-ins: the same at all three doors, without locking others out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from content.services.people.sign_in import client_address
from tests.factories import PASSWORD

DOORS = ["/login", "admin", "/api/auth/login"]


@pytest.fixture(autouse=True)
def _few(settings):
    settings.LOGIN_FAILURES = 3


def log_in(door, password, name="staff", **client):
    path = reverse("admin:login") if door == "admin" else door
    data = {"username": name, "password": password}
    kind = {"content_type": "application/json"} if door.startswith("/api") else {}
    return Client(**client).post(path, data, **kind)


def fail(door):
    for _ in range(3):
        assert "minutes" not in log_in(door, "wrong").content.decode()


@pytest.mark.parametrize("tried", DOORS)
@pytest.mark.parametrize("failed", DOORS)
def test_failed_logins_lock_all_doors(staff, failed, tried):
    fail(failed)
    refused = log_in(tried, PASSWORD)
    assert "Try again in 15 minutes" in refused.content.decode()
    assert refused.status_code == (200 if tried == "admin" else 429)
    with travel(timezone.now() + timedelta(minutes=5), tick=True):
        assert "Try again in 10 minutes" in log_in(tried, PASSWORD).content.decode()
    with travel(timezone.now() + timedelta(minutes=16), tick=True):
        answer = log_in(tried, PASSWORD)
        assert answer.status_code == (200 if tried.startswith("/api") else 302)


@pytest.mark.parametrize("door", DOORS)
def test_failures_counted_per_address(staff, door):
    for _ in range(6):
        log_in(door, "wrong", REMOTE_ADDR="192.0.2.66")
    own = log_in(door, PASSWORD)
    assert own.status_code == (200 if door.startswith("/api") else 302)


@pytest.mark.parametrize("door", DOORS)
def test_failures_counted_per_name(staff, root, door):
    fail(door)
    assert "Try again" not in log_in(door, PASSWORD, name="root").content.decode()


def test_unknown_names_are_refused_in_the_same_words(staff):
    answers = []
    for name in ("staff", "nobody"):
        for _ in range(3):
            log_in("/login", "wrong", name=name)
        page = log_in("/login", PASSWORD, name=name).content.decode()
        answers.append(page.split("<form")[0])
    assert answers[0] == answers[1]


def test_forwarded_address_needs_trusted_proxy(staff):
    for number in range(3):
        log_in("/login", "wrong", headers={"X-Forwarded-For": f"192.0.2.{number}"})
    assert log_in("/login", PASSWORD).status_code == 429


def test_visitors_behind_proxy_limited_separately(staff, settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(4):
        # What the visitor wrote stands first, what the proxy saw last.
        forwarded = f"192.0.2.{number}, 203.0.113.5"
        log_in("/login", "wrong", headers={"X-Forwarded-For": forwarded})
    guesser = {"headers": {"X-Forwarded-For": "203.0.113.5"}}
    owner = {"headers": {"X-Forwarded-For": "203.0.113.6"}}
    assert log_in("/login", PASSWORD, **guesser).status_code == 429
    assert log_in("/login", PASSWORD, **owner).status_code == 302


def test_signed_in_user_not_locked_out(signed_in, staff):
    client = signed_in(staff)
    fail("/login")
    assert client.get("/profile").status_code == 200


@pytest.mark.parametrize(
    ("told", "proxies", "address"),
    [
        ("::ffff:203.0.113.9", 0, "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", 0, "2001:db8:1:2::/64"),
        ("203.0.113.9", 0, "203.0.113.9"),
        ("203.0.113.9:51000", 1, "203.0.113.9"),
        ("[2001:db8:1:2::7]:443", 1, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", 1, "203.0.113.9"),
        ("nonsense", 1, "192.0.2.1"),
    ],
)
def test_an_address_is_known_however_it_is_written(rf, settings, told, proxies, address):
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR="192.0.2.1" if proxies else told)
    if proxies:
        request.META["HTTP_X_FORWARDED_FOR"] = told
    assert client_address(request) == address
