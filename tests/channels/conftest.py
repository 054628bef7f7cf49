"""The far end of the network, in a thread; never a mocked client."""

from collections.abc import Iterator

import pytest

from tests.channels.http.far_end import FarEnd, running_far_end


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    with running_far_end() as far:
        yield far
