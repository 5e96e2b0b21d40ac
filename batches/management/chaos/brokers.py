"""The brokers of chaos: a private one wherever possible, which is then harmed as well."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.management.base import CommandError
from kombu import Connection, Queue

from config.brokers import broker_settings, check_broker

QUEUES = ("batches", "outbox", "sweep")
START_SECONDS = 10.0
CONTROL_SECONDS = 30.0
THIS_MACHINE = {None, "localhost", "127.0.0.1", "::1"}


class Broker:
    """A given broker, which is not harmed."""

    # The kinds of harm, and how often compared with kills of processes.
    harms: Mapping[str, int] = {}
    # A remark for the operator.
    remark = ""

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> None:
        """Start it if it does not run. Raises CommandError if that fails."""

    def harm(self, how: str) -> None:
        """Do one of `harms`."""
        raise KeyError(how)

    def stop(self) -> None:
        """Remove everything; safe to repeat."""


class OwnRedis(Broker):
    """A Redis that keeps nothing: when it is killed all its messages are lost."""

    harms = {"broker": 2}

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self.server: subprocess.Popen[bytes] | None = None
        super().__init__(f"redis://127.0.0.1:{self.port}/0")

    def start(self) -> None:
        if self.server is not None and self.server.poll() is None:
            return
        program = shutil.which("redis-server")
        if program is None:
            raise CommandError("Install redis-server: chaos kills one of its own.", returncode=2)
        # A process group of its own, so that Ctrl-C does not reach it.
        self.server = subprocess.Popen(  # noqa: S603
            [program, "--port", str(self.port), "--save", "", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        raise CommandError("redis-server did not start.", returncode=1)

    def harm(self, how: str) -> None:
        self.stop()

    def stop(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGKILL)
            self.server.wait()


class OwnVirtualHost(Broker):
    """A virtual host on the RabbitMQ of this machine, made and removed by rabbitmqctl.

    The server is shared and is not killed. Its connections are cut, so that it redelivers all
    unacknowledged messages, also of running tasks; or its messages are lost as well.
    """

    harms = {"connections": 1, "connections and messages": 1}

    def __init__(self, url: str, control: str) -> None:
        self.control, self.name = control, f"chaos_{os.getpid()}_{secrets.token_hex(4)}"
        self.user = unquote(urlsplit(url).username or "guest")
        self.is_made = False
        super().__init__(urlsplit(url)._replace(path=f"/{self.name}").geturl())

    def make(self) -> bool:
        """Return False, with nothing left behind, if rabbitmqctl has no right to this server."""
        self.is_made = self._control("add_vhost", self.name)
        everything = (self.user, ".*", ".*", ".*")
        if (
            self.is_made
            and self._control("set_permissions", "-p", self.name, *everything)
            and self._answers()
        ):
            return True
        self.stop()
        return False

    def harm(self, how: str) -> None:
        if not self._control("close_all_connections", "--vhost", self.name, "chaos"):
            raise CommandError("rabbitmqctl could not cut the connections.", returncode=1)
        if how == "connections and messages":
            self._lose_messages()

    def stop(self) -> None:
        if self.is_made:
            self.is_made = not self._control("delete_vhost", self.name)

    def _lose_messages(self) -> None:
        with self._connection() as connection:
            for name in QUEUES:
                # Does not exist until a worker has listened to it.
                with suppress(*connection.channel_errors):
                    Queue(name)(connection.channel()).purge()

    def _answers(self) -> bool:
        with self._connection() as connection:
            try:
                connection.connect()
            except (*connection.connection_errors, *connection.channel_errors):
                return False
        return True

    def _connection(self) -> Connection:
        url, options = broker_settings(self.url, Path())
        return Connection(url, transport_options=options, connect_timeout=2)

    def _control(self, *arguments: str) -> bool:
        try:
            done = subprocess.run(  # noqa: S603
                [self.control, "-q", *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=CONTROL_SECONDS,
                check=False,
                # Ctrl-C is for the caller: it must not interrupt a command halfway.
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0


def broker_for(url: str, folder: Path) -> Broker:
    """Return the kind of broker that `url` names; `folder` is for what it keeps.

    Raises ConfigurationError if that broker is to be used and refuses the connection.
    """
    parts = urlsplit(url)
    if parts.scheme == "redis":
        return OwnRedis(folder)
    if parts.scheme not in {"amqp", "amqps", "pyamqp"}:
        return Broker(url)
    control = shutil.which("rabbitmqctl")
    if control is not None and parts.hostname in THIS_MACHINE:
        own = OwnVirtualHost(url, control)
        if own.make():
            return own
    check_broker(*broker_settings(url, folder))
    given = Broker(url)
    given.remark = (
        "rabbitmqctl can't create a virtual host there, so the one of CELERY_BROKER_URL is used as "
        "it is and not harmed; make sure that nothing else uses it during this run."
    )
    return given


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
