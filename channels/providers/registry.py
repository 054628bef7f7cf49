"""Lists the adapter of every provider. A new provider needs its package and a line here."""

from api.errors import InvalidInput
from channels.platforms import Platform
from channels.port.adapter import Adapter
from channels.providers.google_rbm.adapter import GoogleRbm
from channels.providers.gupshup.adapter import Gupshup
from channels.providers.meta.adapter import MetaCloud
from channels.providers.msg91.adapter import Msg91
from channels.providers.telegram.adapter import TelegramBot
from channels.providers.twilio.adapter import Twilio
from channels.providers.vonage.adapter import Vonage

_ALL: tuple[Adapter, ...] = (
    GoogleRbm(),
    Gupshup(),
    MetaCloud(),
    Msg91(),
    TelegramBot(),
    Twilio(),
    Vonage(),
)
ADAPTERS: dict[str, Adapter] = {adapter.provider: adapter for adapter in _ALL}


class UnknownProvider(InvalidInput):
    """There is no adapter for this provider."""

    code = "unknown_provider"


def adapter_for(provider: str) -> Adapter:
    """The adapter of this provider. Raises UnknownProvider."""
    try:
        return ADAPTERS[provider]
    except KeyError:
        raise UnknownProvider(
            f"There is no provider “{provider}”.",
            attr="provider",
            data={"choices": sorted(ADAPTERS)},
        ) from None


def providers_for(platform: Platform) -> list[str]:
    """The providers that can send over this platform, sorted."""
    return sorted(name for name, adapter in ADAPTERS.items() if platform in adapter.platforms)
