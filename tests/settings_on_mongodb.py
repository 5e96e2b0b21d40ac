"""The suite on MongoDB's protocol, with nothing to start: `pytest --ds=tests.settings_on_mongodb`.

Each process of the suite has a server of its own: one of them is never busier than one processor.
"""

import atexit
import os
import subprocess

from tests.services import MONGODB_SERVER, dies_with_its_parent, free_port, wait_for_port


def _start() -> str:
    """Start a server for as long as this process lives; the URL of a database there."""
    port = free_port()
    server = subprocess.Popen(
        [*MONGODB_SERVER, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=dies_with_its_parent,
    )
    atexit.register(server.kill)
    wait_for_port(port, seconds=30)
    return f"mongodb://127.0.0.1:{port}/content_batches"


os.environ["DATABASE_URL"] = _start()
# What is started from here asks the same server.
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings_stand_in"

from config.settings_test import *  # noqa: E402, F403
