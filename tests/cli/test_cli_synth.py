"""`vitruv synth` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from vitruv.cli import main


def test_pack_preview_and_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "assets").mkdir()
    pack, sheet, folder = tmp_path / "pack.npz", tmp_path / "sheet.png", tmp_path / "set"
    assert main(["synth", "pack", "--assets", str(tmp_path / "assets"), "--output", str(pack)]) == 0
    assert "0 backgrounds" in capsys.readouterr().out
    preview = ["synth", "preview", "--pack", str(pack), "--output", str(sheet), "--count", "3", "--columns", "2", "--size", "64x96"]
    assert main(preview) == 0
    with Image.open(sheet) as picture:
        assert picture.size == (2 * 4 * 64, 2 * 96), "four panels a sample, two samples a row"
    dataset = ["synth", "--output", str(folder), "--images", "2", "--size", "96x64", "--workers", "0", "--pack", str(pack)]
    assert main(dataset) == 0
    assert "2 pictures in" in capsys.readouterr().out
    assert (folder / "annotations.json").exists() and len(list((folder / "images").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--images", "0"], "--images must be at least 1"),
        (["--images", "1", "--size", "640"], "--size must be WIDTHxHEIGHT"),
        (["--images", "1", "--size", "9x9"], "sides of 32 to 4096 pixels"),
        (["--images", "1", "--pack", "none.npz"], "none.npz: no such file"),
        (["--images", "1", "--backgrounds", "nowhere"], "nowhere: no such folder"),
        (["--images", "1", "--pack", "a.npz", "--skins", "b"], "give either --pack, or folders"),
    ],
)
def test_nonsense_gives_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["synth", "--output", str(tmp_path / "set"), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("vitruv synth: ") and message in error and error.count("\n") == 1
    assert not (tmp_path / "set" / "annotations.json").exists()
