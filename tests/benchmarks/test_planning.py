"""The benchmark of planning refuses figures that would mean nothing, before it starts servers."""

import sys

import pytest

from benchmarks.planning import FEWEST, main


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--recipients", "100"], f"--recipients: at least {FEWEST}"),
        (["--recipients", "10000", "149"], f"--recipients: at least {FEWEST}"),
        (["--recipients", "0"], f"--recipients: at least {FEWEST}"),
        (["--batches", "0"], "--batches: at least 1"),
    ],
)
def test_too_few_are_refused_with_the_least(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    named: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks.planning", *arguments])

    with pytest.raises(SystemExit) as refusal:
        main()

    assert refusal.value.code == 2
    assert named in capsys.readouterr().err
