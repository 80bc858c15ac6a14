"""Nearest chart vertices, distance tables and their files, and distances computed from a mesh."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import h5py
import made_up
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from vitruv.errors import FormatError, InputError, MissingFileError
from vitruv.metrics import GeodesicSurface, geodesic_point_similarity, open_official, ratio_correct
from vitruv.metrics.ratio_correct import area_under_curve, areas
from vitruv.metrics.surfaces.distance_table import DistanceTable
from vitruv.metrics.surfaces.mesh_distances import MeshDistances
from vitruv.metrics.surfaces.nearest import NearestVertex
from vitruv.metrics.surfaces.table_files import open_table, write_table
from vitruv.surface.geodesics import GeodesicGraph


@given(seed=st.integers(0, 10_000), grid=st.sampled_from([2, 8, 1000]), rows=st.integers(1, 60))
def test_nearest_is_the_first_of_the_smallest_distances(seed: int, grid: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    uv, chart = rng.integers(0, grid, (rows, 2)) / grid, rng.integers(1, 4, rows).astype(np.uint8)
    asked, charts = rng.integers(0, 2 * grid, (40, 2)) / (2 * grid), rng.integers(0, 5, 40)
    found = NearestVertex(chart, uv).rows(charts, asked)
    for i in range(40):
        known = np.flatnonzero(chart == charts[i])
        expected = known[np.argmin(cdist(uv[known], asked[i : i + 1])[:, 0])] if len(known) else -1
        assert found[i] == expected


def test_charts_that_are_not_there() -> None:
    nearest = NearestVertex(np.array([1], np.uint8), np.array([[0.5, 0.5]]))
    assert nearest.rows(np.array([1, 0, 2, 1.5, 1]), np.array([[0, 0], [0, 0], [0, 0], [0, 0], [np.nan, 0]])).tolist() == [
        0,
        -1,
        -1,
        -1,
        -1,
    ]
    assert nearest.rows(np.zeros(0), np.zeros((0, 2))).tolist() == []


def test_distances_of_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    places = rng.normal(size=(150, 3))
    whole = cdist(places, places).astype(np.float32)
    write_table(tmp_path / "t.npy", (whole[i, :i] for i in range(150)), 150)
    table = DistanceTable.of_npy(tmp_path / "t.npy", 150)
    a, b = rng.integers(0, 150, (2, 9000))
    for window in (1 << 12, 1 << 26):  # many stretches of the file, and one
        monkeypatch.setattr("vitruv.metrics.surfaces.distance_table._WINDOW", window)
        np.testing.assert_array_equal(table.distances_m(a, b), np.where(a == b, 0, np.maximum(whole[a, b], whole[b, a])))
    assert table.distances_m(np.zeros(0), np.zeros(0)).shape == (0,)
    with pytest.raises(InputError, match=r"vertices must be in 0\.\.149"):
        table.distances_m([150], [0])


def test_tables_of_the_wrong_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="3 distances came, but 4 vertices have 6"):
        write_table(tmp_path / "t.npy", iter([np.ones(3)]), 4)
    assert list(tmp_path.iterdir()) == []
    np.save(tmp_path / "t.npy", np.ones(3, np.float32))
    with pytest.raises(FormatError, match="expected 6 float32"):
        DistanceTable.of_npy(tmp_path / "t.npy", 4)
    (tmp_path / "t.npy").write_bytes(b"rubbish")
    with pytest.raises(FormatError, match="not a readable NumPy array"):
        DistanceTable.of_npy(tmp_path / "t.npy", 4)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_official_tables_are_converted_once(tmp_path: Path, protocol: int) -> None:
    values = np.random.default_rng(0).random(4005).astype(np.float32)
    source = tmp_path / "Pdist_matrix.pkl"
    source.write_bytes(pickle.dumps({"Pdist_matrix": values[:, None]}, protocol))
    table = open_table(source, 90, tmp_path / "cache")
    np.testing.assert_array_equal(table.distances_m(np.array([89, 1]), np.array([88, 0])), values[[-1, 0]])
    (converted,) = (tmp_path / "cache").iterdir()
    os.utime(converted, (1, 1))
    open_table(source, 90, tmp_path / "cache")
    assert converted.stat().st_mtime == 1


@pytest.mark.parametrize("shape", [(4005, 1), (1, 4005), (4005,)])
def test_tables_of_2018(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).random(4005)
    with h5py.File(tmp_path / "Pdist_matrix.mat", "w") as file:
        file.create_dataset("Pdist_matrix", data=values.reshape(shape), compression="gzip")
    table = open_table(tmp_path / "Pdist_matrix.mat", 90, tmp_path / "cache")
    assert table.distances_m(np.array([89]), np.array([88]))[0] == np.float32(values[-1])
    with pytest.raises(FormatError, match="does not hold the distances of 91 vertices"):
        open_table(tmp_path / "Pdist_matrix.mat", 91, tmp_path / "other")
    (tmp_path / "Pdist_matrix.mat").write_bytes(b"no HDF5")
    with pytest.raises(FormatError, match=r"not a readable MATLAB 7\.3 file"):
        open_table(tmp_path / "Pdist_matrix.mat", 90, tmp_path / "other")


def test_the_official_surface(tmp_path: Path) -> None:
    slow = made_up.write_surface(tmp_path)
    surface = open_official(tmp_path, cache=tmp_path / "cache")
    assert isinstance(surface, GeodesicSurface)
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (3, 500)).astype(np.uint8)
    codes[0] %= 25
    rows = [slow.row(c, u / 255.0, v / 255.0) for c, u, v in codes.T.tolist()]
    expected = [-1 if row is None else slow.merged[row] - 1 for row in rows]
    assert surface.vertices_of_codes(codes).tolist() == expected
    again = open_official(tmp_path, cache=tmp_path / "cache")  # codes from the cache
    assert again.vertices_of_codes(codes).tolist() == expected
    (tmp_path / "Pdist_matrix.pkl").unlink()
    with pytest.raises(MissingFileError, match=r"nor Pdist_matrix\.mat beside it"):
        open_official(tmp_path, cache=tmp_path / "cache")


def sphere(rings: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A sphere of radius 1 as rings of triangles."""
    polar, around = np.meshgrid(
        np.linspace(0.05, np.pi - 0.05, rings), np.linspace(0, 2 * np.pi, 2 * rings, endpoint=False), indexing="ij"
    )
    places = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    number = np.arange(rings * 2 * rings).reshape(rings, -1)
    a, b = number[:-1], number[1:]
    c, d = np.roll(a, -1, axis=1), np.roll(b, -1, axis=1)
    return places.reshape(-1, 3), np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([c, b, d], -1).reshape(-1, 3)])


