"""Settings for development and the demo; production.py and test.py build on them.

Every value that may differ between two installations comes from the environment; `.env.example`
lists and explains them all.
"""

import sys
from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key
from django.templatetags.static import static

from api.version import VERSION
from config.environment import DATA_DIR, env
from config.observing.logs import configure_structlog, logging_config
from config.settings.development_secrets import remembered

# --- secrets ------------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="") or remembered("SECRET_KEY", get_random_secret_key)
# The first key encrypts, every key decrypts.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[]) or [
    remembered("FIELD_ENCRYPTION_KEY", lambda: Fernet.generate_key().decode())
]
DEBUG = False

# --- addresses ----------------------------------------------------------------------------------

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
CSRF_FAILURE_VIEW = "api.error_pages.csrf_failure"

# --- Django -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "backoffice.site.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "corsheaders",
    "django_structlog",
    "backoffice",
    "tenants",
    "channels",
    "contacts",
    "templates_wa",
    "wallet",
    "tracking",
    "broadcast",
    "inbound",
    "doctor",
]
MIDDLEWARE = [
    "config.observing.request_ids.RequestIdMiddleware",
    "config.observing.health.ProbesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "inbound.webhooks.middleware.WebhooksMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
# Every route answers with and without its trailing slash; a redirect would lose a POST's body.
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # so development needs no collectstatic
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = ["config.formats"]  # overrides the language's own formats

# --- PostgreSQL and Redis -----------------------------------------------------------------------

# If no addresses are given, the entry points put the embedded servers' into the environment.
DATABASE_URL = env.str("DATABASE_URL", default="postgres:///postgres")
DATABASES: dict[str, dict[str, Any]] = {
    "default": {**env.db_url_config(DATABASE_URL), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
}
# A process that is stopped, frozen or cut off amid a transaction keeps its locks (a wallet's, a
# broadcast's) no longer than this. Requests wait for such a lock; beat's tasks skip the row.
# The address's own options come last, and PostgreSQL takes the last.
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options["options"] = (
    f"-c idle_in_transaction_session_timeout=30s {_options.get('options', '')}".rstrip()
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
# The prefix of every key in Redis, so that two stacks or test runs can share a server.
REDIS_KEY_PREFIX = env.str("REDIS_KEY_PREFIX", default="broadcast:")

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_KEY_PREFIX}cache",
    }
}

# --- users --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "tenants.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.int("ACCESS_TOKEN_MINUTES", default=15)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.int("REFRESH_TOKEN_DAYS", default=7)),
    "UPDATE_LAST_LOGIN": True,
}

# --- the admin ----------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "Broadcast",
    "SITE_HEADER": "Broadcast",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("backoffice/icon.svg"),
        }
    ],
    "SIDEBAR": {"show_all_applications": True},
}

# --- the API ------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.api.authentication.TenantJWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api.permissions.RolePermission"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.NumberedPages",
    "EXCEPTION_HANDLER": "api.exceptions.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "config.openapi.schema.Schema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Broadcast API",
    "DESCRIPTION": "Write a broadcast once; follow every message until it is delivered and paid.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": {
        "ErrorTypeEnum": "api.error_schema.ErrorType",
        "BroadcastStatusEnum": "broadcast.states.BroadcastStatus",
        "BroadcastKindEnum": "broadcast.states.BroadcastKind",
        "MessageStatusEnum": "broadcast.states.MessageStatus",
        "PlatformEnum": "channels.platforms.Platform",
        "EntryKindEnum": "wallet.models.EntryKind",
        "MediaKindEnum": "broadcast.api.content_serializers.MEDIA_KINDS",
        "TemplateStatusEnum": "templates_wa.models.TemplateStatus",
        "ImportStatusEnum": "contacts.models.ImportStatus",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "x-request-id"]
CORS_EXPOSE_HEADERS = ["Idempotent-Replayed", "Retry-After", "X-Request-ID"]

# --- broadcasts ---------------------------------------------------------------------------------

# False: no broadcast is promoted or claimed and no message is posted. For copies of a live system.
SENDING_ENABLED = env.bool("SENDING_ENABLED", default=True)
# If not empty, only these addresses get messages.
SEND_ONLY_TO = env.list("SEND_ONLY_TO", default=[])
BROADCAST_BATCH_SIZE = env.int("BROADCAST_BATCH_SIZE", default=50)
BROADCAST_BATCH_DELAY = env.float("BROADCAST_BATCH_DELAY", default=5.0)
BROADCAST_MAX_RETRIES = env.int("BROADCAST_MAX_RETRIES", default=3)
# Seconds before the first retry after a passing failure; doubled for each further retry.
BROADCAST_RETRY_DELAY = env.float("BROADCAST_RETRY_DELAY", default=10.0)
# Batches that one sending process has under way: while one waits for its answers, the next is
# claimed. If the process dies, as many batches wait for the end of their leases.
BATCHES_AT_ONCE = env.int("BATCHES_AT_ONCE", default=3)
BROADCAST_BATCH_LEASE = env.int("BROADCAST_BATCH_LEASE", default=120)
# Seconds of delay after which a scheduled broadcast is paused instead of started.
BROADCAST_LATE_START_LIMIT = env.int("BROADCAST_LATE_START_LIMIT", default=3600)
# Seconds for which a broadcast with only UNKNOWN messages left waits for their receipts.
BROADCAST_UNKNOWN_GRACE = env.float("BROADCAST_UNKNOWN_GRACE", default=60.0)
# Seconds to wait for a receipt before the provider is asked about an UNKNOWN message.
BROADCAST_LOOK_UP_AFTER = env.float("BROADCAST_LOOK_UP_AFTER", default=5.0)
# A broadcast pauses itself if this share of its last messages, this many, has failed.
BROADCAST_PAUSE_SHARE = env.float("BROADCAST_PAUSE_SHARE", default=0.5)
BROADCAST_PAUSE_SAMPLE = env.int("BROADCAST_PAUSE_SAMPLE", default=100)
PROVIDER_TIMEOUT = env.float("PROVIDER_TIMEOUT", default=30.0)
# Seconds between two fallbacks of one broadcast, so that late failures share a fallback.
BROADCAST_FALLBACK_DELAY = env.float("BROADCAST_FALLBACK_DELAY", default=60.0)
# How long applied webhook calls are kept for replays.
PROVIDER_EVENTS_KEPT_DAYS = env.int("PROVIDER_EVENTS_KEPT_DAYS", default=30)

