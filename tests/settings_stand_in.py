"""Settings of processes that tests start on the MongoDB stand-in."""

import os

from config.settings import *  # noqa: F403
from tests import mongodb_shim

mongodb_shim.install_for(os.environ["DATABASE_URL"])
