"""results.json and images.json grow photo by photo and run by run, and nothing in them is ever lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vitruv.errors import FormatError, UnwritableFileError
from vitruv.formats import ResultFolder, read_results
from vitruv.formats.result_folder import IMAGES, JOURNAL, RESULTS
from vitruv.results import ChartMap, DensePoses


def people(count: int, chart: int = 1) -> DensePoses:
    boxes = np.array([[1, 2, 5, 7]] * count, np.float32).reshape(-1, 4)
    labels = np.full((5, 4), chart, np.uint8)
    charts = [ChartMap(labels, np.full((2, 5, 4), 0.5, np.float32)) for _ in range(count)]
    return DensePoses(boxes, np.linspace(0.9, 0.8, count).astype(np.float32), charts, (10, 10))


def image(image_id: int, name: str) -> dict[str, object]:
    return {"id": image_id, "file_name": name, "width": 10, "height": 10, "stem": Path(name).stem, "photo": f"../{name}"}


def content(folder: Path) -> tuple[list[object], list[object]]:
    images = json.loads((folder / IMAGES).read_bytes())["images"]
    return [(one["id"], one["photo"]) for one in images], list(read_results(folder / RESULTS).image_ids)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing(tmp_path: Path) -> None:
    with ResultFolder(tmp_path) as results:
        assert results.images == {}
    assert files(tmp_path) == [IMAGES, RESULTS]
    assert content(tmp_path) == ([], [])


def test_runs_add_up(tmp_path: Path) -> None:
    with ResultFolder(tmp_path) as results:
        results.add(image(2, "b.jpg"), people(2))
        results.add(image(1, "a.jpg"), people(0))
    assert content(tmp_path) == ([(1, "../a.jpg"), (2, "../b.jpg")], [2, 2])
    with ResultFolder(tmp_path) as results:
        assert list(results.images) == ["../a.jpg", "../b.jpg"]
        results.add(image(3, "c.jpg"), people(1))
        results.add(image(1, "a.jpg"), people(1, chart=7))  # again
    assert content(tmp_path) == ([(1, "../a.jpg"), (2, "../b.jpg"), (3, "../c.jpg")], [1, 2, 2, 3])
    assert int(read_results(tmp_path / RESULTS).iuv(0)[0].max()) == 7
    assert files(tmp_path) == [IMAGES, RESULTS]


def test_a_photo_whose_id_changes_is_there_once(tmp_path: Path) -> None:
    for image_id in (1, 9):
        with ResultFolder(tmp_path) as results:
            results.add(image(image_id, "a.jpg"), people(2))
    assert content(tmp_path) == ([(9, "../a.jpg")], [9, 9])


def test_an_error_keeps_what_was_added(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), ResultFolder(tmp_path) as results:
        results.add(image(1, "a.jpg"), people(1))
        raise KeyboardInterrupt
    assert content(tmp_path) == ([(1, "../a.jpg")], [1])
    assert files(tmp_path) == [IMAGES, RESULTS]


def kill_after(folder: Path, *names: str) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from test_result_folder import ResultFolder, image, people\n"
        "with ResultFolder(Path(sys.argv[2])) as results:\n"
        "    for i, name in enumerate(sys.argv[3:], 1):\n"
        "        results.add(image(i, name), people(i))\n"
        "    print('ready', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent), str(folder), *names]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with pytest.raises(UnwritableFileError, match="another run is adding results to this folder; wait, or choose another one"):
            ResultFolder(folder).__enter__()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def test_a_killed_run_is_gone_on_from(tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    for folder in (once, twice):
        folder.mkdir()
    with ResultFolder(once) as results:
        for i, name in enumerate(("a.jpg", "b.jpg", "c.jpg"), 1):
            results.add(image(i, name), people(i))
    kill_after(twice, "a.jpg", "b.jpg")
    assert files(twice) == [JOURNAL]
    with (twice / JOURNAL).open("ab") as stream:  # killed in the middle of a line
        stream.write(b'{"image": {"id": 3, "photo": "../c.jpg"')
    with ResultFolder(twice) as results:
        assert list(results.images) == ["../a.jpg", "../b.jpg"]
        results.add(image(3, "c.jpg"), people(3))
    assert files(twice) == [IMAGES, RESULTS]
    for name in (IMAGES, RESULTS):
        assert (twice / name).read_bytes() == (once / name).read_bytes()


def test_a_killed_second_run_loses_neither(tmp_path: Path) -> None:
    with ResultFolder(tmp_path) as results:
        results.add(image(1, "a.jpg"), people(1))
        results.add(image(5, "z.jpg"), people(1))
    kill_after(tmp_path, "a.jpg", "b.jpg")
    assert content(tmp_path) == ([(1, "../a.jpg"), (5, "../z.jpg")], [1, 5])
    with ResultFolder(tmp_path):
        pass
    assert content(tmp_path) == ([(1, "../a.jpg"), (2, "../b.jpg"), (5, "../z.jpg")], [1, 2, 2, 5])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (RESULTS, "[]", r"results\.json: no images\.json beside it says what its ids are; move it, or choose another folder"),
        (IMAGES, "{", r"images\.json: is not JSON"),
        (IMAGES, "[]", r"images\.json: its images need id, file_name, stem and photo to be added to; move it, or choose another"),
        (IMAGES, '{"images": [{"id": 1, "file_name": "a.jpg"}]}', r"images\.json: its images need id, file_name, stem and photo"),
    ],
)
def test_files_of_others_are_refused_and_kept(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / RESULTS).write_text("[]")
    (tmp_path / name).write_text(text)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(FormatError, match=message):
        ResultFolder(tmp_path).__enter__()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_results_with_names_for_ids_are_refused(tmp_path: Path) -> None:
    record = {"image_id": "a.jpg", "score": 1, "bbox": [0, 0, 1, 1]}
    (tmp_path / RESULTS).write_text(json.dumps([record]))
    (tmp_path / IMAGES).write_text('{"images": []}')
    with pytest.raises(FormatError, match="result 0: image_id must be a whole number"):
        ResultFolder(tmp_path).__enter__()


def test_results_that_no_image_is_listed_for_are_kept(tmp_path: Path) -> None:
    with ResultFolder(tmp_path) as results:
        results.add(image(4, "a.jpg"), people(1))
    (tmp_path / IMAGES).write_text('{"images": []}')
    with ResultFolder(tmp_path) as results:
        results.add(image(1, "b.jpg"), people(1))
    assert content(tmp_path) == ([(1, "../b.jpg")], [1, 4])
