"""Collects every rule of every provider's error tables by walking the providers' packages."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from channels import providers
from channels.providers.error_rules import ErrorRule


def provider_modules() -> Iterator[ModuleType]:
    for module in walk_packages(providers.__path__, f"{providers.__name__}."):
        yield import_module(module.name)


def rules_in(value: Any) -> Iterator[ErrorRule]:
    if isinstance(value, ErrorRule):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from rules_in(entry)


def rules_of(module: ModuleType) -> Iterator[ErrorRule]:
    for value in vars(module).values():
        yield from rules_in(value)


def all_rules() -> Iterator[ErrorRule]:
    for module in provider_modules():
        yield from rules_of(module)
