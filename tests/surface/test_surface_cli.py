"""`vitruv surface`."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from vitruv.cli import main


def test_report_prints_every_chart_and_draws_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["surface", "report", "--picture", str(tmp_path / "charts.png")]) == 0
    out = capsys.readouterr().out
    assert "right upper arm front" in out and "overlaps" in out and "…" not in out, "nothing is cut off"
    assert "kappa, metres: torso" in out and "charts.png: written" in out
    with Image.open(tmp_path / "charts.png") as picture:
        assert picture.size[0] > 1000 and len(set(picture.convert("P").tobytes())) > 20


def test_bad_input_gives_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.npz").write_text("no atlas")
    assert main(["surface", "report", "--atlas", str(tmp_path / "text.npz")]) == 1
    assert main(["surface", "report", "--atlas", str(tmp_path / "none.npz")]) == 1
    assert main(["surface", "report", "--picture", str(tmp_path / "no" / "where.png")]) == 1
    assert main(["surface", "build", "--output", str(tmp_path / "no" / "where.npz")]) == 1
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 4 and all(line.startswith("vitruv surface: ") for line in errors), errors
    assert main(["surface"]) == 2
    assert main(["surface", "fly"]) == 2