# --- payments -----------------------------------------------------------------------------------

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
RAZORPAY_KEY_ID = env.str("RAZORPAY_KEY_ID", default="")
RAZORPAY_KEY_SECRET = env.str("RAZORPAY_KEY_SECRET", default="")
RAZORPAY_WEBHOOK_SECRET = env.str("RAZORPAY_WEBHOOK_SECRET", default="")
# Empty: the payment providers' own addresses. Another address is for trials.
STRIPE_BASE_URL = env.str("STRIPE_BASE_URL", default="")
RAZORPAY_BASE_URL = env.str("RAZORPAY_BASE_URL", default="")
# The address to which the payment page returns the user. Empty: PUBLIC_URL.
PAYMENT_RETURN_URL = env.str("PAYMENT_RETURN_URL", default="")
PAYMENT_TIMEOUT = env.float("PAYMENT_TIMEOUT", default=20.0)

# --- Celery -------------------------------------------------------------------------------------

# There is no soft limit, because an exception in the middle of a settle would do harm. The hard
# limit is beyond every lease, so it ends only batches that were already swept. Thread pools have
# neither limit; there the time-out of the requests ends a batch.
CELERY_TASK_TIME_LIMIT = max(300, 2 * BROADCAST_BATCH_LEASE)
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": REDIS_KEY_PREFIX,
    # Seconds until a dead worker's task is given to another worker: longer than any task or
    # countdown takes. Beat's sweep recovers broadcasts long before this.
    "visibility_timeout": max(3600, 2 * CELERY_TASK_TIME_LIMIT),
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
# Celery would close the database connection before and after every task, which costs more than
# the statements of a batch. config/celery.py closes broken and old connections, as Django does.
CELERY_DB_REUSE_MAX = 2**31
# The queues of tasks that do not wait in the default one. Only these routes choose a queue: Celery
# has deprecated naming it on the task.
CELERY_TASK_ROUTES = {
    "broadcast.tasks.serve": {"queue": "sending"},
    "broadcast.tasks.plan_broadcast": {"queue": "planning"},
    "broadcast.tasks.fall_back_all": {"queue": "planning"},
    "contacts.tasks.*": {"queue": "planning"},
    "inbound.tasks.*": {"queue": "inbound"},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat" / "schedule")
# Each task expires: after a standstill a few runs are enough. Beat's clock sets the expiry and the
# worker's judges it, so it is longer than two machines' clocks may differ.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": task, "schedule": seconds, "options": {"expires": max(15.0, 0.9 * seconds)}}
    for name, task, seconds in (
        ("promote-scheduled", "broadcast.tasks.promote", 1.0),
        ("revive-lanes", "broadcast.tasks.revive", 2.0),
        ("sweep-batches", "broadcast.tasks.sweep", 5.0),
        ("look-up-unknown", "broadcast.tasks.look_up", 5.0),
        ("expire-messages", "broadcast.tasks.expire", 5.0),
        ("fall-back", "broadcast.tasks.fall_back_all", 5.0),
        ("doctor", "doctor.tasks.doctor", 600.0),
        ("purge-idempotency", "tenants.tasks.purge", 3600.0),
        ("low-balances", "wallet.tasks.low_balances", 60.0),
        ("sync-templates", "templates_wa.tasks.sync_all", 900.0),
        ("pause-for-templates", "broadcast.tasks.pause_for_templates", 5.0),
        ("revive-imports", "contacts.tasks.revive_imports", 60.0),
        ("apply-events", "inbound.tasks.apply_events", 2.0),
        ("retry-parked", "inbound.tasks.retry_parked", 2.0),
        ("purge-events", "inbound.tasks.purge", 3600.0),
    )
}

# --- logs ---------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logging_config(level=LOG_LEVEL, pretty=sys.stderr.isatty())
configure_structlog()
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

# The bearer token of Prometheus. Empty: /metrics answers only calls from this machine.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- mail ---------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="broadcast@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
vars().update(env.email_url_config(env.str("EMAIL_URL", default="consolemail://")))
