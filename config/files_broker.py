"""The filesystem broker, with atomic writes.

Kombu's own transport writes messages and bindings in place: a reader in between, or after a full
disk or a killed writer, gets an error that ends the worker.
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
    """Writes messages by a rename; keeps bindings in memory, declared by every process."""

    supports_fanout = False
    get_table = virtual.Channel.get_table  # type: ignore[assignment]

    # The parents' types disagree on the names.
    def _put(self, queue: str, payload: Any, **options: Any) -> None:  # type: ignore[override]
        # Names sort by time. Processed messages go to a folder that is pruned.
        name = f"{time_ns():020}_{uuid4()}.{queue}.msg"
        draft = Path(self.processed_folder) / f"{name}.draft"
        try:
            draft.write_text(dumps(payload))
            os.replace(draft, Path(self.data_folder_out) / name)  # noqa: PTH105
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ChannelError(f"Cannot store a message: {error.strerror}.") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Return the next message. An unreadable one is dropped; the sweeper makes up for it."""
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                log.warning("message_unreadable", queue=queue)


class Transport(filesystem.Transport):
    Channel = Channel


def install() -> None:
    """Register this broker for `filesystem://` in this process."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
