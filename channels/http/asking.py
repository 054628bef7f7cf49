"""Sends a provider one request that is not a message; a failure becomes a domain error."""

from collections.abc import Callable
from concurrent.futures import wait

from api.errors import DomainError
from channels.http.client import start
from channels.http.transport import GRACE_SECONDS, Failure
from channels.port.http_calls import HttpRequest, HttpResponse


class ProviderUnreachable(DomainError):
    """The provider gave no answer; a retry may help."""

    code = "provider_unreachable"
    status = 503


class ProviderRefused(DomainError):
    """The provider refused the request; its code is in `data`."""

    code = "provider_refused"
    status = 422


def ask(build: Callable[[], HttpRequest], *, timeout: float) -> HttpResponse:
    """Send the request that `build` makes and return the answer, whatever its status.

    `build` may raise ValueError, TypeError or KeyError if the credentials make no request (a token
    with a line break, a secret that is not set). Must not run in a transaction: it waits for the
    network. Raises ProviderUnreachable, ProviderRefused.
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
