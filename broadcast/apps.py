from django.apps import AppConfig
from django.core.checks import register

from broadcast.system_checks import check_lease, check_numbers


class BroadcastConfig(AppConfig):
    name = "broadcast"

    def ready(self) -> None:
        register(check_lease)
        register(check_numbers)
