"""The reader of the original's surface file: the genuine one where it lies at hand, damaged ones everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from vitruv.errors import FormatError, InputError, MissingFileError
from vitruv.surface import MIRROR_CHART, Atlas
from vitruv.surface.official import read_official, walk_mirror


@pytest.fixture
def genuine(shared_dir: Path) -> Path:
    file = shared_dir / "fixtures" / "UV_Processed.mat"
    if not file.is_file():
        pytest.skip("UV_Processed.mat is not at hand")
    return file


def test_the_genuine_file(genuine: Path) -> None:
    body = np.random.default_rng(0).random((6890, 3))
    atlas = Atlas.from_official(genuine, body)
    assert len(atlas.faces) == 13774 and len(atlas.chart_vertex) == 7829
    assert np.bincount(atlas.chart_of_face)[[1, 2, 3, 5, 7, 23]].tolist() == [1284, 1704, 1538, 514, 332, 1310]
    mirror = atlas.mirror_vertex
    assert (mirror == np.arange(6890)).sum() == 134
    assert (mirror[mirror] == np.arange(6890)).all()
    rng = np.random.default_rng(1)
    labels, uv = atlas.iuv(atlas.locate(np.repeat(np.arange(1, 25), 50), rng.random((1200, 2))))
    other, _ = atlas.mirror(labels, uv)
    assert (other == MIRROR_CHART[labels]).mean() > 0.99, "the original lacks a triangle on each big toe"
    assert atlas.kappa_m[0] == np.float32(0.351)


def test_real_annotated_points_lie_inside_their_charts(genuine: Path, shared_dir: Path) -> None:
    import json

    atlas = Atlas.from_official(genuine, np.zeros((6890, 3)))
    people = json.loads((shared_dir / "fixtures" / "densepose_coco_2014_tiny.json").read_text())["annotations"]
    points = np.concatenate([np.stack([p["dp_I"], p["dp_U"], p["dp_V"]], axis=1) for p in people if "dp_I" in p])
    _, uv = atlas.iuv(atlas.locate(points[:, 0].astype(int), points[:, 1:]))
    assert np.abs(uv - points[:, 1:]).max() < 1e-3


def small_surface() -> dict[str, np.ndarray]:
    return {
        "All_Faces": np.array([[1, 2, 3]], np.uint32),
        "All_FaceIndices": np.array([[2]], np.uint8),
        "All_vertices": np.array([[5, 6, 7]], np.uint32),
        "All_U_norm": np.array([[0.0], [1.0], [0.5]]),
        "All_V_norm": np.array([[0.0], [0.0], [1.0]]),
    }


def test_a_small_file(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "small.mat", small_surface())
    faces, vertices, uv, charts = read_official(tmp_path / "small.mat")
    assert faces.tolist() == [[0, 1, 2]] and vertices.tolist() == [4, 5, 6] and charts.tolist() == [2]
    assert uv.tolist() == [[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]]
    with pytest.raises(InputError, match="7 rows or more"):
        Atlas.from_official(tmp_path / "small.mat", np.zeros((6, 3)))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("All_Faces", np.array([[1, 2, 9]]), "must be in 1..3"),
        ("All_Faces", np.array([[0, 1, 2]]), "must be in 1..3"),
        ("All_Faces", np.array([[1.5, 1, 2]]), "whole numbers"),
        ("All_Faces", np.array([[1, 2]]), "do not fit each other"),
        ("All_FaceIndices", np.array([[25]]), "must be in 1..24"),
        ("All_U_norm", np.array([[0.0], [np.nan], [0.5]]), "finite"),
        ("All_U_norm", np.array([[0.0], [1.5], [0.5]]), r"in \[0, 1\]"),
        ("All_V_norm", np.zeros((2, 1)), "do not fit each other"),
        ("All_vertices", "text", "no array of numbers 'All_vertices'"),
        ("All_vertices", np.zeros((0, 3)), "no array of numbers 'All_vertices'"),
    ],
)
def test_wrong_contents_are_named(tmp_path: Path, name: str, value: object, says: str) -> None:
    scipy.io.savemat(tmp_path / "wrong.mat", small_surface() | {name: value})
    with pytest.raises(FormatError, match=says):
        read_official(tmp_path / "wrong.mat")


def test_damaged_files_give_one_line(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_official(tmp_path / "none.mat")
    scipy.io.savemat(tmp_path / "good.mat", small_surface(), do_compression=True)
    good = (tmp_path / "good.mat").read_bytes()
    rng = np.random.default_rng(0)
    for trial in range(150):
        data = bytearray(good[: rng.integers(0, len(good))] if trial % 3 == 0 else good)
        for place in rng.integers(0, max(len(data), 1), 4):
            if len(data):
                data[place] = rng.integers(0, 256)
        (tmp_path / "bad.mat").write_bytes(bytes(data))
        try:
            read_official(tmp_path / "bad.mat")
        except FormatError as error:
            assert str(error).startswith(str(tmp_path / "bad.mat")) and "\n" not in str(error)


def test_the_mirror_is_walked_from_the_midline() -> None:
    #   2       a kite: 0 and 1 on the midline, 2 and 3 images of each other
    faces = np.array([[0, 1, 2], [1, 0, 3]])
    assert walk_mirror(faces, 5, starts=((0, 1),)).tolist() == [0, 1, 3, 2, 4]
    with pytest.raises(InputError, match="not mirror-symmetric"):
        walk_mirror(faces, 4, starts=((2, 3),))
