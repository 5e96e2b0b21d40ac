"""MongoDB transactions when the connection is cut at their end: later ones are intact."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread

import pytest
from django.db import connection
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from config.database import atomic
from content.models import Content
from tests.factories import make_contents

pytestmark = pytest.mark.django_db(transaction=True)


class Relay:
    """Stands between the driver and its server, and cuts the line at a word while told to."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server, self.word, self.is_cutting = server, b"", Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def cut_at(self, word: str) -> None:
        self.word = word.encode()
        self.is_cutting.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                driver, _ = self.listener.accept()
                server = socket.create_connection(self.server)
                for ends in ((driver, server), (server, driver)):
                    Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(65536):
                if self.is_cutting.is_set() and self.word in data:
                    break
                target.sendall(data)
            for end in (source, target):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def relay(alice, monkeypatch) -> Iterator[Relay]:
    """The tests' own server, reached through a line that can be cut."""
    host = connection.settings_dict["HOST"]
    relay = Relay(parse_uri(host)["nodelist"][0])
    connection.close_pool()
    monkeypatch.setitem(
        connection.settings_dict, "HOST", f"mongodb://127.0.0.1:{relay.port}/?directConnection=true"
    )
    yield relay
    relay.is_cutting.clear()
    connection.close_pool()
    relay.listener.close()


@pytest.mark.parametrize("at", ["commitTransaction", "abortTransaction"])
def test_connection_cut_at_commit_is_isolated(relay, at, alice, wallet_of):
    @atomic
    def write(count: int, *, is_refused: bool) -> None:
        make_contents(wallet_of(alice), count)
        if is_refused:
            raise LookupError

    relay.cut_at(at)
    with pytest.raises((PyMongoError, LookupError)):
        write(1, is_refused=at == "abortTransaction")
    relay.is_cutting.clear()

    with pytest.raises(LookupError):
        write(2, is_refused=True)
    assert not Content.objects.exists()
    write(3, is_refused=False)
    assert Content.objects.count() == 3
