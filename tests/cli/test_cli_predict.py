"""`vitruv predict`, from photos to files."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toy_model import painted_picture, write_toy_model
from vitruv.cli import main
from vitruv.formats import decode_uv_data, read_iuv_png, read_label_png, read_npz

TWO_PEOPLE = [(40, 30, 60, 150), (200, 50, 70, 100)]
PRODUCTS = ["_overlay.png", "_iuv.png", "_labels.png", ".npz"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_toy_model(tmp_path_factory.mktemp("models") / "toy"))


def save_photo(path: Path, boxes: list[tuple[int, int, int, int]] = TWO_PEOPLE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(painted_picture((240, 320), boxes)[0]).save(path)
    return path


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_one_photo(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    photo, out = save_photo(tmp_path / "a.png"), tmp_path / "deep" / "out"
    assert main(["predict", str(photo), "--output", str(out), "--model", model]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"1 photo, 2 people -> {out} (")
    assert captured.err == ""
    assert files(out) == {f"a{ending}" for ending in PRODUCTS} | {"results.json", "images.json"}

    people = read_npz(out / "a.npz")
    canvas, _ = people.canvas()
    assert len(people) == 2
    np.testing.assert_array_equal(read_label_png(out / "a_labels.png"), canvas.labels)
    np.testing.assert_array_equal(read_iuv_png(out / "a_iuv.png", channel_order="iuv").labels, canvas.labels)
    assert np.asarray(Image.open(out / "a_overlay.png")).shape == (240, 320, 3)

    records = json.loads((out / "results.json").read_text())
    assert [record["image_id"] for record in records] == [1, 1]
    for record, chart, place in zip(records, people.charts, people.placements_xywh, strict=True):
        codes = decode_uv_data(record["uv_data"], record["uv_shape"])
        np.testing.assert_array_equal(codes[0], chart.labels)
        assert [int(v) for v in record["bbox"]] == place.tolist()
    (image,) = json.loads((out / "images.json").read_text())["images"]
    assert image == {"id": 1, "file_name": "a.png", "width": 320, "height": 240, "stem": "a", "photo": "../../a.png"}


def test_nobody_is_empty_in_every_format(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    photo, out = save_photo(tmp_path / "a.png", []), tmp_path / "out"
    assert main(["predict", str(photo), "--output", str(out), "--model", model]) == 0
    assert capsys.readouterr().out.startswith("1 photo, 0 people -> ")
    assert json.loads((out / "results.json").read_text()) == []
    assert len(read_npz(out / "a.npz")) == 0
    assert not read_label_png(out / "a_labels.png").any()
    assert not np.asarray(Image.open(out / "a_iuv.png")).any()
    np.testing.assert_array_equal(np.asarray(Image.open(out / "a_overlay.png")), np.asarray(Image.open(photo)))


def test_a_folder_with_unusable_files(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    save_photo(tmp_path / "in" / "a.png")
    save_photo(tmp_path / "in" / "sub" / "b.png", TWO_PEOPLE[:1])
    (tmp_path / "in" / "empty.jpg").touch()
    (tmp_path / "in" / "text.jpg").write_text("text")
    out, gone = tmp_path / "out", tmp_path / "gone.jpg"
    assert main(["predict", str(tmp_path / "in"), str(gone), "--output", str(out), "--model", model]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("2 photos, 3 failed, 3 people -> ")
    assert captured.err.splitlines() == [
        f"vitruv predict: {tmp_path / 'in' / 'empty.jpg'}: the file is empty",
        f"vitruv predict: {tmp_path / 'in' / 'text.jpg'}: not an image in a known format",
        f"vitruv predict: {gone}: no such file or folder",
    ]
    assert files(out) == {f"{stem}{end}" for stem in ("a", "sub/b") for end in PRODUCTS} | {"results.json", "images.json"}
    assert [record["image_id"] for record in json.loads((out / "results.json").read_text())] == [1, 1, 3]


def test_save_and_channel_order(tmp_path: Path, model: str) -> None:
    photo, out = save_photo(tmp_path / "a.png"), tmp_path / "out"
    arguments = ["predict", str(photo), "--output", str(out), "--model", model, "--save", "iuv", "npz", "--channel-order", "vui"]
    assert main(arguments) == 0
    assert files(out) == {"a_iuv.png", "a.npz"}
    expected = read_npz(out / "a.npz").canvas()[0].labels
    np.testing.assert_array_equal(np.asarray(Image.open(out / "a_iuv.png"))[:, :, 2], expected)


def test_threshold_and_ids(tmp_path: Path, model: str) -> None:
    photo, out = save_photo(tmp_path / "a.png"), tmp_path / "out"
    (tmp_path / "coco.json").write_text(json.dumps({"images": [{"id": 4711, "file_name": "a.png"}]}))
    arguments = ["predict", str(photo), "--output", str(out), "--model", model, "--threshold", "0.85"]
    assert main([*arguments, "--image-ids", str(tmp_path / "coco.json")]) == 0
    assert [record["image_id"] for record in json.loads((out / "results.json").read_text())] == [4711]


def test_boxes(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    photos = [save_photo(tmp_path / f"{name}.png") for name in "abc"]
    boxes = {"a.png": [[200, 50, 270, 150], [40, 30, 100, 180], [0, 0, 320, 240]], "b.png": [[0, 0, 5, 5], [400, 0, 410, 9]]}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    out = tmp_path / "out"
    arguments = ["predict", *map(str, photos), "--output", str(out), "--model", model, "--boxes", str(tmp_path / "boxes.json")]
    assert main(arguments) == 1
    assert read_npz(out / "a.npz").boxes_xyxy.tolist() == boxes["a.png"]
    assert capsys.readouterr().err.splitlines() == [
        f"vitruv predict: {photos[1]}: boxes[1] lies outside the picture of 320x240 pixels: [400.0, 0.0, 410.0, 9.0]",
        f"vitruv predict: {photos[2]}: {tmp_path / 'boxes.json'}: says nothing about c.png",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--threshold", "2"], "--threshold must be from 0 to 1, but is 2"),
        (["--save", ""], "--save needs at least one of overlay, iuv, labels, npz, json"),
        (["--device", "abacus"], "no device 'abacus'"),
        (["--boxes", "gone.json"], "gone.json: no such file or folder"),
        (["--image-ids", "gone.json"], "gone.json: no such file or folder"),
    ],
)
def test_unusable_options_write_nothing(
    tmp_path: Path, model: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, out = save_photo(tmp_path / "a.png"), tmp_path / "out"
    assert main(["predict", str(photo), "--output", str(out), "--model", model, *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"vitruv predict: {message}")
    assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("arguments", [["--save", "pdf"], ["--threshold", "half"], ["--outptu", "x"]])
def test_unusable_arguments(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["predict", str(tmp_path / "a.png"), "--output", str(tmp_path / "out"), *arguments])
    assert caught.value.code == 2


def test_the_output_is_a_file(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    photo = save_photo(tmp_path / "a.png")
    assert main(["predict", str(photo), "--output", str(photo), "--model", model]) == 1
    assert capsys.readouterr().err == f"vitruv predict: {photo}: there is a file of this name, so no folder can be made\n"


def test_no_photos(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(tmp_path), "--output", str(tmp_path / "out"), "--model", model]) == 1
    assert capsys.readouterr().err == f"vitruv predict: no photos in {tmp_path}\n"


def test_a_second_run_into_the_same_folder_changes_nothing(tmp_path: Path, model: str) -> None:
    photo = save_photo(tmp_path / "a.png")
    arguments = ["predict", str(tmp_path), "--output", str(tmp_path), "--model", model]
    assert main(arguments) == 0
    first = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    assert photo.name in first
    assert main(arguments) == 0
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == first


def test_a_full_disk(tmp_path: Path, model: str) -> None:
    """The largest file a process may write stands in for the disk: one line, status 1, nothing under a final name."""
    rng = np.random.default_rng(0)
    picture = painted_picture((240, 320), TWO_PEOPLE)[0]
    picture[:, :, 2] |= rng.integers(0, 255, (240, 320), np.uint8)  # hard to compress
    Image.fromarray(picture).save(tmp_path / "a.png")
    out = tmp_path / "out"

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

    command = [sys.executable, "-B", "-m", "vitruv", "predict", str(tmp_path / "a.png"), "--output", str(out), "--model", model]
    result = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, check=False)
    assert result.returncode == 1
    assert result.stderr == f"vitruv predict: {out / 'a_overlay.png'}: cannot be written: file too large\n"
    assert files(out) == set()


def many_photos(folder: Path, total: int) -> None:
    save_photo(folder / "0000.png")
    for i in range(1, total):
        os.link(folder / "0000.png", folder / f"{i:04}.png")


def start(arguments: list[str], done: Path) -> subprocess.Popen[str]:
    """`vitruv predict` at work, once it has written `done`."""
    command = [sys.executable, "-m", "vitruv", "predict", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not done.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_finishes_the_photo_and_keeps_what_is_done(tmp_path: Path, model: str, number: signal.Signals) -> None:
    total = 400
    many_photos(tmp_path / "in", total)
    out = tmp_path / "out"
    process = start([str(tmp_path / "in"), "--output", str(out), "--model", model], out / "0003.npz")
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert errors.splitlines() == [
        "",
        "vitruv predict: finishing this photo; once more stops at once",
        "vitruv predict: stopped; what was done until then is complete, and --skip-existing goes on",
    ]
    images = json.loads((out / "images.json").read_text())["images"]
    assert 4 <= len(images) < total
    assert output.startswith(f"{len(images)} photos, {2 * len(images)} people -> ")
    assert len(json.loads((out / "results.json").read_text())) == 2 * len(images)
    assert files(out) == {f"{image['stem']}{end}" for image in images for end in PRODUCTS} | {"results.json", "images.json"}


def test_a_killed_run_is_gone_on_from(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    total, once, twice = 40, tmp_path / "once", tmp_path / "twice"
    many_photos(tmp_path / "in", total)
    (tmp_path / "in" / "0002.png").unlink()
    (tmp_path / "in" / "0002.png").touch()  # one that fails takes a number, too
    assert main(["predict", str(tmp_path / "in"), "--output", str(once), "--model", model]) == 1
    arguments = [str(tmp_path / "in"), "--output", str(twice), "--model", model]
    process = start(arguments, twice / "0005.npz")
    process.kill()
    process.communicate()
    (twice / ".vitruv-0123456789abcdef.part").touch()
    capsys.readouterr()
    assert main(["predict", *arguments, "--skip-existing"]) == 1
    output = capsys.readouterr().out
    there = int(output.split(" photos, ")[1].split(" there already, ")[0])
    assert 4 <= there < total
    assert output.startswith(f"{total - 1 - there} photos, {there} there already, 1 failed, ")
    assert files(twice) == files(once)
    for name in ("results.json", "images.json"):
        assert (twice / name).read_bytes() == (once / name).read_bytes()


def test_a_second_run_adds_to_the_first(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = save_photo(tmp_path / "a.png"), save_photo(tmp_path / "b.png", TWO_PEOPLE[:1])
    out = tmp_path / "out"
    for photo in (first, second):
        assert main(["predict", str(photo), "--output", str(out), "--model", model]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("; the folder has 1 photo of earlier runs, too")
    images = json.loads((out / "images.json").read_text())["images"]
    assert [(image["id"], image["file_name"]) for image in images] == [(1, "a.png"), (2, "b.png")]
    assert [record["image_id"] for record in json.loads((out / "results.json").read_text())] == [1, 1, 2]
    other = save_photo(tmp_path / "other" / "a.png", [])
    before = {name: (out / name).read_bytes() for name in files(out)}
    assert main(["predict", str(other), "--output", str(out), "--model", model]) == 1
    assert "has results of another a.png" in capsys.readouterr().err
    assert {name: (out / name).read_bytes() for name in files(out)} == before


def test_results_of_other_programs_are_not_replaced(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    photo, out = save_photo(tmp_path / "a.png"), tmp_path / "out"
    out.mkdir()
    (out / "results.json").write_text("[]")
    assert main(["predict", str(photo), "--output", str(out), "--model", model]) == 1
    assert "no images.json beside it says what its ids are" in capsys.readouterr().err
    assert files(out) == {"results.json"}


def test_skip_existing_without_json(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    many_photos(tmp_path / "in", 3)
    out = tmp_path / "out"
    arguments = [
        "predict",
        str(tmp_path / "in"),
        "--output",
        str(out),
        "--model",
        model,
        "--save",
        "npz",
        "labels",
        "--skip-existing",
    ]
    assert main(arguments) == 0
    (out / "0001_labels.png").unlink()
    assert main(arguments) == 0
    assert [line[: line.index(" ->")] for line in capsys.readouterr().out.splitlines()] == [
        "3 photos, 6 people", "1 photo, 2 there already, 2 people",
    ]  # fmt: skip


def test_what_is_left_out_is_said(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    save_photo(tmp_path / "a.png")
    arguments = ["predict", str(tmp_path), "--output", str(tmp_path / "out"), "--model", model]
    assert main(arguments) == 0
    (tmp_path / "b.heic").touch()
    assert main([*arguments[:3], str(tmp_path / "out2"), *arguments[4:]]) == 0
    output, errors = capsys.readouterr()
    assert [line.split(" -> ")[0] for line in output.splitlines()] == ["1 photo, 2 people"] * 2
    pictures = ", ".join(str(tmp_path / "out" / f"a{ending}") for ending in sorted(PRODUCTS[:3]))
    assert sorted(errors.splitlines()) == [
        "vitruv predict: left out 1 file (no decoder for this format; convert it to JPEG or PNG): " + str(tmp_path / "b.heic"),
        f"vitruv predict: left out 3 files (written by Vitruv): {pictures}",
    ]


@pytest.mark.parametrize("option", ["--boxes", "--image-ids"])
def test_photos_of_one_name_are_told_apart(tmp_path: Path, model: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("v1", "v2"):
        save_photo(tmp_path / "p" / folder / "0.png")
    table = {"v1/0.png": [[40, 30, 100, 180]]} if option == "--boxes" else {"images": [{"id": 7, "file_name": "v1/0.png"}]}
    (tmp_path / "t.json").write_text(json.dumps(table))
    out = tmp_path / "out"
    assert main(["predict", str(tmp_path / "p"), "--output", str(out), "--model", model, option, str(tmp_path / "t.json")]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"vitruv predict: {tmp_path / 'p' / 'v2' / '0.png'}: {tmp_path / 't.json'}: says nothing about v2/0.png"
    ]
    (image,) = json.loads((out / "images.json").read_text())["images"]
    assert (image["file_name"], image["id"]) == ("v1/0.png", 1 if option == "--boxes" else 7)


def test_long_names_are_done(tmp_path: Path, model: str) -> None:
    save_photo(tmp_path / "in" / ("照" * 83 + ".png"))
    save_photo(tmp_path / "in" / "z.png")
    out = tmp_path / "out"
    assert main(["predict", str(tmp_path / "in"), "--output", str(out), "--model", model]) == 0
    images = json.loads((out / "images.json").read_text())["images"]
    assert files(out) == {f"{image['stem']}{end}" for image in images for end in PRODUCTS} | {"results.json", "images.json"}


def test_predict_does_not_import_torch_or_draw_a_bar(tmp_path: Path, model: str) -> None:
    photo = save_photo(tmp_path / "a.png")
    program = (
        "import sys; from vitruv.cli import main\n"
        f"main(['predict', {str(photo)!r}, '--output', {str(tmp_path / 'out')!r}, '--model', {model!r}])\n"
        "print([m for m in ('torch', 'scipy', 'numba', 'matplotlib', 'rich.progress') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
    assert result.stderr == ""
