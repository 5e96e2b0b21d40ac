"""manage.py demo: starts everything in one terminal."""

import json
import os
import secrets
import signal
import socket
import sys
import time
import urllib.request
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from batches.management.demo.check import CheckFailed, run_all
from batches.management.demo.data import fill
from batches.management.processes import ProcessGroup

START_SECONDS = 30


class Stop(Exception):
    """Ctrl-C or SIGTERM."""


class Command(BaseCommand):
    help = (
        "Start web server, worker and sweeper in one terminal, with sample data. "
        "Needs no server and no configuration; Ctrl-C stops everything."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help="the port to listen on (8000)")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument(
            "--once",
            action="store_true",
            help="run a batch of each kind over HTTP, a retry, an undo and a scheduled one, print "
            "their results, and end",
        )

    def handle(self, *, port: int | None, host: str, once: bool, **options: Any) -> None:
        port = _port(host, port, is_any=once)
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, _raise_stop)
        url = f"http://{host}:{port}"
        group = ProcessGroup(_environment(url), settings.BASE_DIR)
        try:
            call_command("migrate", verbosity=0)
            password = _password()
            fill(password, is_given="DEMO_PASSWORD" in os.environ)
            self._start(group, host, port)
            _wait_until_up(group, url)
            if once:
                self._check(url, password)
                return
            self._welcome(url, password)
            while not (name := group.dead()):
                time.sleep(0.2)
            raise CommandError(f"The {name} ended unexpectedly, so the demo stops.", returncode=1)
        except Stop:
            self.stdout.write("\nStopping …")
        finally:
            for signal_number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signal_number, signal.SIG_IGN)
            group.stop()

    def _start(self, group: ProcessGroup, host: str, port: int) -> None:
        level = ("--loglevel", "WARNING")
        group.start(
            "web server", "gunicorn", "config.wsgi", "--bind", f"{host}:{port}",
            "--threads", "8", "--log-level", "warning", "--graceful-timeout", "2",
        )  # fmt: skip
        # Celery prints its farewell to stdout; its log goes to stderr.
        worker = ("celery", "-A", "config", "-q", "worker", *level)
        # Workers need not discover each other, which takes a second.
        alone = ("--without-gossip", "--without-mingle")
        group.start("worker", *worker, *alone, is_silent=True)
        group.start("sweeper", "celery", "-A", "config", "-q", "beat", *level)

    def _welcome(self, url: str, password: str) -> None:
        mails = f"Mails\t{settings.EMAIL_FILE_PATH}\n" if not settings.EMAIL_URL else ""
        text = (
            f"\nContent Batches is running. Ctrl-C stops it.\n\n"
            f"Pages\t{url}/\nAdmin\t{url}/admin/\nAPI\t{url}/api/docs\n{mails}\n"
            f"Sign in as alice or bob (creators), carol (a buyer) or staff (for the admin).\n"
            f"The password of all four is {password}, unless you changed it.\n"
        )
        self.stdout.write(text.expandtabs(8))
        self.stdout.flush()

    def _check(self, url: str, password: str) -> None:
        try:
            for name, batch in run_all(url, password):
                self.stdout.write(f"\n{name}: {batch['successCount']} of {batch['totalItems']}")
                self.stdout.write(f"{'item':<14}{'saved':<11}{'on chain':<15}what happened")
                for result in batch["results"]:
                    chain = result.get("onChain", {}).get("status", "none")
                    words = result.get("message") or result.get("error")
                    line = f"{result['contentId']:<14}{result['outcome']:<11}{chain:<15}{words}"
                    self.stdout.write(line)
        except CheckFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\nAll results are as expected.")


def _raise_stop(*_: object) -> NoReturn:
    raise Stop


def _port(host: str, port: int | None, *, is_any: bool) -> int:
    """Return the port to listen on; with `is_any` a free one if none is given."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, 0 if is_any and port is None else port or 8000))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Can't listen on {host}:{port or 8000}: {error}. Choose another with --port.",
                returncode=2,
            ) from error
        return int(probe.getsockname()[1])


def _environment(url: str) -> dict[str, str]:
    return {
        "SITE_URL": url,
        "LOG_LEVEL": "WARNING",
        "CONTRACT_CLIENT": "sandbox",
        **os.environ,
        "DATA_DIR": str(settings.DATA_DIR),
        "PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]),
        "PYTHONWARNINGS": "ignore",
    }


def _password() -> str:
    """DEMO_PASSWORD, or one that is generated once and stored with the data."""
    if given := os.environ.get("DEMO_PASSWORD"):
        return given
    path = Path(settings.DATA_DIR) / "demo-password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text("-".join(secrets.token_hex(2) for _ in range(3)))
    return path.read_text()


def _wait_until_up(group: ProcessGroup, url: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if name := group.dead():
            raise CommandError(f"The {name} did not start; see its output above.", returncode=1)
        if _is_up(url):
            return
        time.sleep(0.1)
    print("The web server or the worker did not start in time.", file=sys.stderr)


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=1) as answer:  # noqa: S310
            return bool(json.load(answer)["worker"] == "ok")
    except OSError:
        return False
