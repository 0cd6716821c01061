"""Settings, all from the environment; README lists them.

Two database aliases, one database: `default` connects as app_web, which row level security
binds; `migrator` connects as the owner of the schema and is used for migrations only.
"""

import logging
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import reset_tzpath

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
# Development keeps mail and texts on this machine and needs no secret; production must give one.
DEVELOPMENT = env.bool("SERVICEDESK_DEVELOPMENT", default=False)
SECRET_KEY = env("SECRET_KEY", default="only-for-development" if DEVELOPMENT else environ.Env.NOTSET)
# Earlier keys, after SECRET_KEY was changed: they still open what they closed.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# How many proxies of ours each request passes; the last but so many of X-Forwarded-For is who asks.
PROXY_COUNT = env.int("PROXY_COUNT", default=0)
# What links in messages begin with.
PUBLIC_URL = env("PUBLIC_URL", default="http://127.0.0.1:8000")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "django_htmx",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_standardized_errors",
    # Both rewrite TEMPLATES unless told not to; the loader list below is the one truth.
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "tenancy",
    "customers",
    "messaging",
    "cases",
    "contracts",
    "recommendations",
    "visits",
    "portal",
    "imports",
    "servicedesk",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # A board of fifty technicians is 770 KB as it is and 32 KB on its way. It pads each answer by a
    # random length, so that sizes tell nothing of secrets.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "servicedesk.request_log.RequestLog",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "tenancy.middleware.DeskMiddleware",
    "servicedesk.api.desk.ApiDesk",
]

ROOT_URLCONF = "servicedesk.urls"
WSGI_APPLICATION = "servicedesk.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "servicedesk.context.desk",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
            ],
        },
    }
]


def _database_at(variable: str, role: str) -> dict:
    """A database from its URL; the host may be a socket folder, written with %2F."""
    parts = env.db_url(variable, default=f"postgres://{role}@localhost/servicedesk")
    return {**parts, "ENGINE": "django.db.backends.postgresql", "HOST": unquote(parts["HOST"])}


DATABASES = {
    "default": {
        **_database_at("DATABASE_URL", "app_web"),
        # Persistent connections instead of a pool: one for each thread of a process.
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=300),
        "CONN_HEALTH_CHECKS": True,
    },
    "migrator": {**_database_at("MIGRATE_DATABASE_URL", "migrator"), "CONN_MAX_AGE": 0},
}
DATABASE_ROUTERS: list[str] = []

REDIS_URL = env("REDIS_URL", default="redis://localhost:6379/0")
# kombu spells a Unix socket "redis+socket://", redis-py "unix://".
_socket_url = REDIS_URL.startswith("unix://")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "desk",
    }
}
SESSION_ENGINE = "servicedesk.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14

AUTH_USER_MODEL = "tenancy.User"
AUTHENTICATION_BACKENDS = ["tenancy.backends.SignedIn"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CSRF_FAILURE_VIEW = "servicedesk.errors.form_too_old"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
# The server's own zone is never shown: each request activates its desk's.
TIME_ZONE = "UTC"
# Zones are those of the pinned tzdata: a machine's own may be years old, and tell another hour.
reset_tzpath(to=())

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "servicedesk.static_files.HashedModules"
    },
}
WHITENOISE_USE_FINDERS = DEVELOPMENT
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(BASE_DIR / "var" / "files")))
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024

if not DEVELOPMENT:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        # The board places blocks with custom properties in style attributes; nothing else is inline.
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# How often the programs of one desk may call.
API_CALLS_PER_MINUTE = env.int("API_CALLS_PER_MINUTE", default=1200)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["servicedesk.api.callers.KeyOrBrowser"],
    "DEFAULT_PERMISSION_CLASSES": ["servicedesk.api.callers.MayCall"],
    "DEFAULT_THROTTLE_CLASSES": ["servicedesk.api.throttling.DeskThrottle"],
    "DEFAULT_PAGINATION_CLASS": "servicedesk.api.paging.ByCursor",
    "DEFAULT_SCHEMA_CLASS": "servicedesk.api.schema.Described",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["servicedesk.api.reading.Json"],
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_METADATA_CLASS": None,
    "NON_FIELD_ERRORS_KEY": "all",
    "COERCE_DECIMAL_TO_STRING": True,
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "servicedesk.api.errors.InOneShape",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "After-sales desk",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Instants are ISO 8601 in UTC; days are the desk's own; money is a decimal in text.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    # The choices of a field stand at the field: many rows have a "state", each with its own.
    "POSTPROCESSING_HOOKS": ["servicedesk.api.schema.with_fewer_fields"],
    "SORT_OPERATION_PARAMETERS": True,
}

# Mail goes over SMTP always; in development to the catcher that `up` starts.
EMAIL_BACKEND = env("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env("EMAIL_HOST", default="127.0.0.1")
EMAIL_PORT = env.int("EMAIL_PORT", default=8025 if DEVELOPMENT else 25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="service@desk.invalid")
# Texts: any HTTP provider, described by settings (docs/messages.md).
SMS_URL = env("SMS_URL", default=f"http://{EMAIL_HOST}:{EMAIL_PORT + 1}/" if DEVELOPMENT else "")
SMS_METHOD = env("SMS_METHOD", default="POST")
SMS_HEADERS = env.json("SMS_HEADERS", default={"X-Desk": "{desk}"} if DEVELOPMENT else {})
SMS_BODY = env.json("SMS_BODY", default={"to": "{to}", "text": "{text}", "reference": "{key}"})
SMS_ID_FIELD = env("SMS_ID_FIELD", default="id")
# Asked by key after a crash, where the provider can be: a GET that answers 404 for a key it never saw.
_texts_are_caught = DEVELOPMENT and SMS_URL.startswith(f"http://{EMAIL_HOST}:")
SMS_LOOKUP_URL = env("SMS_LOOKUP_URL", default=SMS_URL + "{key}" if _texts_are_caught else "")
# Where the providers that a desk may choose are asked; another address stands in for them in tests.
POSTMARK_URL = env("POSTMARK_URL", default="https://api.postmarkapp.com/")
TWILIO_URL = env("TWILIO_URL", default="https://api.twilio.com")
# A worker that was killed holds a message this long; longer than any mail server's or provider's answer.
MESSAGE_LEASE_SECONDS = env.int("MESSAGE_LEASE_SECONDS", default=90)
# Where the development catcher keeps what it caught, and the port of its SMS end.
MAILBOX_DIR = Path(env("MAILBOX_DIR", default=str(BASE_DIR / "var" / "mailbox")))

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1) if _socket_url else REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False

# Audit triggers are installed after every migrate, from the models: as operations of their own
# they made the migrations take 23 s instead of 2.
PGTRIGGER_MIGRATIONS = False
PGTRIGGER_INSTALL_ON_MIGRATE = True
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")

# Django itself warns of each refused request.
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "without tokens": {"()": "servicedesk.request_log.WithoutTokens"},
        "refused in a line": {"()": "servicedesk.request_log.RefusedInALine"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "filters": ["without tokens", "refused in a line"]}
    },
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"level": "WARNING"},
        # Says one line for each of 150 triggers after every migrate.
        "pgtrigger": {"level": "WARNING"},
    },
}
