"""The shell commands that the README asks its reader to paste."""

import re
from collections.abc import Mapping

from config.environment import BASE_DIR

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def lines_to_paste(*, places: Mapping[str, str]) -> list[str]:
    """All lines of the shell blocks, in order; `places` maps each address to its replacement."""
    text = "".join(BLOCK.findall((BASE_DIR / "README.md").read_text(encoding="utf-8")))
    for documented, actual in places.items():
        assert documented in text
        text = text.replace(documented, actual)
    return text.splitlines()
