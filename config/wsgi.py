"""What gunicorn serves; gunicorn.conf.py runs the preflight checks first."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Somebody waits for the answer: a locked SQLite is 503 within five seconds.
os.environ.setdefault("SQLITE_WAIT_SECONDS", "4")
application = get_wsgi_application()
# All that a view needs is imported now: the first visitors need not wait for it.
_ = get_resolver().url_patterns
# And all that was loaded stays: else one visitor in hundreds waits while the collector walks it.
gc.collect()
gc.freeze()
