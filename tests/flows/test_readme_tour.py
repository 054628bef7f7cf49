"""The README's curl tour, pasted line by line into one shell."""

import subprocess

import pytest
from pytest_django.live_server_helper import LiveServer

from demo import story
from demo.client import Client
from demo.tenant import OWNER, PASSWORD, set_up
from sandbox.running import RunningSandbox
from tests.flows.readme import lines_to_paste

END = "end-of-the-tour"


@pytest.mark.django_db(transaction=True)
def test_the_tour_works_as_pasted(stack: LiveServer, sandbox: RunningSandbox) -> None:
    client = Client(stack.url)
    set_up(web_url=stack.url, sandbox=Client(sandbox.base_url), own_servers=True)
    client.log_in(OWNER, PASSWORD)
    story.import_contacts(client)

    lines = lines_to_paste(
        places={
            "localhost:8000": stack.url.removeprefix("http://"),
            "localhost:8090": sandbox.base_url.removeprefix("http://"),
        }
    )
    # As pasted, except that any failure ends the script, also an answer other than 2xx or 3xx.
    script = "\n".join(["set -euo pipefail", *lines, f"echo {END}"]).replace("curl -s", "curl -fsS")
    pasted = subprocess.run(
        ["/bin/bash", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert pasted.returncode == 0, pasted.stderr
    assert pasted.stdout.rstrip().endswith(END)
    assert len(lines) >= 12

    (broadcast,) = client.pages("/broadcast/")
    assert (broadcast["name"], broadcast["total"]) == ("Summer Sale Campaign", 2)
    assert broadcast["status"] in {"QUEUED", "SENDING", "SENT"}
