"""Settings for fast and quiet tests."""

import os

os.environ.setdefault("LOG_LEVEL", "CRITICAL")

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Else every new client scans all static files of all packages.
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Refused outside of tests, since each process would have its own.
CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = "memory://", {}
