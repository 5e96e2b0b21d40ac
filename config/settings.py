"""All settings in one file; installations configure them by environment variables.

The defaults run on a laptop: SQLite and a filesystem broker under DATA_DIR.
"""

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from csp.constants import NONCE, NONE, SELF
from django.urls import reverse_lazy
from kombu import Exchange, Queue
from structlog.typing import Processor

from config import environment
from config.brokers import broker_settings
from config.database_url import database_from_url
from config.unfold import unfold_settings

BASE_DIR = Path(__file__).resolve().parent.parent

# ---------------------------------------------------------------- site and hosts

DEBUG = environment.env_bool("DEBUG", default=False)
SITE_URL = environment.site_url()
SITE_NAME = "Content Batches"
IS_HTTPS = SITE_URL.startswith("https://")
DATA_DIR = environment.data_dir(BASE_DIR / "var")


def _secret_key() -> str:
    """Return the key from the environment; without https, a generated one in DATA_DIR."""
    if key := environment.secret_key(is_needed=IS_HTTPS):
        return key
    path = DATA_DIR / "secret-key"
    if not path.exists():
        # Several processes may start at once: the first complete file wins, never a partial one.
        draft = path.with_name(f"{path.name}-{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = [
    urlsplit(SITE_URL).hostname,
    "localhost",
    "127.0.0.1",
    "[::1]",
    *environment.env_list("ALLOWED_HOSTS"),
]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# ---------------------------------------------------------------- the product

BATCH_MAX_ITEMS = environment.env_int("BATCH_MAX_ITEMS", default=100)
BATCH_CHUNK_ITEMS = environment.env_int("BATCH_CHUNK_ITEMS", default=100)
BATCH_QUOTA_PER_HOUR = environment.env_int("BATCH_QUOTA_PER_HOUR", default=50)
BATCH_LEASE_SECONDS = environment.env_int("BATCH_LEASE_SECONDS", default=60)
# A pending batch is sent to the broker again after this time.
BATCH_TELL_AGAIN_SECONDS = environment.env_seconds("BATCH_TELL_AGAIN_SECONDS", default=30.0)
SWEEP_SECONDS = environment.env_seconds("SWEEP_SECONDS", default=5.0)

CONTRACT_CLIENT = environment.env_choice(
    "CONTRACT_CLIENT", default="sandbox", among=("sandbox", "off")
)
# What the sandbox simulates: "" success, "rejected", "unreachable", or failing on-chain ids: "7,9".
SANDBOX_FAILURE = environment.sandbox_failure()

# ---------------------------------------------------------------- applications

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "import_export",
    "content",
    "batches",
]

MIDDLEWARE = [
    "batches.views.health.health_paths",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.known_length",
    "config.middleware.no_nul_characters",
    "config.middleware.optional_slash",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.time_zone_of_user",
    "config.middleware.private_answers",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.policy_of_admin",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.tz",
            ],
        },
    },
]

# ---------------------------------------------------------------- database

