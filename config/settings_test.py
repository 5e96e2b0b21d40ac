"""The settings with what makes tests fast and quiet."""

import os

os.environ.setdefault("LOG_LEVEL", "CRITICAL")

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Else every new client walks through all static files of all packages.
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Refused outside of tests, as each process would have one of its own.
CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = "memory://", {}
