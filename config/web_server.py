"""gunicorn's settings; docs/adr/0002-web-server-and-worker-pools.md gives the reasons."""

from typing import Any

from gunicorn.glogging import Logger

from config.environment import env
from config.garbage import freeze_loaded_objects
from config.observing.logs import logging_config

bind = env.str("BIND", default="127.0.0.1:8000")
workers = env.int("WEB_WORKERS", default=2)
threads = env.int("WEB_THREADS", default=8)
worker_class = "gthread"
timeout = 60
graceful_timeout = 20
keepalive = 5
# gunicorn believes the proxies' headers (X-Forwarded-Proto, SCRIPT_NAME) only from these addresses;
# without a proxy, from none.
_PROXY = "127.0.0.1" if env.int("TRUSTED_PROXIES", default=0) else ""
forwarded_allow_ips = env.str("FORWARDED_ALLOW_IPS", default=_PROXY)
control_socket_disable = True


class WithoutAccessLog(Logger):  # type: ignore[misc]  # published without types
    def access(self, *args: Any, **kwargs: Any) -> None:
        """django_structlog logs requests; gunicorn would format lines that nobody prints."""


logger_class = WithoutAccessLog
_level = env.str("LOG_LEVEL", default="INFO")
logconfig_dict = logging_config(level=_level, pretty=False)
# Replaces the handler that gunicorn gives its logger.
logconfig_dict["loggers"]["gunicorn.error"] = {"handlers": ["stream"], "propagate": False}


def post_worker_init(worker: Any) -> None:
    """gunicorn calls this in each worker once the application is loaded."""
    freeze_loaded_objects()
