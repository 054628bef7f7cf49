"""Problems of a template, found before it is submitted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from api.errors import InvalidInput
from templates_wa.models import WhatsAppTemplate


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule, and the field that breaks it."""

    attr: str
    detail: str


Rule = Callable[[WhatsAppTemplate], Iterator[Problem]]


class TemplateInvalid(InvalidInput):
    """The provider would refuse this template; every problem is in `data`."""

    code = "template_invalid"


def refuse(problems: list[Problem]) -> None:
    """Raises TemplateInvalid if there are problems."""
    if not problems:
        return
    first = problems[0]
    listed = [{"attr": problem.attr, "detail": problem.detail} for problem in problems]
    raise TemplateInvalid(first.detail, attr=first.attr, data={"problems": listed})
