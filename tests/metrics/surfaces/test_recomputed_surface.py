"""The official surface from charts and vertices alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from vitruv.cli import main
from vitruv.errors import FormatError, MissingFileError
from vitruv.metrics import GeodesicSurface, open_recomputed

SIDE = 5  # vertices along a side of a flat square of one metre


def sheet(folder: Path) -> np.ndarray:
    """A square cut down the middle into charts 1 and 2, U to the right from 0 to 1 in each, V up; (25, 3) vertices."""
    y, x = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE])
    vertices = np.stack([x, y, 0 * x], axis=1) / (SIDE - 1)
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]))
    faces = np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])
    middle = SIDE // 2
    chart_of_face = np.where(x[faces].min(axis=1) < middle, 1, 2)
    rows = [(chart, v) for chart in (1, 2) for v in range(SIDE * SIDE) if (x[v] <= middle if chart == 1 else x[v] >= middle)]
    row_of = {row: i for i, row in enumerate(rows)}
    corners = [[row_of[int(chart), int(v)] + 1 for v in face] for chart, face in zip(chart_of_face, faces, strict=True)]
    of_row = np.array([v for _, v in rows])
    u = x[of_row] / middle - (np.array([chart for chart, _ in rows]) == 2)
    content = {"All_Faces": corners, "All_FaceIndices": chart_of_face[:, None], "All_vertices": of_row[None] + 1}
    content |= {"All_U_norm": u[:, None], "All_V_norm": y[of_row][:, None] / (SIDE - 1)}
    scipy.io.savemat(folder / "UV_Processed.mat", {name: np.asarray(values, np.float64) for name, values in content.items()})
    return vertices


def test_distances_and_seams_of_a_sheet(tmp_path: Path) -> None:
    np.save(tmp_path / "SMPL_vertices.npy", sheet(tmp_path))
    surface = open_recomputed(tmp_path, cache=tmp_path / "cache")
    assert isinstance(surface, GeodesicSurface)
    edges = 2 * SIDE * (SIDE - 1) + (SIDE - 1) ** 2
    assert surface.table.vertices == SIDE * SIDE + edges
    # a grid twice as fine: the middle of the right edge of chart 1 is that of the left edge of chart 2
    left, right = surface.vertices([1, 2], [1.0, 0.0], [0.5 / 4, 0.5 / 4])
    assert left == right >= SIDE * SIDE
    rng = np.random.default_rng(0)
    chart, u, v = rng.integers(1, 3, (2, 200)), rng.integers(0, 5, (2, 200)) / 4, rng.integers(0, 9, (2, 200)) / 8
    a, b = (surface.vertices(chart[i], u[i], v[i]) for i in (0, 1))
    apart = np.hypot(np.diff(chart + u, axis=0)[0] / 2, np.diff(v, axis=0)[0])
    found = surface.distances_m(a, b)
    assert (found > apart - 1e-6).all() and (found < 1.01 * apart + 1e-6).all()  # paths bend in vertices only


def test_vertices_of_an_obj_file(tmp_path: Path) -> None:
    vertices = sheet(tmp_path)
    np.save(tmp_path / "SMPL_vertices.npy", vertices)
    first = open_recomputed(tmp_path, cache=tmp_path / "cache")
    (tmp_path / "SMPL_vertices.npy").unlink()
    lines = ["# a body", *(f"v {x} {y} {z}" for x, y, z in vertices.tolist()), "vn 0 0 1", "f 1 2 3"]
    (tmp_path / "SMPL_vertices.obj").write_text("\n".join(lines))
    second = open_recomputed(tmp_path, cache=tmp_path / "cache")
    a, b = np.arange(first.table.vertices), np.arange(first.table.vertices)[::-1]
    np.testing.assert_array_equal(first.distances_m(a, b), second.distances_m(a, b))


def test_unsuitable_vertices_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vertices = sheet(tmp_path)
    with pytest.raises(MissingFileError, match=r"nor SMPL_vertices\.obj beside it"):
        open_recomputed(tmp_path)
    for wrong, message in (
        (vertices[:9], "there are 9 vertices, but the charts of UV_Processed.mat have 25"),
        (vertices * 1000, "the body is 1000 long; vertices must be finite numbers in metres"),
        (vertices[:, :2], r"must be an array of numbers \(v, 3\)"),
        (vertices + np.inf, "vertices must be finite numbers"),
        ((2 * vertices - 1) * 1.7e308, "vertices must be finite numbers"),
        (vertices * np.nan, "the body is nan long; vertices must be finite numbers"),
    ):
        np.save(tmp_path / "SMPL_vertices.npy", wrong)
        with pytest.raises(FormatError, match=message):
            open_recomputed(tmp_path)
    (tmp_path / "SMPL_vertices.npy").write_bytes(b"rubbish")
    with pytest.raises(FormatError, match="not a readable NumPy array"):
        open_recomputed(tmp_path)
    (tmp_path / "gt.json").write_text('{"images": [], "annotations": []}')
    (tmp_path / "r.json").write_text("[]")
    files = ["--annotations", str(tmp_path / "gt.json"), "--results", str(tmp_path / "r.json"), "--output", str(tmp_path / "out")]
    assert main(["evaluate", *files, "--surface", f"official:{tmp_path}"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("vitruv evaluate: ") and error.count("\n") == 1 and "not a readable NumPy array" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.fixtures
def test_the_genuine_charts_make_27554_vertices(shared_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "UV_Processed.mat").write_bytes((shared_dir / "fixtures" / "UV_Processed.mat").read_bytes())
    np.save(tmp_path / "SMPL_vertices.npy", np.random.default_rng(0).random((6890, 3)))
    assert open_recomputed(tmp_path, cache=tmp_path).table.vertices == 27_554
