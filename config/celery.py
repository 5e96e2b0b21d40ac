"""The Celery application: three queues, so that a slow mail server never holds up a batch."""

import os
import sys
from pathlib import Path

from celery import Celery

from config import files_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

files_broker.install()
app = Celery("content_batches")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _is_server() -> bool:
    """Check the configuration at the start of `celery worker` and `celery beat`."""
    program = Path(sys.argv[0])
    is_celery = program.name == "celery" or program.match("celery/__main__.py")
    return is_celery and not {"worker", "beat"}.isdisjoint(sys.argv)


if _is_server():
    from config import preflight

    preflight.main(looks_at_broker=True)
