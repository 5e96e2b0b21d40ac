"""Gunicorn's settings, read when it starts in this folder; its options take precedence."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# A visitor who waits for the database must not keep /livez waiting.
threads = 8


def on_starting(server: object) -> None:
    """Refuse to start if a preflight check fails.

    The check runs in a child process, so that the parent can load a newer program on HUP.
    """
    command = [sys.executable, "-m", "config.preflight"]
    if code := subprocess.run(command, cwd=HERE, check=False).returncode:  # noqa: S603
        sys.exit(code)
