"""The rooms stay small, Django finds what stands in packages, and tests do not lean on tests."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from statistics import median, quantiles

import pytest
from django.apps import apps
from django.contrib import admin

from config.environment import BASE_DIR
from doctor.checkup import all_checks

OUR_APPS = [app for app in apps.get_app_configs() if Path(app.path).parent == BASE_DIR]
PACKAGES = [
    path.name
    for path in sorted(BASE_DIR.iterdir())
    if (path / "__init__.py").exists() and path.name not in {"tests", "benchmarks", "demo"}
]
TESTS = sorted((BASE_DIR / "tests").rglob("*.py"))
MAX_FILES = 16
MAX_LINES = 330
DRAWERS = {"core", "common", "utils", "helpers", "services", "manager"}
RETIRED = re.compile(r"--UPDATE--|simulator|mogrify\(")
PATCHED = re.compile(r'setattr\(\s*"([a-z_]+(?:\.\w+)+)"')


def product_files() -> Iterator[Path]:
    for package in PACKAGES:
        for path in (BASE_DIR / package).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path


def test_folders_hold_a_dozen_files() -> None:
    files = Counter(path.parent for path in product_files() if path.name != "__init__.py")
    sizes = sorted(files.values())
    assert median(sizes) <= 5
    assert quantiles(sizes, n=10)[-1] <= 12
    assert {str(folder): size for folder, size in files.items() if size > MAX_FILES} == {}


def test_no_file_is_too_long() -> None:
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in product_files()}
    assert {str(path): count for path, count in lines.items() if count > MAX_LINES} == {}


def test_no_package_or_module_is_a_drawer() -> None:
    assert [path for path in product_files() if {path.stem, path.parent.name} & DRAWERS] == []


def test_what_was_retired_stays_so() -> None:
    found = [
        (str(path), match.group())
        for path in product_files()
        for match in RETIRED.finditer(path.read_text("utf-8"))
    ]
    assert found == []


def test_the_doctor_finds_the_checks_of_every_app_that_has_some() -> None:
    with_audit = {
        app.name
        for app in OUR_APPS
        if any((Path(app.path) / name).exists() for name in ("audit.py", "audit"))
    }
    assert with_audit == {"broadcast", "inbound", "tracking", "wallet"}
    by_app = {name: len(import_module(f"{name}.audit").CHECKS) for name in with_audit}
    assert min(by_app.values()) > 0
    assert len(list(all_checks())) == sum(by_app.values())


@pytest.mark.parametrize("app", OUR_APPS, ids=lambda app: app.label)
def test_django_finds_the_pages_of_every_app_that_has_some(app: object) -> None:
    assert hasattr(app, "path")
    assert hasattr(app, "label")
    has_pages = any((Path(app.path) / name).exists() for name in ("admin.py", "admin"))
    registered = [model for model in admin.site._registry if model._meta.app_label == app.label]
    assert bool(registered) == has_pages


def test_no_test_imports_from_a_test() -> None:
    imports = [
        (str(path.relative_to(BASE_DIR)), node.module)
        for path in TESTS
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
        if node.module.startswith("tests.") and node.module.split(".")[-1].startswith("test_")
    ]
    assert imports == []


def test_every_name_that_a_test_patches_by_its_path_is_there() -> None:
    names = {name for path in TESTS for name in PATCHED.findall(path.read_text("utf-8"))}
    assert len(names) > 5
    for name in sorted(names):
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute), name
