"""Lists the template management of providers. A new one needs its module and a line here."""

from channels.http.asking import ProviderRefused
from channels.port.template_port import TemplateProvider
from channels.providers.gupshup.templates import GupshupTemplates
from channels.providers.meta.templates import MetaTemplates

TEMPLATE_PROVIDERS: dict[str, TemplateProvider] = {
    "gupshup": GupshupTemplates(),
    "meta_cloud": MetaTemplates(),
}


def templates_at(provider: str) -> TemplateProvider:
    """Raises ProviderRefused if templates can only be managed on the provider's own pages."""
    if provider not in TEMPLATE_PROVIDERS:
        raise ProviderRefused(
            f"Templates at {provider} cannot be submitted or synced from here.",
            data={"choices": sorted(TEMPLATE_PROVIDERS)},
        )
    return TEMPLATE_PROVIDERS[provider]