def test_distances_on_a_sphere_are_angles() -> None:
    places, faces = sphere()
    found = np.concatenate(list(GeodesicGraph(places, faces).triangle()))
    i, j = np.tril_indices(len(places), -1)
    angle = np.arccos(np.clip((places[i] * places[j]).sum(1), -1, 1))
    far = angle > 0.5
    ratio = found[far] / angle[far]
    assert ratio.min() > 0.99 and ratio.max() < 1.06
    assert 0.997 < ratio.mean() < 1.01


def test_few_distances_need_no_table(tmp_path: Path) -> None:
    places, faces = sphere(12)
    graph, steps = GeodesicGraph(places, faces), []
    distances = MeshDistances(graph, tmp_path / "t.npy", lambda done, total: steps.append((done, total)))
    rng = np.random.default_rng(0)
    a, b = np.tile(rng.integers(0, len(places), 20), 10), rng.integers(0, len(places), 200)
    few = distances.distances_m(a, b)
    assert list(tmp_path.iterdir()) == [] and not steps
    everything = np.arange(len(places))
    many = distances.distances_m(everything, everything[::-1])
    assert steps[-1] == (len(places), len(places)) and [path.name for path in tmp_path.iterdir()] == ["t.npy"]
    np.testing.assert_allclose(many, graph.between(everything, everything[::-1]), rtol=1e-6)
    np.testing.assert_allclose(distances.distances_m(a, b), few, rtol=1e-6)
    again = MeshDistances(graph, tmp_path / "t.npy")
    np.testing.assert_array_equal(again.distances_m(a, b), distances.distances_m(a, b))
    assert distances.distances_m(a[:0], b[:0]).shape == (0,)


def test_a_table_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    places, faces = sphere(12)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    everything = np.arange(len(places))
    with pytest.raises(KeyboardInterrupt):
        MeshDistances(GeodesicGraph(places, faces), tmp_path / "t.npy", stop).distances_m(everything, everything)
    assert list(tmp_path.iterdir()) == []


def test_ratio_of_correct_points() -> None:
    assert areas(np.zeros(0)) == {"AUC10": None, "AUC30": None}
    distances = [0.0, 0.05, 0.2, np.inf]
    assert ratio_correct(distances, [0.0, 0.05, 0.06, 0.3]).tolist() == [0, 0.25, 0.5, 0.75]
    assert area_under_curve(distances, 0.1) == pytest.approx((1 + 0.5) / 4)
    bounds = np.linspace(0, 0.3, 100_001)
    assert area_under_curve(distances, 0.3) == pytest.approx(ratio_correct(distances, bounds).mean(), abs=1e-4)


def test_similarity_of_one_person() -> None:
    assert geodesic_point_similarity([], 0.255) == 0
    assert geodesic_point_similarity([0.0, np.inf], 0.255) == 0.5
    assert geodesic_point_similarity([0.30024], 0.255) == pytest.approx(0.5, abs=1e-4)  # the paper: 30 cm is worth one half
