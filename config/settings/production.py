"""Settings for production: like base.py, but refuses missing, weak and unencrypted values."""

from django.core.exceptions import ImproperlyConfigured

from config.environment import BASE_DIR, env
from config.settings.required import refuse_unless_complete

refuse_unless_complete(env.ENVIRON)

from config.observing.logs import logging_config
from config.settings.base import *

STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Set it only if your own proxy sets and overwrites X-Forwarded-Proto.
if env.bool("BEHIND_TLS_PROXY", default=False):
    if not TRUSTED_PROXIES:
        raise ImproperlyConfigured("TRUSTED_PROXIES is 0 although BEHIND_TLS_PROXY is set. Give 1.")
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LOGGING = logging_config(level=LOG_LEVEL, pretty=False)
