"""One question to a provider beside the sending of messages, answered or refused in words."""

from collections.abc import Callable
from concurrent.futures import wait

from api.errors import DomainError
from channels.http.client import start
from channels.http.transport import Failure
from channels.port.http_calls import HttpRequest, HttpResponse

GRACE_SECONDS = 2.0
"""How long beyond the request's own time-out its value is waited for."""


class ProviderUnreachable(DomainError):
    """There was no answer; asking again may help."""

    code = "provider_unreachable"
    status = 503


class ProviderRefused(DomainError):
    """The provider answered that it will not; its code is in `data`."""

    code = "provider_refused"
    status = 422


def ask(build: Callable[[], HttpRequest], *, timeout: float) -> HttpResponse:
    """The provider's answer, whatever it says. Must not run in a transaction.

    `build` may raise for what cannot be a request: a token with a line break, a secret not set.
    Raises ProviderUnreachable, ProviderRefused.
    """
    try:
        future = start(build(), timeout=timeout)
    except (ValueError, TypeError, KeyError) as error:
        raise ProviderRefused(
            "The request to the provider could not be built from this sender's credentials."
        ) from error
    wait((future,), timeout=timeout + GRACE_SECONDS)
    if not future.done():
        future.cancel()
        raise ProviderUnreachable("The provider did not answer in time.")
    answer = future.result()
    if isinstance(answer, Failure):
        raise ProviderUnreachable(
            "The provider could not be reached or did not answer.",
            data={"reason": answer.reason.value},
        )
    return answer
