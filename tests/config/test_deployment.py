"""docker-compose.yml and the Dockerfile agree with the code; the tests build no image."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from django.conf import settings

from broadcast.engine.pipeline import SERVES_FOR_AT_MOST
from broadcast.engine.reserving import HEAD_START
from channels.http.transport import GRACE_SECONDS
from channels.pacing.limiter import HORIZON
from config.embedded.postgres import QUIET_LOG
from config.environment import BASE_DIR
from config.stack.stack import STOP_GRACE

SETTING = re.compile(r"^ *(?:ENV )?([A-Z_]+)=(\S*)", re.MULTILINE)
SERVICES: Mapping[str, Any] = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())[
    "services"
]
GRACES = {
    "make run": STOP_GRACE,
    **{
        name: float(service["stop_grace_period"].removesuffix("s"))
        for name, service in SERVICES.items()
        if name.startswith("worker")
    },
}


@pytest.mark.parametrize("name", ["web", "worker", "worker-sending", "beat", "migrate", "sandbox"])
def test_what_the_image_sets_is_not_taken_away_by_an_env_file_that_leaves_it_empty(
    name: str,
) -> None:
    """Compose lets .env override the image's environment, even by names without a value."""
    image = dict(SETTING.findall((BASE_DIR / "Dockerfile").read_text()))
    from_file = dict(SETTING.findall((BASE_DIR / ".env.example").read_text()))
    inside = {**image, **from_file, **SERVICES[name]["environment"]}
    needed = {key: image[key] for key in ("BIND", "DJANGO_SETTINGS_MODULE")}
    assert {key: inside[key] for key in needed} == needed


@pytest.mark.parametrize("name", GRACES)
def test_a_worker_that_is_told_to_stop_has_time_for_its_last_answers(name: str) -> None:
    """Else messages in flight become UNKNOWN. The last batch may begin at SERVES_FOR_AT_MOST."""
    last_answer = HORIZON + HEAD_START + settings.PROVIDER_TIMEOUT + GRACE_SECONDS
    assert GRACES[name] > SERVES_FOR_AT_MOST + last_answer


def test_the_servers_of_compose_log_as_little_as_the_embedded_ones() -> None:
    postgres, cache = (SERVICES[name]["command"] for name in ("postgres", "redis"))
    given = dict(option.split("=") for option in postgres if "=" in option)

    assert {name: given.get(name) for name in QUIET_LOG} == QUIET_LOG
    assert cache[cache.index("--hide-user-data-from-log") + 1] == "yes"
