"""Finds the app of a webhook's path, with a cache of some seconds for thousands of calls."""

from time import monotonic

from channels.models import ProviderApp

CACHE_SECONDS = 5.0
"""How long a process may still use an app that was switched off or has a new secret."""
MAX_CACHED = 1000
"""Apps; a full cache is cleared."""

_cache: dict[tuple[str, str], tuple[float, ProviderApp]] = {}


def endpoint(*, provider: str, token: str) -> ProviderApp | None:
    """The active app of a path, at most CACHE_SECONDS old. Unknown paths are not cached."""
    now = monotonic()
    until, app = _cache.get((provider, token), (0.0, None))
    if app is not None and now < until:
        return app
    app = ProviderApp.objects.filter(
        provider=provider, endpoint_token=token, is_active=True
    ).first()
    if app is None:
        _cache.pop((provider, token), None)
        return None
    if len(_cache) >= MAX_CACHED:
        _cache.clear()
    _cache[provider, token] = now + CACHE_SECONDS, app
    return app


def forget_endpoints() -> None:
    """Clear the cache; for tests, which change apps faster than it expires."""
    _cache.clear()
