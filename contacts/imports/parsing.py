"""Parses the lines of a block, before its transaction begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.errors import DomainError
from contacts.imports.columns import Values
from contacts.imports.opening import OpenedFile
from contacts.imports.rows import Line, parse


@dataclass(slots=True)
class Parsed:
    """A line with its values, or with the refusal of one of them."""

    line: Line
    values: Values | None = None
    refusal: DomainError | None = None


def parse_lines(lines: Sequence[Line], *, file: OpenedFile) -> list[Parsed]:
    job = file.job
    country = job.default_country or job.tenant.default_country
    return [_parsed(line, file, tags=job.tags, country=country) for line in lines]


def _parsed(line: Line, file: OpenedFile, *, tags: Sequence[str], country: str) -> Parsed:
    try:
        return Parsed(line, parse(line, layout=file.layout, tags=tags, default_country=country))
    except DomainError as error:
        return Parsed(line, refusal=error)
