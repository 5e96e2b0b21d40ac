"""Read by gunicorn itself where it is started in this folder; its command line goes before."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# A visitor who waits for the database must not keep /livez waiting.
threads = 8


def on_starting(server: object) -> None:
    """Refuse to start where a preflight check fails.

    A child looks: a parent that had loaded the program could not load a newer one on HUP.
    """
    look = [sys.executable, "-m", "config.preflight"]
    if code := subprocess.run(look, cwd=HERE, check=False).returncode:  # noqa: S603
        sys.exit(code)
