"""`vitruv texture extract`, `apply` and `convert`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.cli import main
from vitruv.formats import ResultWriter
from vitruv.results import ChartMap, DensePoses
from vitruv.texture import read_texture


def people_of_one_chart(size: int = 60) -> DensePoses:
    ramp = np.linspace(0.2, 0.8, size, dtype=np.float32)
    uv = np.stack([np.broadcast_to(ramp, (size, size)), np.broadcast_to(ramp[::-1, None], (size, size))])
    chart = ChartMap(np.full((size, size), 2, np.uint8), np.ascontiguousarray(uv))
    return DensePoses(np.array([[10, 10, 10 + size, 10 + size]], np.float32), np.ones(1, np.float32), [chart], (80, 80))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos and their saved results: one person in the first, nobody in the second."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (80, 80), (200, 60, 20)).save(folder / name)
    with ResultWriter(tmp_path / "results.json") as writer:
        writer.add(1, people_of_one_chart())
    images = [{"id": i + 1, "file_name": f"{name}.png", "width": 80, "height": 80} for i, name in enumerate("ab")]
    (tmp_path / "images.json").write_text(json.dumps({"images": images}))
    return folder


def test_there_and_back(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = str(tmp_path / "results.json")
    target = tmp_path / "out" / "me.png"
    arguments = ["texture", "extract", str(photos), "--output", str(target), "--results", results, "--resolution", "50"]
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("1 photo shows ")
    assert captured.out.endswith(f"of the body -> {target} (200x300)\n")
    assert captured.err == f"{photos / 'b.png'}: nobody found, left out\n"
    texture = read_texture(target)
    assert (texture.rgb[texture.known] == (200, 60, 20)).all()
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out" / "me_seen.png")) > 0, texture.known)

    blue = tmp_path / "blue"
    blue.mkdir()
    Image.new("RGB", (80, 80), (0, 0, 90)).save(blue / "a.png")
    assert main(["texture", "apply", str(target), str(blue), "--output", str(tmp_path / "painted"), "--results", results]) == 0
    assert capsys.readouterr().out == f"1 photo, 1 people painted -> {tmp_path / 'painted'}\n"
    painted = np.asarray(Image.open(tmp_path / "painted" / "a_textured.png"))
    assert (painted[30, 40] == (200, 60, 20)).all() and (painted[2, 2] == (0, 0, 90)).all()

    assert main(["texture", "convert", str(target), "--output", str(tmp_path / "body.png"), "--size", "128"]) == 0
    body = np.asarray(Image.open(tmp_path / "body.png"))
    assert body.shape == (128, 128, 3) and (body == (200, 60, 20)).all(axis=2).any()
    back = tmp_path / "atlas.png"
    assert (
        main(["texture", "convert", str(tmp_path / "body.png"), "--to", "atlas", "--output", str(back), "--resolution", "20"]) == 0
    )
    assert read_texture(back).resolution == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["extract", "{photos}", "--output", "t.png", "--results", "{results}", "--resolution", "0"],
            "resolution must be from 2 to 2048",
        ),
        (["extract", "{photos}", "--output", "t.png", "--results", "gone.json"], "gone.json: no such file or folder"),
        (["extract", "{empty}", "--output", "t.png", "--results", "{results}"], "no photos in {empty}"),
        (["extract", "{photos}/b.png", "--output", "t.png", "--results", "{results}"], "nothing was seen of the person"),
        (
            ["apply", "{photos}/a.png", "{photos}", "--output", "out", "--results", "{results}"],
            "an atlas texture has 24 square tiles",
        ),
        (["convert", "gone.png", "--output", "b.png"], "gone.png: no such file or folder"),
        (["convert", "gone.png", "--output", "b.png", "--surface", "UV.mat"], "--surface belongs to a --layout"),
    ],
)
def test_one_line_for_what_cannot_be(
    tmp_path: Path,
    photos: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    names = {"photos": photos, "results": tmp_path / "results.json", "empty": tmp_path / "empty"}
    before = sorted(tmp_path.rglob("*"))
    assert main(["texture", *(argument.format(**names) for argument in arguments)]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("vitruv texture: ") and message.format(**names) in last
    assert sorted(tmp_path.rglob("*")) == before


def test_a_photo_that_the_results_do_not_know(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (80, 80)).save(photos / "c.png")
    Image.new("RGB", (40, 80)).save(photos / "b.png")
    results = tmp_path / "results.json"
    assert main(["texture", "extract", str(photos), "--output", str(tmp_path / "t.png"), "--results", str(results)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"vitruv texture: {results}: is of a b.png of (80, 80) (h, w) pixels, but the photo is (80, 40)",
        f"vitruv texture: {results}: says nothing about c.png",
    ]
    assert (tmp_path / "t.png").is_file()  # the photo that could be used
