"""`vitruv evaluate`, `compare`, `check` and `show`: what they print and write, and one line for every kind of bad input."""

from __future__ import annotations

import base64
import json
import pickle
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import made_up
import numpy as np
import pytest
from PIL import Image

from vitruv import ChartMap, DensePoses
from vitruv.cli import main
from vitruv.draw import track_colour
from vitruv.formats import AnnotationWriter, ResultWriter, encode_uv_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A surface, annotations, results and photos."""
    place = tmp_path_factory.mktemp("commands")
    made_up.write_surface(place)
    made_up.write(place, *made_up.data_set(4))
    (place / "photos").mkdir()
    for i in range(1, 9):
        Image.new("RGB", (made_up.SIZE_HW[1], made_up.SIZE_HW[0]), (90, 30 * i, 120)).save(place / "photos" / f"{i}.png")
    return place


def evaluate(folder: Path, output: Path, *more: str, results: Path | None = None, truth: Path | None = None) -> int:
    files = ["--annotations", str(truth or folder / "truth.json"), "--results", str(results or folder / "results.json")]
    surface = ["--surface", f"official:{folder}", "--cache", str(folder / "cache")]
    return main(["evaluate", *files, *surface, "--output", str(output), *more])


def test_evaluate_writes_a_report(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(folder, tmp_path / "a", "--images", str(folder / "photos"), "--lowest", "0.2") == 0
    shown = capsys.readouterr().out
    assert "Average precision and recall (detectron2, official surface)" in shown
    assert "Where the rules matter by more than 0.1" in shown
    assert "AUC10" in shown
    report = json.loads((tmp_path / "a" / "report.json").read_text())
    assert report["compat"] == "detectron2"
    keys = ["AP", "AP20", "AP30", "AP40", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl"]
    assert all(list(report["measures"][name]) == keys for name in ("gps", "gpsm", "iou"))
    assert list(report["measures"]["rcp"]) == ["AUC10", "AUC30"]
    assert report["others"]["clean"]["gps"]["AP"] != report["measures"]["gps"]["AP"]
    assert report["lowest_threshold"] == 0.2
    assert report["parts"][0]["part"] == "torso"
    written = {path.name for path in (tmp_path / "a").iterdir()}
    curves = {f"precision_recall_{name}.png" for name in ("gps", "gpsm", "iou")}
    assert written == {"report.json", "ratio_correct.png", "worst_people.png", *curves}
    for name in written - {"report.json"}:
        assert np.asarray(Image.open(tmp_path / "a" / name).convert("L")).std() > 5, name


def test_compare_shows_two_reports(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(folder, tmp_path / "a", "--measures", "gps", "rcp") == 0
    assert evaluate(folder, tmp_path / "b", "--measures", "gps", "--compat", "clean", "--kappa", "0.255") == 0
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b" / "report.json")]) == 0
    shown = capsys.readouterr().out
    assert "gps AP50" in shown and "rcp AUC30" in shown
    assert "not the same compat: detectron2 and clean" in shown
    (tmp_path / "c.json").write_text('{"measures": {"gps": {"AP": "good"}}}')
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "c.json")]) == 1
    assert "c.json: the measure gps is not a table of numbers" in capsys.readouterr().err


def test_check_and_show(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder / "results.json"), "--annotations", str(folder / "truth.json")]) == 0
    assert "charts seen" in capsys.readouterr().out
    assert main(["check", str(folder / "truth.json"), "--images", str(folder / "photos")]) == 1  # some points are on chart 0
    assert "points are on no chart 1..24" in capsys.readouterr().err
    photos = ["--images", str(folder / "photos"), "--output", str(tmp_path / "pictures")]
    assert main(["show", str(folder / "truth.json"), *photos]) == 0
    results = ["show", str(folder / "results.json"), "--threshold", "0.1"]
    assert main([*results, *photos, "--annotations", str(folder / "truth.json"), "--most", "2"]) == 0
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert sum("_results" in name for name in names) == 2
    for name in names:
        picture = np.asarray(Image.open(tmp_path / "pictures" / name))
        assert picture.shape == (*made_up.SIZE_HW, 3)
        assert picture.std(axis=(0, 1)).max() > 5, f"nothing is drawn on {name}"
    capsys.readouterr()
    assert main([*results, "--images", str(tmp_path / "pictures"), "--output", str(tmp_path / "none")]) == 1
    assert "nothing was drawn" in capsys.readouterr().err


def test_show_draws_what_results_hold(tmp_path: Path) -> None:
    """Keypoints and tracks of results, unless `--layers` leaves them out."""
    chart = ChartMap(np.ones((40, 30), np.uint8), np.full((2, 40, 30), 0.5, np.float32))
    keypoints = np.tile(np.float32([20, 25, 1]), (1, 17, 1))
    box, score, track = np.float32([[5, 5, 35, 45]]), np.float32([0.9]), np.array([7], np.int64)
    DensePoses(box, score, [chart], (60, 80), keypoints=keypoints, track_ids=track).save(tmp_path / "r.json", image_id="a.png")
    Image.new("RGB", (80, 60), (90, 90, 90)).save(tmp_path / "a.png")
    pictures = {}
    for layers in ("points", "keypoints", "boxes"):
        out = tmp_path / layers
        assert main(["show", str(tmp_path / "r.json"), "--images", str(tmp_path), "--output", str(out), "--layers", layers]) == 0
        pictures[layers] = np.asarray(Image.open(out / "a_results.png"))
    assert (pictures["keypoints"][25, 20] != pictures["points"][25, 20]).any()
    assert (pictures["boxes"][6, 30] == track_colour(7)).all()
    assert (pictures["points"][30, 50] == 90).all()


def posetrack(folder: Path, videos: int = 2) -> Path:
    """Annotations of one frame in each video, all of one name."""
    with AnnotationWriter(folder / "a.json") as writer:
        for i in range(1, videos + 1):
            name = f"v{i}/000000.png"
            (folder / f"v{i}").mkdir()
            Image.new("RGB", (40, 30), (60 * i, 0, 0)).save(folder / name)
            writer.add_image({"id": i, "width": 40, "height": 30, "file_name": name})
            writer.add_person({"id": i, "image_id": i, "category_id": 1, "bbox": [5, 5, 20, 20]})
    return folder / "a.json"


def test_show_matches_by_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = posetrack(tmp_path), tmp_path / "out"
    assert main(["show", str(path), "--images", str(tmp_path), "--output", str(out)]) == 0
    for i in (1, 2):
        assert np.asarray(Image.open(out / f"{i}_annotations.png"))[0, 0].tolist() == [60 * i, 0, 0]
    capsys.readouterr()
    assert main(["show", str(path), "--images", str(tmp_path / "v2"), "--output", str(tmp_path / "one")]) == 0
    assert [file.name for file in (tmp_path / "one").iterdir()] == ["2_annotations.png"]
    assert "1 photos are not in" in capsys.readouterr().out
    assert main(["check", str(path), "--images", str(tmp_path / "v2")]) == 1
    assert "no photo of this name is in the folder, or several are" in capsys.readouterr().err


def test_show_goes_on_after_a_damaged_photo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = posetrack(tmp_path, 3), tmp_path / "out"
    (tmp_path / "v2" / "000000.png").write_bytes(b"no picture")
    assert main(["show", str(path), "--images", str(tmp_path), "--output", str(out)]) == 1
    assert sorted(file.name for file in out.iterdir()) == ["1_annotations.png", "3_annotations.png"]
    output, error = capsys.readouterr()
    assert output == f"wrote 2 pictures to {out}\n"
    assert error == f"vitruv show: image 2: {tmp_path / 'v2' / '000000.png'}: not an image in a known format\n"


def test_show_keeps_ids_apart_and_knows_images_json(tmp_path: Path) -> None:
    posetrack(tmp_path)
    record = {**GOOD, "bbox": [5, 5, 4, 6], "uv_data": encode_uv_data(np.ones((3, 6, 4), np.uint8))}
    (tmp_path / "named").mkdir()
    with ResultWriter(tmp_path / "named" / "results.json") as writer:
        for name in ("v1/000000.png", "v2/000000.png"):
            writer.add_record({**record, "image_id": name})
    assert (
        main(["show", str(tmp_path / "named" / "results.json"), "--images", str(tmp_path), "--output", str(tmp_path / "out")]) == 0
    )
    assert sorted(file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*.png")) == [
        "v1/000000_results.png", "v2/000000_results.png",
    ]  # fmt: skip
    numbered = tmp_path / "numbered"
    numbered.mkdir()
    with ResultWriter(numbered / "results.json") as writer:
        writer.add_record({**record, "image_id": 7})
    images = {"images": [{"id": 7, "width": 40, "height": 30, "file_name": "v2/000000.png", "stem": "v2/000000"}]}
    (numbered / "images.json").write_text(json.dumps(images))
    for more in ([], ["--annotations", str(numbered / "images.json")]):
        out = tmp_path / f"out{len(more)}"
        assert main(["show", str(numbered / "results.json"), "--images", str(tmp_path), "--output", str(out), *more]) == 0
        assert np.asarray(Image.open(out / "7_results.png"))[29, 39].tolist() == [120, 0, 0]
    assert main(["check", str(numbered / "images.json"), "--images", str(tmp_path)]) == 0
    assert main(["check", str(numbered / "results.json"), "--annotations", str(numbered / "images.json")]) == 0


def changed(folder: Path, place: Path, change: Callable[[dict[str, Any], list[dict[str, Any]]], None]) -> dict[str, Path]:
    """The truth and the results, changed, as files."""
    truth, results = json.loads((folder / "truth.json").read_text()), json.loads((folder / "results.json").read_text())
    change(truth, results)
    files = {"truth": place / "t.json", "results": place / "r.json"}
    for name, content in (("truth", truth), ("results", results)):
        files[name].write_text(json.dumps(content))
    return files


def measured(output: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((output / "report.json").read_text())
    return report


def test_equal_scores_do_not_depend_on_the_order_of_records(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for seed in range(3):

        def shuffle(truth: dict[str, Any], results: list[dict[str, Any]], seed: int = seed) -> None:
            for result in results:
                result["score"] = 1.0
            random.Random(seed).shuffle(results)

        out = tmp_path / str(seed)
        assert evaluate(folder, out, "--measures", "gps", "bbox", "segm", **changed(folder, tmp_path, shuffle)) == 0
        found.append(measured(out))
    assert found[0]["measures"] == found[1]["measures"] == found[2]["measures"]
    assert found[0]["others"] == found[1]["others"] == found[2]["others"]
    (remark,) = found[0]["remarks"]
    assert "have the score of another one, so that AP depends on their order: here by image id, then by box" in remark
    assert f"note: {remark}" in capsys.readouterr().out.splitlines()


def test_measures_without_anything_to_measure_are_null(folder: Path, tmp_path: Path) -> None:
    def no_outlines(truth: dict[str, Any], results: list[dict[str, Any]]) -> None:
        for person in truth["annotations"]:
            person["segmentation"] = []

    def no_masks(truth: dict[str, Any], results: list[dict[str, Any]]) -> None:
        for person in truth["annotations"]:
            person["dp_masks"] = []

    assert evaluate(folder, tmp_path / "a", "--measures", "segm", "bbox", **changed(folder, tmp_path, no_outlines)) == 0
    measures = measured(tmp_path / "a")["measures"]
    assert set(measures["segm"].values()) == {None}
    assert measures["bbox"]["AP"] is not None
    assert evaluate(folder, tmp_path / "b", "--measures", "gps", "gpsm", "iou", **changed(folder, tmp_path, no_masks)) == 0
    measures = measured(tmp_path / "b")["measures"]
    assert set(measures["iou"].values()) == set(measures["gpsm"].values()) == {None}
    assert measures["gps"]["AP"] is not None


def test_categories_that_the_truth_does_not_have(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def all_of_them(truth: dict[str, Any], results: list[dict[str, Any]]) -> None:
        for result in results:
            result["category_id"] = 0

    def one(truth: dict[str, Any], results: list[dict[str, Any]]) -> None:
        results[0]["category_id"] = 18

    files = changed(folder, tmp_path, all_of_them)
    assert evaluate(folder, tmp_path / "a", **files) == 1
    assert (
        "no result is of a category of the annotations: they are of category 0, the annotations know 1" in capsys.readouterr().err
    )
    assert main(["check", str(files["results"]), "--annotations", str(files["truth"])]) == 1
    assert "result 0: category 0 is not among those of the annotations" in capsys.readouterr().err
    assert evaluate(folder, tmp_path / "b", "--measures", "bbox", **changed(folder, tmp_path, one)) == 0
    assert "results are of categories that the annotations do not have, and count nowhere" in capsys.readouterr().out


POLYGONS = {
    "two points": ([[26, 31, 50, 31]], "a polygon must be a list of at least three x, y pairs"),
    "far outside": ([[0, 0, 2e8, 0, 2e8, 3e8]], "a polygon has corners that are not finite, or far outside any image"),
    "text": ([["a"] * 6], "a polygon must be a list of numbers"),
    "a number": (5, "an outline must be a mask or a list of polygons"),
}


@pytest.mark.parametrize("name", POLYGONS)
def test_a_broken_polygon_is_refused_by_all_who_need_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    polygons, message = POLYGONS[name]

    def break_one(truth: dict[str, Any], results: list[dict[str, Any]]) -> None:
        truth["annotations"][0]["segmentation"] = polygons

    files = changed(folder, tmp_path, break_one)
    assert evaluate(folder, tmp_path / "a", "--measures", "gps", "bbox", **files) == 0  # they need no outline
    refused(folder, tmp_path / "b", capsys, f"segmentation: {message}", **files)
    assert main(["check", str(files["truth"])]) == 1
    said = capsys.readouterr().err
    assert (message if isinstance(polygons, list) else "segmentation must be a mask or a list of polygons") in said


def test_masks_of_another_size_are_refused_by_all(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def shrink(truth: dict[str, Any], results: list[dict[str, Any]]) -> None:
        for person in truth["annotations"]:
            for mask in person.get("dp_masks", ()):
                if mask:
                    mask["size"] = [10, 10]

    files = changed(folder, tmp_path, shrink)
    refused(folder, tmp_path / "a", capsys, "a mask is 10x10 (h x w), expected 256x256", **files)
    assert main(["check", str(files["truth"])]) == 1
    assert "a mask is 10x10 (h x w), expected 256x256" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_costs_nothing_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VITRUV_CACHE", str(tmp_path / "file" / "cache"))
    files = ["--annotations", str(folder / "truth.json"), "--results", str(folder / "results.json")]
    assert main(["evaluate", *files, "--measures", "gps", "--output", str(tmp_path / "a")]) == 0
    assert measured(tmp_path / "a")["measures"]["gps"]["AP"] is not None


def bomb() -> str:
    header = (60000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    chunk = len(header).to_bytes(4, "big") + b"IHDR" + header + zlib.crc32(b"IHDR" + header).to_bytes(4, "big")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk).decode()


GOOD = {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [1.0, 2.0, 4.0, 6.0], "uv_shape": [3, 6, 4]}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "wrong types": ({"score": "high"}, "result 0: score must be a finite number"),
    "another uv_shape": ({"uv_shape": [3, 9, 9]}, "result 0: the PNG is 6x4 (h x w), but uv_shape says 9x9"),
    "a PNG bomb": ({"uv_data": bomb()}, "result 0: the PNG is 60000x60000"),
    "base64 garbage": ({"uv_data": "%%%"}, "result 0: uv_data is not base64"),
    "an unknown image": ({"image_id": 999}, "result 0: there is no image 999 among the annotations"),
}


def refused(folder: Path, output: Path, capsys: pytest.CaptureFixture[str], message: str, **files: Path) -> None:
    capsys.readouterr()
    assert evaluate(folder, output, **files) == 1
    error = capsys.readouterr().err
    assert error.startswith("vitruv evaluate: ") and error.count("\n") == 1
    assert message in error
    assert not output.exists()


@pytest.mark.parametrize("name", BAD)
def test_bad_results_are_one_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    changes, message = BAD[name]
    codes = np.ones((3, 6, 4), np.uint8)
    with ResultWriter(tmp_path / "r.json") as writer:
        writer.add_record({**GOOD, "uv_data": encode_uv_data(codes), **changes})
    refused(folder, tmp_path / "out", capsys, message, results=tmp_path / "r.json")


def test_bad_files_are_one_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, truth = (folder / "results.json").read_text(), (folder / "truth.json").read_text()
    bad = tmp_path / "bad.json"
    bad.write_text(whole[: len(whole) // 2])
    refused(folder, tmp_path / "out", capsys, "is not JSON", results=bad)
    bad.write_text(whole.replace('"score": ', '"score": NaN, "was": ', 1))
    refused(folder, tmp_path / "out", capsys, "holds NaN or infinity, which JSON does not know", results=bad)
    few = json.loads(whole)
    few[0]["image_id"] = 1
    bad.write_text(json.dumps(few[:1] * 100_000))
    refused(folder, tmp_path / "out", capsys, "image 1 has 100000 results; at most 10000 can be scored", results=bad)
    bad.write_text(truth[: len(truth) // 3])
    refused(folder, tmp_path / "out", capsys, "is not JSON", truth=bad)
    people = json.loads(truth)
    masked = next(p for p in people["annotations"] if p.get("dp_masks"))
    masked["dp_masks"][0] = {"size": [256, 256], "counts": [70000]}
    bad.write_text(json.dumps(people))
    refused(
        folder, tmp_path / "out", capsys, "dp_masks[0]: the runs of a mask cover 70000 pixels, but its size is 256x256", truth=bad
    )


class Runs:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.path,)


def test_a_malicious_pickle_does_not_run(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.pkl").write_bytes(pickle.dumps([Runs(tmp_path / "was_here")]))
    refused(folder, tmp_path / "out", capsys, "nothing of it was run", results=tmp_path / "r.pkl")
    assert main(["check", str(tmp_path / "r.pkl")]) == 1
    assert not (tmp_path / "was_here").exists()


def test_options_are_checked(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more, message in ((["--kappa", "0"], "--kappa must be more than 0"), (["--lowest", "0.9"], "between 0.05 and 0.5")):
        assert evaluate(folder, tmp_path / "out", *more) == 1
        assert message in capsys.readouterr().err
    assert evaluate(folder, tmp_path / "out", "--surface", "mine") == 1
    assert "--surface must be official:DIR or vitruv" in capsys.readouterr().err
