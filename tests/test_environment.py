"""Environment variables are parsed, or refused with one message."""

import pytest

from config import environment
from config.brokers import broker_settings
from config.database_url import database_from_url
from config.environment import ConfigurationError

SECRET = "p4ssword"


@pytest.mark.parametrize("given", ["abc", "0", "-5", "1.5", "٣", "1_000", "1e3", "9" * 20])
def test_invalid_integer_refused(monkeypatch, given):
    monkeypatch.setenv("BATCH_QUOTA_PER_HOUR", given)
    with pytest.raises(ConfigurationError) as refused:
        environment.env_int("BATCH_QUOTA_PER_HOUR", default=50)
    assert str(refused.value) == (
        f"BATCH_QUOTA_PER_HOUR is {given!r}; give a whole number from 1 to 1,000,000,000."
    )


@pytest.mark.parametrize("given", ["abc", "0", "-1", "nan", "inf", "1,5"])
def test_invalid_seconds_refused(monkeypatch, given):
    monkeypatch.setenv("SWEEP_SECONDS", given)
    with pytest.raises(ConfigurationError, match=r"^SWEEP_SECONDS is .*above 0\.$"):
        environment.env_seconds("SWEEP_SECONDS", default=5)


def test_valid_values_accepted(monkeypatch):
    monkeypatch.setenv("BATCH_QUOTA_PER_HOUR", " 7 ")
    monkeypatch.setenv("SWEEP_SECONDS", "0.5")
    monkeypatch.setenv("DEBUG", "No")
    monkeypatch.setenv("LOG_LEVEL", "warning")
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example,")
    assert environment.env_int("BATCH_QUOTA_PER_HOUR", default=50) == 7
    assert environment.env_seconds("SWEEP_SECONDS", default=5) == 0.5
    assert environment.env_bool("DEBUG", default=True) is False
    assert environment.log_level("INFO") == "WARNING"
    assert environment.env_list("ALLOWED_HOSTS") == ["a.example", "b.example"]


def test_senders_and_failures_that_are_meant_are_taken(monkeypatch):
    for given in ("", "rejected", "unreachable", "7", "7, 9"):
        monkeypatch.setenv("SANDBOX_FAILURE", given)
        assert environment.sandbox_failure() == given
    for given in ("shop@example.org", "Shop <shop@example.org>"):
        monkeypatch.setenv("DEFAULT_FROM_EMAIL", given)
        assert environment.mail_sender("") == given
    monkeypatch.delenv("DEFAULT_FROM_EMAIL")
    assert environment.mail_sender("Shop <shop@127.0.0.1>") == "Shop <shop@127.0.0.1>"


def test_empty_variable_uses_default(monkeypatch):
    for name in ("LOGIN_FAILURES", "SWEEP_SECONDS", "DEBUG", "CONTRACT_CLIENT", "EMAIL_URL"):
        monkeypatch.setenv(name, "")
    assert environment.env_int("LOGIN_FAILURES", default=10) == 10
    assert environment.env_seconds("SWEEP_SECONDS", default=5) == 5
    assert environment.env_bool("DEBUG", default=False) is False
    assert environment.env_choice("CONTRACT_CLIENT", default="off", among=("off",)) == "off"
    assert environment.mail_settings() == {}


@pytest.mark.parametrize(
    "url", ["localhost", "ftp://a.example", "https://", "https://a.example/shop", "http://[::1"]
)
def test_a_site_without_an_address_is_refused(monkeypatch, url):
    monkeypatch.setenv("SITE_URL", url)
    with pytest.raises(ConfigurationError, match=r"^SITE_URL is "):
        environment.site_url()


@pytest.mark.parametrize("given", ["notanaddress", "Shop <>", "a@b@c", "shop@"])
def test_a_sender_without_an_address_is_refused(monkeypatch, given):
    monkeypatch.setenv("DEFAULT_FROM_EMAIL", given)
    with pytest.raises(ConfigurationError, match=r"^DEFAULT_FROM_EMAIL is "):
        environment.mail_sender("")


@pytest.mark.parametrize("given", ["x", "7,y", "7,", "rejected,7", "-1"])
def test_unknown_sandbox_failure_refused(monkeypatch, given):
    monkeypatch.setenv("SANDBOX_FAILURE", given)
    with pytest.raises(ConfigurationError, match=r"^SANDBOX_FAILURE is "):
        environment.sandbox_failure()


@pytest.mark.parametrize("url", ["nonsense", "gopher://h:1", "smtp://", "smtp://u:p4ssword@h:abc"])
def test_a_mail_server_without_an_address_is_refused(monkeypatch, url):
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ConfigurationError, match=r"^EMAIL_URL is no") as refused:
        environment.mail_settings()
    assert SECRET not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", "/dev/null/x")
    with pytest.raises(ConfigurationError, match=r"^DATA_DIR /dev/null/x can't be made: "):
        environment.data_dir(tmp_path)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgres://u:p4ssword@h:abc/db", "not a valid URL"),
        ("postgres://u:p4ss/word@h/db", "not a valid URL"),
        ("postgres://[::1/x", "not a valid URL"),
        ("postgres://", "names no database"),
        ("postgres://u:p4ssword@h/", "names no database"),
        ("sqlite://", "in memory"),
        ("sqlite://:memory:", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite://var/db.sqlite3", "names a host"),
        ("mongodb://h", "names no database"),
        ("mongodb://h:abc/x", "not a valid URL"),
        ("mongodb://u:p4ss@word@h,:x/db", "not a valid MongoDB URL"),
        ("oracle://h/db", "has the unknown scheme 'oracle'"),
        ("somewhere", "has no scheme"),
        ("", "has no scheme"),
    ],
)
def test_invalid_database_url_refused(url, words):
    with pytest.raises(ConfigurationError, match=r"^DATABASE_URL ") as refused:
        database_from_url(url)
    assert words in str(refused.value)
    assert not {SECRET, "p4ss", "word@"} & set(str(refused.value).split())
    assert SECRET not in str(refused.value)


def test_several_hosts_are_taken():
    found = database_from_url("mongodb://a:27017,b:27018/shop?replicaSet=r&connectTimeoutMS=9")
    assert (found["NAME"], found["OPTIONS"]) == ("shop", {"serverSelectionTimeoutMS": 5000})
    found = database_from_url("postgres://u@a:5432,b:5433/shop?connect_timeout=1&sslmode=require")
    assert found["HOST"] == "a,b"
    assert found["OPTIONS"].items() >= {"connect_timeout": 1, "sslmode": "require"}.items()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://[::1", "not a valid URL"),
        ("redis://:p4ssword@h:abc", "not a valid URL"),
        ("redis://h/shop", "needs a Redis database number, not 'shop'"),
        ("amqp://h:port//", "not a valid URL"),
        ("memory://", "in-memory"),
        ("filesystem:///var/queue", "names a folder"),
        ("sqs://", "has the unknown scheme 'sqs'"),
        ("rabbit", "has no scheme"),
    ],
)
def test_invalid_broker_url_refused(tmp_path, url, words):
    with pytest.raises(ConfigurationError, match=r"^CELERY_BROKER_URL ") as refused:
        broker_settings(url, tmp_path)
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)
    assert not list(tmp_path.iterdir())
