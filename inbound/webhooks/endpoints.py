"""Whose endpoint a webhook's path is; remembered for moments, as calls come by the thousand."""

from time import monotonic

from channels.models import ProviderApp

REMEMBERED_SECONDS = 5.0
"""How long a process may go on with an app that was switched off or given another secret."""
MAX_REMEMBERED = 1000

_known: dict[tuple[str, str], tuple[float, ProviderApp]] = {}


def endpoint(*, provider: str, token: str) -> ProviderApp | None:
    """The active app of a path, at most REMEMBERED_SECONDS old; what is unknown is never kept."""
    now = monotonic()
    until, app = _known.get((provider, token), (0.0, None))
    if app is not None and now < until:
        return app
    app = ProviderApp.objects.filter(
        provider=provider, endpoint_token=token, is_active=True
    ).first()
    if app is None:
        _known.pop((provider, token), None)
        return None
    if len(_known) >= MAX_REMEMBERED:
        _known.clear()
    _known[provider, token] = now + REMEMBERED_SECONDS, app
    return app


def forget_endpoints() -> None:
    """For tests, which make and switch apps faster than that."""
    _known.clear()
