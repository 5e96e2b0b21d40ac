"""Chaos and bench use a broker of their own."""

import pytest

from batches.management.scratch import use_broker
from config.celery import app

SETTINGS = ("broker_url", "broker_read_url", "broker_write_url", "broker_transport_options")


@pytest.fixture(autouse=True)
def _as_it_was():
    before = {name: app.conf.get(name) for name in SETTINGS}
    yield
    app.conf.update(before)


def test_own_broker_overrides_environment(monkeypatch):
    # As set in the caller's shell: Celery reads it on its own.
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://redis.example.org:6379/0")

    use_broker("memory://", {"polling_interval": 1})

    for connection in (app.connection_for_write(), app.connection_for_read()):
        assert connection.transport_cls == "memory"
        assert connection.transport_options["polling_interval"] == 1
