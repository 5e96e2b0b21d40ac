"""The settings of processes that tests start on a server which only stands in for MongoDB."""

import os

from config.settings import *  # noqa: F403
from tests import mongodb_shim

mongodb_shim.install_for(os.environ["DATABASE_URL"])
