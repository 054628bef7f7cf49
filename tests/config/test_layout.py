"""The layout of the repository: sizes and names of packages, autodiscovery, imports of tests."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest
from django.apps import apps
from django.contrib import admin
from django.utils.module_loading import module_has_submodule

from config.environment import BASE_DIR
from doctor.checkup import all_checks

MAX_FILES = 16
MAX_LINES = 330
DRAWERS = {"core", "common", "utils", "helpers", "services", "manager"}
"""Names that say nothing about a package's subject."""
REPLACED = ("--UPDATE--", "simulator", "mogrify(")
"""SQL that is cut at a marker or made from values, and the old name of the sandbox."""

NOT_PRODUCT = {"tests", "benchmarks"}
PRODUCT = sorted(
    path
    for package in BASE_DIR.iterdir()
    if (package / "__init__.py").exists() and package.name not in NOT_PRODUCT
    for path in package.rglob("*.py")
)
TESTS = sorted((BASE_DIR / "tests").rglob("*.py"))
OWN_APPS = [config for config in apps.get_app_configs() if Path(config.path).parent == BASE_DIR]


def named(path: Path) -> str:
    return str(path.relative_to(BASE_DIR))


def imported_modules(path: Path) -> Iterator[str]:
    """The dotted names that a file imports: of modules, and of names within them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def patched_names(path: Path) -> Iterator[str]:
    """The dotted names that a test replaces by `setattr("a.b.c", …)` or `delattr("a.b.c")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in {"setattr", "delattr"} and node.args:
            target = node.args[0]
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                yield target.value


def resolves(name: str) -> bool:
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_the_tests_look_at_the_whole_product() -> None:
    assert {"api", "broadcast", "channels", "config", "sandbox", "wallet"} <= {
        path.relative_to(BASE_DIR).parts[0] for path in PRODUCT
    }
    assert len(TESTS) > 200


def test_no_test_module_imports_from_another() -> None:
    imports = [
        f"{named(path)}: {name}"
        for path in TESTS
        for name in imported_modules(path)
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    ]
    assert imports == []


def test_no_folder_holds_too_many_files() -> None:
    sizes: dict[Path, int] = {}
    for path in PRODUCT:
        if path.name != "__init__.py":
            sizes[path.parent] = sizes.get(path.parent, 0) + 1
    crowded = {named(folder): size for folder, size in sizes.items() if size > MAX_FILES}
    assert crowded == {}


def test_no_file_is_too_long() -> None:
    lines = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PRODUCT}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_every_package_and_module_is_named_for_its_subject() -> None:
    parts = {
        part: named(path)
        for path in PRODUCT
        for part in path.relative_to(BASE_DIR).with_suffix("").parts
    }
    assert {name: path for name, path in parts.items() if name in DRAWERS} == {}


@pytest.mark.parametrize("text", REPLACED)
def test_what_was_replaced_does_not_come_back(text: str) -> None:
    assert [named(path) for path in PRODUCT if text in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("app", ["broadcast", "wallet", "tracking", "inbound"])
def test_the_doctor_runs_the_checks_of_every_app(app: str) -> None:
    names = [check.name for check in all_checks()]
    own = [check.name for check in import_module(f"{app}.audit").CHECKS]
    assert len(own) > 0
    assert [name for name in own if name not in names] == []


def test_every_app_with_an_admin_has_a_page_in_it() -> None:
    with_admin = [
        config.label
        for config in OWN_APPS
        if config.module is not None and module_has_submodule(config.module, "admin")
    ]
    with_pages = {model._meta.app_label for model in admin.site._registry}
    assert {"broadcast", "channels", "contacts", "tenants", "wallet"} <= set(with_admin)
    assert [label for label in with_admin if label not in with_pages] == []


def test_every_name_that_a_test_patches_by_string_exists() -> None:
    patched = [(named(path), name) for path in TESTS for name in patched_names(path)]
    assert len(patched) > 0
    assert [(path, name) for path, name in patched if not resolves(name)] == []
