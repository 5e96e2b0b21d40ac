"""The filesystem broker: complete messages in order of time, despite stray files."""

from contextlib import closing
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from config import files_broker
from config.brokers import broker_settings


@pytest.fixture
def channel(tmp_path):
    files_broker.install()
    url, options = broker_settings("filesystem://", tmp_path)
    with closing(Connection(url, transport_options=options)) as connection:
        yield connection.channel()


def test_messages_come_in_the_order_they_were_sent(channel):
    for number in range(20):
        channel._put("batches", {"number": number})
    channel._put("outbox", {"number": 99})
    assert [channel._get("batches")["number"] for _ in range(20)] == list(range(20))
    with pytest.raises(Empty):
        channel._get("batches")


@pytest.mark.parametrize("rest", [b"", b'{"body": "', b"\xff\x00"])
def test_half_a_message_is_passed_over(channel, tmp_path, rest):
    (Path(tmp_path) / "broker" / "messages" / "0_x.batches.msg").write_bytes(rest)
    channel._put("batches", {"number": 1})
    assert channel._get("batches") == {"number": 1}


def test_nothing_stays_aside(channel, tmp_path):
    channel._put("batches", {"number": 1})
    names = [path.name for path in (Path(tmp_path) / "broker").rglob("*") if path.is_file()]
    assert [name.partition(".")[2] for name in names] == ["batches.msg"]
