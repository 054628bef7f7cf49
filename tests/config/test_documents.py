"""Settings, files and routes that the documents name exist."""

import re
from pathlib import Path

import pytest
from drf_spectacular.generators import SchemaGenerator

from config.environment import BASE_DIR

READ = re.compile(r'env(?:\.[a-z_]+)?\(\s*"([A-Z_]+)"')
WRITTEN = re.compile(r"^([A-Z_]+)=", re.MULTILINE)
NUMBER = re.compile(r'env\.(?:int|float)\(\s*"([A-Z_]+)", default=([\d_.]+)\)')
EXPLAINED = re.compile(r"((?:^# .*\n)+)((?:^[A-Z_]+=\n)+)", re.MULTILINE)
NUMERAL = r"(\d+(?:\.\d+)?)"
DEFAULTS = re.compile(rf"Default {NUMERAL}(?: and {NUMERAL})?(?!\d|\.\d)")  # no IP address
COMPOSE = (BASE_DIR / "docker-compose.yml").read_text()
OF_COMPOSE = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "WEB_PORT", "SANDBOX_PORT"}
IN_COMPOSE = re.compile(r"\$\{([A-Z_]+)")
NUMBER_IN_COMPOSE = re.compile(r"\$\{([A-Z_]+):-(\d+)\}")
DOCUMENTS = sorted([BASE_DIR / "README.md", *(BASE_DIR / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
FILE = re.compile(r"`((?:[a-z_.]+/)+[A-Za-z0-9_.-]+\.(?:py|md|csv|json|html|toml|yml|txt))`")
ROUTE = re.compile(r"`((?:[A-Z, ]+ )?/[a-z][^`\s]*/)`")
ADR = re.compile(r"docs/adr/(\d{4})")
BESIDE_THE_API = {
    "/webhooks/{provider}/{token}/",
    "/webhooks/stripe/",
    "/webhooks/razorpay/",
    "/r/{code}/",
    "/u/{code}/",
    "/docs/",
    "/schema/",
    "/admin/",
}


def test_every_setting_that_is_explained_is_read_and_explained_once() -> None:
    code = "\n".join(path.read_text() for path in (BASE_DIR / "config").rglob("*.py"))
    explained = WRITTEN.findall((BASE_DIR / ".env.example").read_text())
    assert sorted(explained) == sorted(set(explained))
    assert set(explained) - OF_COMPOSE <= set(READ.findall(code))


def test_every_setting_that_compose_reads_is_explained() -> None:
    explained = WRITTEN.findall((BASE_DIR / ".env.example").read_text())
    assert set(IN_COMPOSE.findall(COMPOSE)) <= set(explained)


def test_every_number_that_a_setting_is_said_to_be_by_default_is_its_default() -> None:
    code = "\n".join(path.read_text() for path in (BASE_DIR / "config").rglob("*.py"))
    defaults = {
        name: float(value)
        for name, value in (*NUMBER_IN_COMPOSE.findall(COMPOSE), *NUMBER.findall(code))
    }
    documented = {
        name: float(value)
        for comment, names in EXPLAINED.findall((BASE_DIR / ".env.example").read_text())
        for values in DEFAULTS.findall(comment)
        for name, value in zip(WRITTEN.findall(names), filter(None, values), strict=True)
    }
    assert documented == defaults


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(BASE_DIR)))
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    linked = [document.parent / name for name in LINK.findall(text)]
    assert [str(path) for path in linked if not path.exists()] == []
    # docs/guarantees.md names tests by their path below tests/.
    roots = (BASE_DIR, BASE_DIR / "tests")
    named = FILE.findall(text)
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []


def test_the_readme_lists_every_route_of_the_api() -> None:
    section = (BASE_DIR / "README.md").read_text(encoding="utf-8").split("## The API\n")[1]
    listed = {route.split()[-1] for route in ROUTE.findall(section.split("\n## ")[0])}
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    routes = {re.sub(r"\{[a-z]+_id\}", "{id}", path) for path in paths}
    assert listed - BESIDE_THE_API == routes


def test_no_two_decisions_have_one_number() -> None:
    numbers = [path.name[:4] for path in (BASE_DIR / "docs/adr").glob("*.md")]
    assert sorted(numbers) == sorted(set(numbers))


def test_every_decision_that_the_code_names_is_there() -> None:
    numbers = {path.name[:4] for path in (BASE_DIR / "docs/adr").glob("*.md")}
    sources = [
        path
        for pattern in ("*.py", "*.lua", "*.yml")
        for path in BASE_DIR.rglob(pattern)
        if not path.relative_to(BASE_DIR).parts[0].startswith(".")
    ]
    named = {number for path in sources for number in ADR.findall(path.read_text("utf-8"))}
    assert len(named) > 3
    assert named - numbers == set()
