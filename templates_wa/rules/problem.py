"""What is wrong with a template, before its provider says so."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from api.errors import InvalidInput
from templates_wa.models import WhatsAppTemplate


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and in which field."""

    attr: str
    detail: str


Rule = Callable[[WhatsAppTemplate], Iterator[Problem]]


class TemplateInvalid(InvalidInput):
    """The provider would refuse this template; every problem is in `data`."""

    code = "template_invalid"


def refuse(found: list[Problem]) -> None:
    """Raises TemplateInvalid unless nothing was found."""
    if not found:
        return
    listed = [{"attr": each.attr, "detail": each.detail} for each in found]
    raise TemplateInvalid(found[0].detail, attr=found[0].attr, data={"problems": listed})
