"""The broker of plain files, in which no reader ever finds half a message.

Kombu's own writes a message under its final name, and keeps what is bound to what in files that it
writes in place: whoever reads in between, or after a full disk or a killed writer, ends with an
error that a worker does not survive.
"""

import os
from pathlib import Path
from time import time_ns
from typing import Any
from uuid import uuid4

import structlog
from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem, virtual
from kombu.utils.json import dumps

log = structlog.get_logger(__name__)


class Channel(filesystem.Channel):
    """Messages appear by a rename; bindings are declared anew by every process, in memory."""

    supports_fanout = False
    get_table = virtual.Channel.get_table  # type: ignore[assignment]

    # The types of its two parents don't agree on the names.
    def _put(self, queue: str, payload: Any, **options: Any) -> None:  # type: ignore[override]
        # Names sort by time. Aside means in the folder of what is done with, which is pruned.
        name = f"{time_ns():020}_{uuid4()}.{queue}.msg"
        draft = Path(self.processed_folder) / f"{name}.draft"
        try:
            draft.write_text(dumps(payload))
            os.replace(draft, Path(self.data_folder_out) / name)  # noqa: PTH105
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ChannelError(f"Cannot store a message: {error.strerror}.") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """The next message. One that can't be read is lost, as brokers lose some."""
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                log.warning("message_unreadable", queue=queue)


class Transport(filesystem.Transport):
    Channel = Channel


def install() -> None:
    """Have `filesystem://` mean this broker in this process."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
