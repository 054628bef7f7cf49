"""Bodies that hypothesis makes: any JSON, and real bodies with one part changed."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LITTLE = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


LESS = settings(LITTLE, max_examples=25)
"""For tests that run a whole request and apply its events."""


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=40)
)


JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=12), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn, body: Any) -> Any:
    """A real body with one part, at any depth, replaced or left out."""
    if not isinstance(body, dict | list) or not body or draw(st.integers(0, 4)) == 0:
        return draw(JSON)
    keys = list(body) if isinstance(body, dict) else list(range(len(body)))
    key = draw(st.sampled_from(keys))
    changed = type(body)(body)
    if draw(st.integers(0, 9)) == 0:
        del changed[key]
    else:
        changed[key] = draw(mutated(body[key]))
    return changed
