"""Texts that are sent by the id of their registered template alone (India's DLT)."""

from collections.abc import Iterable, Mapping

from api.errors import InvalidInput
from broadcast.content.variables import VARIABLE, variables_of
from broadcast.models import Broadcast
from channels.models import Sender
from channels.providers.registry import adapter_for


def check_registered(broadcast: Broadcast, sender: Sender) -> None:
    """Raises InvalidInput (attr names the field) for what the provider would refuse."""
    if needs_template(sender) and not broadcast.provider_template_id:
        raise InvalidInput(
            f"{sender.provider} sends registered templates only: name the text's in "
            "`provider_template_id`, with its variables in the text.",
            attr="provider_template_id",
        )
    check_variable_names(broadcast, sender)


def check_variable_names(broadcast: Broadcast, sender: Sender) -> None:
    """Raises InvalidInput for variables named like one of the provider's own fields."""
    reserved = adapter_for(sender.provider).capabilities.reserved_variables
    taken = sorted(reserved & set(variables_of([broadcast.text]).names))
    if taken:
        raise InvalidInput(
            f"{sender.provider} has fields of its own called {', '.join(taken)}: give the "
            "variable another name, here and in the registered text.",
            attr="text",
            data={"reserved": sorted(reserved)},
        )


def needs_template(sender: Sender | None) -> bool:
    return sender is not None and adapter_for(sender.provider).capabilities.needs_text_template


def filled(texts: Iterable[str], values: Mapping[str, str]) -> dict[str, str]:
    """The values of the texts' variables for one recipient, with defaults filled in."""
    return {
        name: values.get(name) or (default or "").strip()
        for text in texts
        for name, default in VARIABLE.findall(text)
    }
