"""The suite on MongoDB's protocol, without a server: `pytest --ds=tests.settings_on_mongodb`.

Each process of the suite has a server of its own, since one of them never keeps more than one
processor busy.
"""

import atexit
import os
from contextlib import ExitStack

from tests.services import mongodb_server

_until_the_end = ExitStack()
atexit.register(_until_the_end.close)
port = _until_the_end.enter_context(mongodb_server())
os.environ["DATABASE_URL"] = f"mongodb://127.0.0.1:{port}/content_batches"

from config.settings_test import *  # noqa: E402, F403
