"""The WSGI application; gunicorn.conf.py checks the configuration first."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Visitors wait for the answer: a locked SQLite gives 503 within five seconds.
os.environ.setdefault("SQLITE_WAIT_SECONDS", "4")
application = get_wsgi_application()
# Import all views now, so that the first visitors don't wait.
_ = get_resolver().url_patterns
# Freeze loaded objects: else one request in hundreds waits while the collector scans them.
gc.collect()
gc.freeze()
