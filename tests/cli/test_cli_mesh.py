"""`vitruv mesh`: what it refuses; that it fits is tested with `fit_body`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.cli import main
from vitruv.formats import ResultWriter
from vitruv.results import ChartMap, DensePoses


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    (tmp_path / "images.json").write_text(json.dumps({"images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 40}]}))
    return tmp_path / "a.png"


def results(folder: Path, people: DensePoses) -> str:
    with ResultWriter(folder / "results.json") as writer:
        writer.add(1, people)
    return str(folder / "results.json")


def test_nobody(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = photo.with_name("a.obj")
    arguments = ["mesh", str(photo), "--output", str(target), "--results", results(photo.parent, DensePoses.empty((40, 40)))]
    assert main(arguments) == 1
    assert capsys.readouterr().err == f"vitruv mesh: {photo}: nobody found, so there is no body to write\n"
    assert not target.exists()


def test_too_little(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chart = ChartMap(np.full((40, 40), 2, np.uint8), np.full((2, 40, 40), 0.5, np.float32))
    people = DensePoses(np.array([[0, 0, 40, 40]], np.float32), np.ones(1, np.float32), [chart], (40, 40))
    arguments = ["mesh", str(photo), "--output", str(photo.with_name("a.obj")), "--results", results(photo.parent, people)]
    assert main(arguments) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("vitruv mesh: person 1: too little of the person is seen to fit a body: 1 of 24 charts")
    assert second == f"vitruv mesh: {photo}: too little is seen of everybody, so there is no body to write"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "a.fbx"], "--output must end in .glb or .obj, but is a.fbx"),
        (["--output", "a.obj", "--resolution", "0"], "resolution must be from 2 to 2048 texels per tile, but is 0"),
        (["--output", "a.obj", "--fov", "200"], "the field of view must be from 5 to 150 degrees, but is 200"),
    ],
)
def test_options_that_cannot_be(photo: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mesh", str(photo), *arguments]) == 1
    assert capsys.readouterr().err == f"vitruv mesh: {message}\n"
