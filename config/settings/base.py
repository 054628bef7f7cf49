"""Settings for development and the demo; production.py and test.py extend them.

Every value that may differ between two installations comes from the environment; `.env.example`
lists and explains all variables.
"""

import sys
from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key
from django.templatetags.static import static
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.environment import env
from config.observing.logs import configure_structlog, logging_config
from config.security_headers import HEADERS, NOTHING
from config.settings.development_secrets import development_secret
from config.settings.rest_api import *
from config.settings.tasks import *

# --- secrets ------------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="") or development_secret(
    "SECRET_KEY", get_random_secret_key
)
# The first key encrypts, every key decrypts.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[]) or [
    development_secret("FIELD_ENCRYPTION_KEY", lambda: Fernet.generate_key().decode())
]
DEBUG = False

# --- addresses ----------------------------------------------------------------------------------

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
# Number of own proxies that append to X-Forwarded-For; 0 means that clients connect directly.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
REST_FRAMEWORK["NUM_PROXIES"] = TRUSTED_PROXIES
CSRF_FAILURE_VIEW = "api.error_pages.csrf_failure"

# --- browsers -----------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {"DIRECTIVES": NOTHING}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = HEADERS["Referrer-Policy"]
SECURE_CROSS_ORIGIN_OPENER_POLICY = HEADERS["Cross-Origin-Opener-Policy"]
X_FRAME_OPTIONS = HEADERS["X-Frame-Options"]

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
    "axes",
    "csp",
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
    "config.no_store.NoStoreMiddleware",
    "config.security_headers.SecurityHeadersMiddleware",
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
    "api.slow_statements.SlowStatementsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
# Every route matches with and without the trailing slash; a redirect would lose the body of a POST.
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
WHITENOISE_USE_FINDERS = True  # development needs no collectstatic
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = ["config.formats"]  # overrides the formats of the language

# --- PostgreSQL and Redis -----------------------------------------------------------------------

# If the environment has no addresses, the entry points set those of the embedded servers.
DATABASE_URL = env.str("DATABASE_URL", default="postgres:///postgres")
DATABASES: dict[str, dict[str, Any]] = {
    "default": {**env.db_url_config(DATABASE_URL), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
}
# A process that is stopped, frozen or disconnected within a transaction keeps its locks (of a
# wallet, of a broadcast) at most 30 s. Work that needs these locks waits; beat's tasks skip the
# locked rows. Options in DATABASE_URL come last: PostgreSQL takes the last value.
#
# A statement that waits longer for a lock fails, and its caller repeats it later. Sending, receipts
# and clicks wait much less (postgres/lock_waits.py). A migration waits as long as it must.
LOCK_TIMEOUT = "0" if "migrate" in sys.argv[1:2] else "5s"
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options["options"] = (
    f"-c idle_in_transaction_session_timeout=30s -c lock_timeout={LOCK_TIMEOUT} "
    f"{_options.get('options', '')}"
).rstrip()
_options.setdefault("connect_timeout", 5)  # seconds
# Seconds after which PostgreSQL cancels a statement of a web request; 0 sets no limit.
WEB_STATEMENT_TIMEOUT = env.float("WEB_STATEMENT_TIMEOUT", default=15.0)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
# Prefix of every key in Redis, so that two stacks (or two test runs) on one server do not mix.
REDIS_KEY_PREFIX = env.str("REDIS_KEY_PREFIX", default="broadcast:")

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_KEY_PREFIX}cache",
        # A request must not wait long for a Redis that does not answer.
        "OPTIONS": {
            "socket_timeout": 1.0,
            "socket_connect_timeout": 1.0,
            "retry": Retry(NoBackoff(), 1),
        },
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

# --- log-in -------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: a locked-out client's password is not checked
    "django.contrib.auth.backends.ModelBackend",
]
# docs/adr/0018 gives the reasons. tenants/lockout.py has the rules and the further limits.
AXES_HANDLER = "tenants.lockout.LoginGuard"
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURE_LIMIT", default=10)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_LOCK_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username", "ip_address"]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "tenants.client_address.client_network"
AXES_LOCKOUT_CALLABLE = "tenants.lockout.locked_page"
AXES_USERNAME_FORM_FIELD = "username"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SESSION_COOKIE_AGE = 3600 * env.int("ADMIN_SESSION_HOURS", default=8)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

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

# --- broadcasts ---------------------------------------------------------------------------------

