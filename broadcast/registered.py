"""Texts that go out by their registered template alone (India's DLT)."""

from collections.abc import Iterable, Mapping

from broadcast.models import Broadcast
from broadcast.variables import VARIABLE
from channels.models import Sender
from channels.registry import adapter_for
from tenants.errors import InvalidInput


def check(broadcast: Broadcast, sender: Sender) -> None:
    """Raises InvalidInput (attr names the field) for what would be refused while it is sent."""
    if needs_template(sender) and not broadcast.provider_template_id:
        raise InvalidInput(
            f"{sender.provider} sends registered templates only: name the text's in "
            "`provider_template_id`, with its variables in the text.",
            attr="provider_template_id",
        )
    reserved = adapter_for(sender.provider).capabilities.reserved_variables
    if taken := sorted(reserved & filled([broadcast.text], {}).keys()):
        raise InvalidInput(
            f"{sender.provider} has a field called {taken[0]}: give the variable another name, "
            "here and in the template.",
            attr="text",
        )


def needs_template(sender: Sender | None) -> bool:
    return sender is not None and adapter_for(sender.provider).capabilities.needs_text_template


def filled(texts: Iterable[str], values: Mapping[str, str]) -> dict[str, str]:
    """The texts' variables as one recipient gets them, defaults filled in."""
    return {
        name: values.get(name) or (default or "").strip()
        for text in texts
        for name, default in VARIABLE.findall(text)
    }
