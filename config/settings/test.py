"""Settings for tests: real servers, with names of its own for each run."""

import os

from config.embedded import serve_where_unset

SERVERS = serve_where_unset()

from config.environment import env
from config.observing.logs import logging_config
from config.settings.base import *

# A run is a process of pytest or xdist. Workers that a test starts get its name.
RUN = env.str("TEST_RUN", default="") or str(os.getpid())
TEST_DATABASE_PREFIX = "test_broadcast_"
TEST_KEY_PREFIX = "test-"

DATABASES["default"]["TEST"] = {"NAME": f"{TEST_DATABASE_PREFIX}{RUN}"}
# Tests that commit truncate their tables; elsewhere wallet/models/columns.py refuses it.
DATABASES["default"]["OPTIONS"]["options"] += " -c wallet.may_truncate=yes"
REDIS_KEY_PREFIX = f"{TEST_KEY_PREFIX}{RUN}:"
CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = REDIS_KEY_PREFIX
CACHES["default"]["KEY_PREFIX"] = f"{REDIS_KEY_PREFIX}cache"

# A developer's own .env must not change the result of a test.
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
TRUSTED_PROXIES = REST_FRAMEWORK["NUM_PROXIES"] = 0
AXES_FAILURE_LIMIT = 10
PUBLIC_URL = os.environ.get("TEST_PUBLIC_URL", "http://localhost:8000")
CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
SENDING_ENABLED = True
SEND_ONLY_TO = []
BROADCAST_BATCH_SIZE = 50
BROADCAST_BATCH_DELAY = 5.0
BROADCAST_MAX_RETRIES = 3
BROADCAST_BATCH_LEASE = 120
PROVIDER_TIMEOUT = 30.0
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# Most tests log in; PBKDF2 would take most of their time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING = logging_config(level=env.str("LOG_LEVEL", default="WARNING"), pretty=False)