# If False, no broadcast starts, no batch is claimed and nothing is posted: for copies of a live
# system.
SENDING_ENABLED = env.bool("SENDING_ENABLED", default=True)
# If not empty, messages are sent only to these addresses.
SEND_ONLY_TO = env.list("SEND_ONLY_TO", default=[])
BROADCAST_BATCH_SIZE = env.int("BROADCAST_BATCH_SIZE", default=50)
BROADCAST_BATCH_DELAY = env.float("BROADCAST_BATCH_DELAY", default=5.0)
BROADCAST_MAX_RETRIES = env.int("BROADCAST_MAX_RETRIES", default=3)
# Backoff in seconds before the first retry of a message that failed for a temporary cause; doubled
# for each further retry.
BROADCAST_RETRY_DELAY = env.float("BROADCAST_RETRY_DELAY", default=10.0)
# Number of batches that one sending process has in progress: while a batch waits for its answers,
# the process claims the next one. If the process dies, the leases of these batches must expire.
BATCHES_AT_ONCE = env.int("BATCHES_AT_ONCE", default=3)
BROADCAST_BATCH_LEASE = env.int("BROADCAST_BATCH_LEASE", default=120)
# A scheduled broadcast that is this many seconds late is paused instead of started.
BROADCAST_LATE_START_LIMIT = env.int("BROADCAST_LATE_START_LIMIT", default=3600)
# Seconds that a broadcast waits for receipts when all that is left are UNKNOWN messages.
BROADCAST_UNKNOWN_GRACE = env.float("BROADCAST_UNKNOWN_GRACE", default=60.0)
# Seconds to wait for the receipt of an UNKNOWN message before the provider is asked about it.
BROADCAST_LOOK_UP_AFTER = env.float("BROADCAST_LOOK_UP_AFTER", default=5.0)
# Seconds after which a message that the provider holds back counts as failed if no receipt came.
BROADCAST_PROVIDER_HOLD = env.float("BROADCAST_PROVIDER_HOLD", default=86400.0)
# A broadcast pauses automatically if this share of its last BROADCAST_PAUSE_SAMPLE messages failed.
BROADCAST_PAUSE_SHARE = env.float("BROADCAST_PAUSE_SHARE", default=0.5)
BROADCAST_PAUSE_SAMPLE = env.int("BROADCAST_PAUSE_SAMPLE", default=100)
PROVIDER_TIMEOUT = env.float("PROVIDER_TIMEOUT", default=30.0)
# Seconds between two fallbacks of one broadcast, so that a fallback collects late failures.
BROADCAST_FALLBACK_DELAY = env.float("BROADCAST_FALLBACK_DELAY", default=60.0)
# Days for which applied webhook calls are kept, so that they can be replayed.
PROVIDER_EVENTS_KEPT_DAYS = env.int("PROVIDER_EVENTS_KEPT_DAYS", default=30)
# Longest body of a webhook call. Meta reports up to 1,000 statuses in one call, 3 MB in all.
WEBHOOK_MAX_BODY_BYTES = env.int("WEBHOOK_MAX_BODY_BYTES", default=8 * 1024 * 1024)

# --- payments -----------------------------------------------------------------------------------

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
RAZORPAY_KEY_ID = env.str("RAZORPAY_KEY_ID", default="")
RAZORPAY_KEY_SECRET = env.str("RAZORPAY_KEY_SECRET", default="")
RAZORPAY_WEBHOOK_SECRET = env.str("RAZORPAY_WEBHOOK_SECRET", default="")
# Empty means the provider's own address; another address is for tests.
STRIPE_BASE_URL = env.str("STRIPE_BASE_URL", default="")
RAZORPAY_BASE_URL = env.str("RAZORPAY_BASE_URL", default="")
# The address to which the provider's payment page returns; empty means PUBLIC_URL.
PAYMENT_RETURN_URL = env.str("PAYMENT_RETURN_URL", default="")
PAYMENT_TIMEOUT = env.float("PAYMENT_TIMEOUT", default=20.0)

# --- Celery -------------------------------------------------------------------------------------

# There is no soft limit: it would raise an exception in the middle of settling a batch. The hard
# limit is longer than every lease, so it only kills batches that the sweep has already given up.
# Thread pools support neither limit; there, the time-out of the requests ends a batch.
CELERY_TASK_TIME_LIMIT = max(300, 2 * BROADCAST_BATCH_LEASE)
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": REDIS_KEY_PREFIX,
    # After this time, Redis gives the task of a dead worker to another worker. It must be longer
    # than any task or countdown. The sweep of beat recovers broadcasts long before.
    "visibility_timeout": max(3600, 2 * CELERY_TASK_TIME_LIMIT),
    # A Redis that does not answer counts as lost. A worker's blocking read lasts one second.
    "socket_timeout": 5.0,
    "socket_connect_timeout": 5.0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# If Redis answers with an error (out of memory, read-only, too few replicas), a worker connects
# again until Redis takes writes; by default it would end itself.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# By default, Celery closes the database connection before and after every task, which costs more
# than the statements of a batch. config/celery.py closes only broken and old connections.
CELERY_DB_REUSE_MAX = 2**31
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- logs ---------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logging_config(level=LOG_LEVEL, pretty=sys.stderr.isatty())
configure_structlog()
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

# The bearer token that Prometheus sends. If empty, /metrics answers only callers on this machine.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- mail ---------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="broadcast@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
vars().update(env.email_url_config(env.str("EMAIL_URL", default="consolemail://")))
