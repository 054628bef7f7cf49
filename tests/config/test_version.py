import json
import tomllib

from channels.http.transport import USER_AGENT
from config.environment import BASE_DIR
from config.openapi.document import document


def test_the_project_its_api_and_what_providers_see_have_one_version() -> None:
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]
    api = json.loads(document("application/vnd.oai.openapi+json"))["info"]

    assert api["version"] == project["version"]
    assert f"broadcast/{project['version']}" == USER_AGENT
