"""Progress goes to stderr, and only to terminals."""

from __future__ import annotations

import sys

import pytest

from vitruv.cli.progress import bar, bars, steps


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_on_stdout(terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with bar("counting", 3) as advance:
        for _ in range(3):
            advance()
    with bars() as new:
        new("measuring")(1, 2)
    with steps("loading") as step:
        step("cutting")
    out, err = capsys.readouterr()
    assert out == ""
    assert ("counting" in err) is terminal and ("measuring" in err) is terminal
    assert terminal or err == "loading\ncutting\n"


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with steps("loading", quiet=True) as step, bar("counting", 3, quiet=True) as advance:
        step("cutting")
        advance()
    assert capsys.readouterr() == ("", "")