DATABASES = {
    "default": database_from_url(
        environment.env_str("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'content-batches.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # How long to wait for another writer; config.wsgi has less, since visitors wait.
    DATABASES["default"]["OPTIONS"]["timeout"] = environment.env_seconds(
        "SQLITE_WAIT_SECONDS", default=20.0
    )
IS_MONGODB = DATABASES["default"]["ENGINE"] == "django_mongodb_backend"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The token model is ours (KNOX_TOKEN_MODEL); knox's migrations would create an unused table.
MIGRATION_MODULES: dict[str, str | None] = {"knox": None}
if IS_MONGODB:
    DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
    INSTALLED_APPS = [
        {
            "django.contrib.admin": "config.mongodb.apps.MongoAdmin",
            "django.contrib.auth": "config.mongodb.apps.MongoAuth",
            "django.contrib.contenttypes": "config.mongodb.apps.MongoContentTypes",
        }.get(name, name)
        for name in INSTALLED_APPS
    ]
    MIGRATION_MODULES |= {
        "admin": "config.mongodb.migrations.admin",
        "auth": "config.mongodb.migrations.auth",
        "contenttypes": "config.mongodb.migrations.contenttypes",
    }

# ---------------------------------------------------------------- users and sign-in

AUTH_USER_MODEL = "content.User"
AUTHENTICATION_BACKENDS = ["content.services.people.sign_in.ThrottledBackend"]
# Failed log-ins of one name from one address within LOGIN_FAILURE_MINUTES.
LOGIN_FAILURES = environment.env_int("LOGIN_FAILURES", default=10)
LOGIN_FAILURE_MINUTES = environment.env_int("LOGIN_FAILURE_MINUTES", default=15)
# The number of trusted proxies in front; each adds one address to X-Forwarded-For.
TRUSTED_PROXIES = environment.env_int("TRUSTED_PROXIES", default=0, minimum=0)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_RESET_TIMEOUT = 3600
LOGIN_URL = reverse_lazy("login")
LOGIN_REDIRECT_URL = reverse_lazy("home")
LOGOUT_REDIRECT_URL = reverse_lazy("login")

KNOX_TOKEN_MODEL = "content.ApiToken"  # noqa: S105
REST_KNOX = {"TOKEN_TTL": timedelta(hours=environment.env_int("API_TOKEN_HOURS", default=10))}

# ---------------------------------------------------------------- API

REST_FRAMEWORK = {
    # Token first: with the session first, an anonymous call would be answered 403 instead of 401.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "content.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["content.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": None,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "content.api.errors.answer",
    "URL_FORMAT_OVERRIDE": None,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = ["config.uploads.BoundedUploadHandler"]
# A manual selection is posted as one field per item.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

SPECTACULAR_SETTINGS = {
    "TITLE": SITE_NAME,
    "DESCRIPTION": "Change, remove or restore up to 100 items of paid content in one go.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "content.api.docs.summarize",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ItemOutcome": "batches.models.BatchItem.Outcome",
        "BatchOutcome": "batches.models.BatchOperation.Outcome",
        "BatchStatus": "batches.models.Status",
    },
}

# ---------------------------------------------------------------- work in the background

CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = broker_settings(
    environment.env_str("CELERY_BROKER_URL") or "filesystem://", DATA_DIR
)
CELERY_TASK_DEFAULT_QUEUE = "batches"
# A worker serves all that are declared; `-Q` narrows it to some of them.
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), routing_key=name) for name in ("batches", "outbox", "sweep")
]
CELERY_TASK_ROUTES = {
    "batches.run_batch": {"queue": "batches"},
    "batches.settle_dependents": {"queue": "sweep"},
    "batches.sweep": {"queue": "sweep"},
    "batches.deliver_notification": {"queue": "outbox"},
    "batches.deliver_due_notifications": {"queue": "outbox"},
    "batches.send_contract_calls": {"queue": "outbox"},
    "batches.send_password_mails": {"queue": "outbox"},
}
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "batches.sweep",
        "schedule": SWEEP_SECONDS,
        # Sweeps that pile up while no worker runs are useless later. Beat keeps one
        # channel forever, and only a retry opens another after the broker closed it.
        "options": {"expires": SWEEP_SECONDS * 2, "queue": "sweep", "retry": True},
    }
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# With a broker without event loop, prefork's children share one pipe and its lock: a child that is
# killed while it waits never releases the lock, and the worker hangs forever.
CELERY_WORKER_POOL = "threads" if CELERY_BROKER_URL.startswith("filesystem") else "prefork"
CELERY_WORKER_CONCURRENCY = environment.env_int("WORKER_CONCURRENCY", default=2)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"

# ---------------------------------------------------------------- mail

EMAIL_URL = environment.env_str("EMAIL_URL")
if EMAIL_URL:
    vars().update(environment.mail_settings())
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.mail_sender(f"{SITE_NAME} <batches@{urlsplit(SITE_URL).hostname}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# ---------------------------------------------------------------- language, time, static files

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "config.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Served from the apps: no collectstatic is needed, and no warning about it.
WHITENOISE_USE_FINDERS = True

# ---------------------------------------------------------------- security

SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if IS_HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

CONTENT_SECURITY_POLICY = {
    # The admin has a looser policy: config.middleware.policy_of_admin.
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# ---------------------------------------------------------------- admin

UNFOLD = unfold_settings(SITE_NAME)

# ---------------------------------------------------------------- logs

LOG_JSON = environment.env_bool("LOG_JSON", default=IS_HTTPS)
_log_steps: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[*_log_steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer()
            if LOG_JSON
            else structlog.dev.ConsoleRenderer(colors=False),
            "foreign_pre_chain": _log_steps,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": environment.log_level("INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING"},
        # A refused request is the client's error and is described in its answer.
        "django.request": {"level": "ERROR"},
        # Warns at every connection that a filesystem broker has no host.
        "kombu.connection": {"level": "ERROR"},
    },
}
