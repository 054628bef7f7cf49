"""Where a URL in a text begins and ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.finding import MAX_LENGTH
from tracking.links import find_urls, wrap

MAPS = (
    "https://www.google.com/maps/place/Jack+Astor's+Bar+%26+Grill/@43.73,-79.34,17z/data=!3m2!4b1"
)


@pytest.mark.parametrize(
    "url",
    [
        MAPS,
        "https://ex.mp/a?u=https://b.example/c&x[]=1#d",
        "https://ex.mp/fonts?family=A|B",
        "https://ex.mp/?a=1&amp;b=2",
        "https://user:secret@ex.mp:8443/~u/*",
        "https://bücher.example:8443/Käse",
        "https://例え.jp/パス",
        "https://пример.рф/путь",
        "https://ex.mp/it’s",
        "https://[2001:db8::1]:80/x",
        "https://ex.mp/a_(b)_(c)",
        "https://ex.mp/-/",
        "HTTP://EX.MP",
        "http://localhost",
    ],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        *(("", ""), ("Read ", " now"), ("Go:", "."), ("(", ")."), ("(see ", "),"), ("[t](", ") x")),
        *(("'", "'"), ("“", "”"), ("«", "»"), ("<", ">"), ("‘", "’."), ('"', '"'), ("„", "“")),
        *(
            ("&lt;", "&gt; x"),
            ("*", "*"),
            ("_", "_"),
            ("（", "）谢谢"),
            ("「", "」"),
            ("", "。谢谢"),
        ),
        *(("", "…"), ("", "！"), ("", "؟"), ("", "।"), ("", "\u200bnow"), ("", "?!"), ("", "\n")),
        *(("", "\U0001f44d\U0001f3fd"), ("", "\u00a0x"), ("", "\u3000x"), ("", "，以及")),
    ],
)
def test_the_whole_url_and_nothing_of_the_sentence(url: str, before: str, after: str) -> None:
    text = f"{before}{url}{after}"
    assert find_urls([text]) == [url]
    assert wrap(text, positions={url: 0}, token=1) == (
        f"{before}http://localhost:8000/r/0000000000W/{after}"
    )


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("(http://ex.mp/).", ["http://ex.mp/"]),
        ("['http://a.b/','http://c.d/']", ["http://a.b/", "http://c.d/"]),
        ("(https://a.b/x),(https://c.d/y)", ["https://a.b/x", "https://c.d/y"]),
        ("Ahora en https://ex.mp看看 oder https://ex.mp에서", ["https://ex.mp"]),
        ("https://ex.mp/Blur_(band", ["https://ex.mp/Blur_(band"]),
        (
            "https://a.b/x,https://c.d/y;http://e.f",
            ["https://a.b/x", "https://c.d/y", "http://e.f"],
        ),
        (
            "https://ex.mp/?u=https://a.b/,https://c.d/",
            ["https://ex.mp/?u=https://a.b/,https://c.d/"],
        ),
        ("https://ex.mp\u2014our shop", ["https://ex.mp"]),
        ("*Look: https://ex.mp/a*", ["https://ex.mp/a"]),
        ("_Look:_ https://ex.mp/a_", ["https://ex.mp/a_"]),
        ("x\n*Read ~now~ (https://ex.mp/a)*", ["https://ex.mp/a"]),
        ("https:// and https://... and http://)", []),
        ("a https://shop.example/{{code}} b", []),
        ("https://shop.example/?c={{code}}&x=1 or https://b.example/", ["https://b.example/"]),
        (f"https://ex.mp/{'a' * MAX_LENGTH} b", []),
    ],
)
def test_urls_of_a_text(text: str, urls: list[str]) -> None:
    assert find_urls([text]) == urls


URL_CHARACTERS = "abzAZ09-._~:/?#[]@!$&'()*+,;=%äñжя中語한"


@given(
    st.text(alphabet=URL_CHARACTERS, max_size=40).map(lambda path: f"https://ex.mp/{path}"),
    st.text(alphabet=" .,;:!?)]'\"”>…。）\n\U0001f600", max_size=5),
)
def test_a_url_is_a_prefix_that_takes_no_closing_marks(url: str, after: str) -> None:
    (first, *_) = find_urls([url + after])
    assert (url + after).startswith(first)
    assert first[-1] not in ".,;:!?'\"”>…。）\U0001f600"
    assert find_urls([first]) == [first]


@given(st.text(alphabet=URL_CHARACTERS + ' {}<>"\n()“”…&;ht:/', max_size=80))
def test_wrapping_changes_urls_only(text: str) -> None:
    urls = find_urls([text])
    assert all(url in text for url in urls)
    assert wrap(text, positions={}, token=1) == text
    if not urls:
        assert wrap(text, positions={"https://other.example": 0}, token=1) == text


@given(st.text(alphabet="abcäж0/?=&%-", max_size=20))
def test_a_plain_url_survives_a_sentence(path: str) -> None:
    url = f"https://ex.mp/a{path}z"
    assert find_urls([f"Look ({url}), then “{url}”."]) == [url]
