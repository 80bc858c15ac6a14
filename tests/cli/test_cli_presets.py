"""`vitruv presets`, `vitruv predict --preset` and `vitruv export-maps`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toy_model import painted_picture, write_toy_model
from vitruv.cli import main
from vitruv.formats.presets import presets

TWO_PEOPLE = [(40, 30, 60, 150), (200, 50, 70, 100)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_toy_model(tmp_path_factory.mktemp("models") / "toy"))


def save_photo(path: Path, boxes: list[tuple[int, int, int, int]] = TWO_PEOPLE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(painted_picture((240, 320), boxes)[0]).save(path)
    return path


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    text = capsys.readouterr().out
    for preset in presets.values():
        assert f"{preset.name} " in text and preset.summary in text
    assert "DATASET/upper_body/dense/NAME_5.png, DATASET/upper_body/dense/NAME_5_uv.npz" in text
    assert main(["presets", "--photo", "a.jpg"]) == 1
    assert capsys.readouterr().err == "vitruv presets: --photo and --output belong together\n"


def test_predict_writes_the_preset_s_files_alone(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    save_photo(tmp_path / "image" / "00001_00.png")
    save_photo(tmp_path / "image" / "00002_00.png", [])
    out = tmp_path / "train"
    assert main(["predict", str(tmp_path / "image"), "--preset", "catvton", "--output", str(out), "--model", model]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("2 photos, 2 people -> ")
    assert captured.err.splitlines() == [
        f"{tmp_path / 'image' / '00001_00.png'}: 2 people found: catvton is for one, the one with the highest score was taken",
        f"{tmp_path / 'image' / '00002_00.png'}: nobody found: an all-zero map, as CatVTON itself makes then, was written",
    ]
    assert files(out) == {"00001_00.png", "00002_00.png"}
    assert np.asarray(Image.open(out / "00001_00.png")).any() and not np.asarray(Image.open(out / "00002_00.png")).any()


@pytest.mark.parametrize("name", ["viton-hd", "dreampose", "coco-json", "csv", "detectron2-dump"])
def test_saved_results_give_the_same_files(tmp_path: Path, model: str, name: str) -> None:
    save_photo(tmp_path / "in" / "a.png")
    save_photo(tmp_path / "in" / "sub" / "b.png", [])
    arguments = [str(tmp_path / "in"), "--model", model]
    assert main(["predict", *arguments, "--output", str(tmp_path / "saved"), "--save", "json"]) == 0
    assert main(["predict", *arguments, "--output", str(tmp_path / "direct"), "--preset", name]) == 0
    results = str(tmp_path / "saved" / "results.json")
    assert main(["export-maps", results, "--preset", name, "--output", str(tmp_path / "later")]) == 0
    assert files(tmp_path / "direct") == files(tmp_path / "later")
    if name in ("viton-hd", "coco-json"):  # the others hold unrounded numbers, or the photos' own paths
        for file in files(tmp_path / "direct"):
            assert (tmp_path / "direct" / file).read_bytes() == (tmp_path / "later" / file).read_bytes()


def test_garments_are_not_looked_at(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    save_photo(tmp_path / "images" / "1_0.png")
    (tmp_path / "images" / "1_1.png").write_text("never read")
    arguments = ["predict", str(tmp_path / "images"), "--preset", "dresscode", "--output", str(tmp_path / "out"), "--model", model]
    assert main(arguments) == 0
    assert capsys.readouterr().err == "1 of 2 photos passed over: not of people, by their names\n"
    assert files(tmp_path / "out") == {"dense/1_5.png", "dense/1_5_uv.npz"}
    (tmp_path / "images" / "1_0.png").unlink()
    assert main(arguments) == 1
    assert capsys.readouterr().err.endswith("no photo of a person, by the names that the preset dresscode expects\n")


def test_what_predict_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = [str(save_photo(tmp_path / name)) for name in ("a.png", "a.bmp")]
    out = tmp_path / "out"
    assert main(["predict", *photos, "--preset", "vitonhd", "--output", str(out)]) == 1
    assert capsys.readouterr().err == "vitruv predict: there is no preset 'vitonhd'; did you mean 'viton-hd'?\n"
    assert main(["predict", *photos, "--preset", "iuv-pil", "--output", str(out)]) == 1
    assert capsys.readouterr().err == ("vitruv predict: a.png and a.bmp would both give a_IUV.png with the preset iuv-pil\n")
    assert not out.exists()


def test_what_export_maps_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results.json"
    arguments = ["export-maps", str(results), "--preset", "csv", "--output", str(tmp_path / "out")]
    assert main(arguments) == 1
    assert capsys.readouterr().err == f"vitruv export-maps: {results}: no such file or folder\n"
    results.write_text('[{"image_id": 3, "score": 0.5, "bbox": [0, 0, 1, 1], "uv_shape": [3, 1, 1], "uv_data": ""}]')
    assert main(arguments) == 1
    assert capsys.readouterr().err == (
        f"vitruv export-maps: {results} does not say which photos it is of, and no images.json lies beside it: give --images\n"
    )
    images = tmp_path / "images.json"
    images.write_text(json.dumps({"images": [{"id": 4, "file_name": "a.jpg", "width": 5, "height": 5}]}))
    assert main(arguments) == 1
    assert capsys.readouterr().err == (
        f"vitruv export-maps: {images}: there is no image 3 in it, which result 0 of {results} is of\n"
    )
    images.write_text("[]")
    assert main(arguments) == 1
    assert capsys.readouterr().err == f"vitruv export-maps: {images}: must be an object with the list images\n"
    assert not (tmp_path / "out").exists()
