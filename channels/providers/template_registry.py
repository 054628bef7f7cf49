"""Which provider's template management we speak. A new provider is its file and a line here."""

from channels.http.asking import ProviderRefused
from channels.port.template_port import TemplateProvider
from channels.providers.gupshup.templates import GupshupTemplates
from channels.providers.meta.templates import MetaTemplates

TEMPLATE_PROVIDERS: dict[str, TemplateProvider] = {
    "gupshup": GupshupTemplates(),
    "meta_cloud": MetaTemplates(),
}


def templates_at(provider: str) -> TemplateProvider:
    """Raises ProviderRefused where templates are managed at the provider's own pages."""
    if provider not in TEMPLATE_PROVIDERS:
        raise ProviderRefused(
            f"Templates at {provider} cannot be submitted or synced from here.",
            data={"choices": sorted(TEMPLATE_PROVIDERS)},
        )
    return TEMPLATE_PROVIDERS[provider]
