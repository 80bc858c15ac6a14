from pathlib import Path

import pytest

from vitruv.body import Body, PoseLibrary, Wardrobe
from vitruv.cli import main
from vitruv.files import read_arrays


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["--help"], 0), (["eat"], 2)])
def test_usage(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["body", *arguments]) == status
    out, err = capsys.readouterr()
    assert "build" in out + err


def test_packs_without_assets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["body", "pack", "--output", str(tmp_path / "people.npz")]) == 0
    assert "0 poses, 0 clothes and hair styles" in capsys.readouterr().out
    arrays = read_arrays(tmp_path / "people.npz")
    assert len(Wardrobe.from_arrays(arrays)) == 0 and len(PoseLibrary.from_arrays(arrays)) == 0
    assert Body.from_arrays(arrays).vertex_count == Body.load().vertex_count


def test_refuses_missing_files_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["body", "pack", "--output", str(tmp_path / "a.npz"), "--poses", str(tmp_path / "none.npz")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "a.npz").exists()


def test_refuses_impossible_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["body", "build", "--components", "0", "--output", str(tmp_path / "b.npz")]) == 1
    assert "--components must be at least 1" in capsys.readouterr().err


def test_building_names_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["body", "build"])
    assert "--output" in capsys.readouterr().err
