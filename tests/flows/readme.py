"""What the README tells its reader to paste."""

import re
from collections.abc import Mapping

from config.environment import BASE_DIR

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def lines_to_paste(*, places: Mapping[str, str]) -> list[str]:
    """The lines of all shell blocks, in order, with each address replaced by the one given."""
    text = "".join(BLOCK.findall((BASE_DIR / "README.md").read_text(encoding="utf-8")))
    for here, there in places.items():
        assert here in text
        text = text.replace(here, there)
    return text.splitlines()
