"""Settings of each kind of broker, and a connection check."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from amqp.exceptions import AccessRefused, NotAllowed
from kombu import Connection
from redis.exceptions import AuthenticationError, ResponseError

from config.environment import ConfigurationError, split_url

SOCKET_SECONDS = 2
LONGEST_REASON = 120
# Longer than any task: Redis redelivers a message after this time.
VISIBILITY_SECONDS = 3600


def broker_settings(url: str, data_dir: Path) -> tuple[str, dict[str, Any]]:
    """Return the URL and the transport options of filesystem://, redis:// or amqp:// .

    Opens no connection. Raises ConfigurationError with a message that names the error.
    """
    parts = split_url("CELERY_BROKER_URL", url)
    scheme = parts.scheme
    if scheme == "filesystem":
        if parts.netloc or parts.path.strip("/"):
            raise ConfigurationError(
                "CELERY_BROKER_URL names a folder, but files go to the folder broker in DATA_DIR; "
                "write filesystem:// and set DATA_DIR."
            )
        folder = data_dir / "broker"
        _make_folders(folder)
        return "filesystem://", {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "processed_folder": str(folder / "processed"),
            "control_folder": str(folder / "control"),
            # Moves a message by a rename; otherwise it would be read and deleted, and a worker
            # that dies in between would leave no trace. `sweep` prunes the folder.
            "store_processed": True,
            # The default polls once a second, which delays each batch by up to a second.
            "polling_interval": 0.1,
        }
    if scheme in {"redis", "rediss"}:
        _check_redis_url(parts)
        return url, {
            "visibility_timeout": VISIBILITY_SECONDS,
            "socket_timeout": SOCKET_SECONDS,
            "socket_connect_timeout": SOCKET_SECONDS,
            "socket_keepalive": True,
        }
    if scheme in {"amqp", "amqps", "pyamqp"}:
        return url, {
            "read_timeout": SOCKET_SECONDS,
            "write_timeout": SOCKET_SECONDS,
            "confirm_publish": True,
        }
    if scheme == "memory":
        raise ConfigurationError(
            "CELERY_BROKER_URL is an in-memory broker, which other processes can't reach; "
            "use filesystem://, redis://… or amqp://… ."
        )
    problem = f"has the unknown scheme {scheme!r}" if scheme else "has no scheme"
    raise ConfigurationError(
        f"CELERY_BROKER_URL {problem}; use filesystem://, redis://… or amqp://… ."
    )


def check_broker(url: str, options: Mapping[str, Any]) -> None:
    """Connect once, for some seconds at most. Raises ConfigurationError if it is refused.

    A broker that is down or silent is not an error: processes wait for it and log that.
    """
    broker = Connection(url, transport_options=dict(options), connect_timeout=SOCKET_SECONDS)
    try:
        broker.connect()
    except (AccessRefused, NotAllowed, AuthenticationError, ResponseError) as error:
        reason = " ".join(str(error).split()).rpartition(" - ")[2][:LONGEST_REASON].rstrip(".")
        place = urlsplit(url).netloc.rpartition("@")[2]
        raise ConfigurationError(
            f"The broker at {place} refuses the connection ({reason}); correct the user, the "
            "password or the path in CELERY_BROKER_URL."
        ) from None
    except Exception:  # transports raise anything if there is no answer
        return
    finally:
        broker.release()


def _make_folders(folder: Path) -> None:
    try:
        for name in ("messages", "processed", "control"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The broker's folder {folder} can't be made: {error.strerror}. "
            "Choose a DATA_DIR that can be written."
        ) from None


def _check_redis_url(parts: SplitResult) -> None:
    number = parts.path.strip("/")
    if number and not (number.isascii() and number.isdecimal()):
        raise ConfigurationError(
            f"CELERY_BROKER_URL needs a Redis database number, not {number!r}: redis://host:6379/0."
        )
