"""Logs: one JSON object per line, or coloured lines at a terminal.

Bind the subject of a line with `structlog.contextvars`: request_id, tenant, broadcast, batch.
"""

from typing import Any

import structlog
from structlog.typing import Processor

from config.observing.redaction import redact

_ON_EVERY_LINE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_ON_EVERY_LINE,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_config(*, level: str, pretty: bool) -> dict[str, Any]:
    """The configuration for `logging.config.dictConfig`: one handler for all loggers."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": _last_steps(pretty=pretty),
                "foreign_pre_chain": _ON_EVERY_LINE,
            }
        },
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stream"], "level": level},
        "loggers": {
            # django_structlog already logs every request and its exception.
            "django.request": {"level": "CRITICAL"},
            "django.server": {"handlers": [], "propagate": True},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            # Two lines for every tick of beat inform nobody.
            "django_structlog.celery": {"level": "DEBUG" if level == "DEBUG" else "WARNING"},
        },
    }


def _last_steps(*, pretty: bool) -> list[Processor]:
    """Turns tracebacks into text before redaction, so that they are redacted; shows no locals."""
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if pretty:
        plain = structlog.dev.plain_traceback
        return [drop, redact, structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    return [drop, structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()]
