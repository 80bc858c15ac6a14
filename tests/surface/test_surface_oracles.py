"""The atlas in the package means what DensePose's means: parts, seams, landmarks, handedness."""

from __future__ import annotations

import numpy as np
import pytest
from seam_table import LANDMARKS, SEAMS, Ranges

from vitruv.surface import KAPPA_GROUPS, MIRROR_CHART, Atlas
from vitruv.surface.building import ChartQuality, all_chart_qualities

# As `handed` in the reference: the sign of the U, V area of faces seen from outside, V up.
HANDED = "+-++++" + "+--+" + "-+-+" + "+--+" + "+--+" + "++"

# Places of landmarks on the atlas's body, metres, left half; the right half has them at -x.
PLACES = {
    "nose": (0.0, -0.174, 0.865),
    "eye": (0.031, -0.146, 0.903),
    "ear": (0.083, -0.038, 0.886),
    "thumb": (0.467, -0.338, 0.250),
    "index finger": (0.541, -0.372, 0.200),
    "middle finger": (0.572, -0.351, 0.169),
    "ring finger": (0.588, -0.316, 0.159),
    "little finger": (0.581, -0.273, 0.168),
    "big toe": (0.173, -0.223, -0.807),
    "small toe": (0.245, -0.178, -0.809),
    "heel": (0.199, 0.053, -0.782),
}


@pytest.fixture(scope="module")
def qualities() -> list[ChartQuality]:
    return all_chart_qualities(Atlas.load())


def test_every_chart_is_a_flat_disk_that_fills_the_unit_square(atlas: Atlas, qualities: list[ChartQuality]) -> None:
    assert [quality.chart for quality in qualities] == list(range(1, 25))
    for quality in qualities:
        assert quality.disk and quality.flips == 0 and not quality.overlaps, quality
        assert quality.stretch < (2.2 if quality.chart in (5, 6) else 1.6), quality
        uv = atlas.corner_uv[atlas.chart_of_face == quality.chart].reshape(-1, 2)
        assert uv.min(axis=0).tolist() == [0.0, 0.0] and uv.max(axis=0).tolist() == [1.0, 1.0]


def test_charts_are_handed_as_the_original(qualities: list[ChartQuality]) -> None:
    assert "".join("+" if quality.handedness > 0 else "-" for quality in qualities) == HANDED


def test_mirror_image_of_every_chart_is_its_partner(atlas: Atlas) -> None:
    image = atlas.mirror_vertex
    assert (image[image] == np.arange(len(image))).all()
    assert np.abs(atlas.rest_vertices[image] * [-1, 1, 1] - atlas.rest_vertices).max() < 1e-6

    def triangles(chart: int, vertices: np.ndarray) -> set[tuple[int, ...]]:
        return set(map(tuple, np.sort(vertices[atlas.faces[atlas.chart_of_face == chart]], axis=1).tolist()))

    for chart in range(1, 25):
        assert triangles(chart, image) == triangles(int(MIRROR_CHART[chart]), np.arange(len(image)))


def test_kappa_is_near_the_official_one(atlas: Atlas) -> None:
    official = np.array([0.351, 0.107, 0.126, 0.237, 0.173, 0.142, 0.128, 0.150])
    assert np.abs(atlas.kappa_m / official - 1).max() < 0.35, dict(zip(KAPPA_GROUPS, atlas.kappa_m, strict=True))


@pytest.mark.parametrize(("name", "chart", "u", "v"), LANDMARKS, ids=[f"{name} on {chart}" for name, chart, *_ in LANDMARKS])
def test_landmarks_lie_where_the_original_has_them(atlas: Atlas, name: str, chart: int, u: float, v: float) -> None:
    side = -1.0 if chart in (3, 6, 23) else 1.0
    place = np.array(next(xyz for key, xyz in PLACES.items() if key in name)) * [side, 1.0, 1.0]
    own = np.unique(atlas.chart_faces[atlas.chart_of_face == chart])
    near = own[np.linalg.norm(atlas.rest_vertices[atlas.chart_vertex[own]] - place, axis=1) < 0.009]
    assert len(near), "the landmark lies on this chart"
    error = np.abs(atlas.chart_uv[near] - [u, v]).max(axis=1)
    best = near[error.argmin()]
    assert error.min() < (0.05 if chart in (23, 24) else 0.15), f"{atlas.chart_uv[best]} instead of {(u, v)}"


def seam_ranges(atlas: Atlas, first: int, second: int, name: str) -> tuple[Ranges, Ranges]:
    """The same as the table's entries, for our atlas."""
    shared = np.intersect1d(*(atlas.faces[atlas.chart_of_face == chart] for chart in (first, second)))
    groups = connected(atlas, shared)

    def mean(group: np.ndarray) -> np.ndarray:
        return np.asarray(atlas.rest_vertices[group].mean(axis=0) * [-1 if "right" in name else 1, 1, 1])

    if name.endswith(("flank", "shoulder")) and (first, second) == (1, 2):
        groups = [group for group in groups if mean(group)[0] > 0 and (mean(group)[2] > 0.6) == name.endswith("shoulder")]
    elif name == "lateral":
        groups = [max(groups, key=lambda group: abs(mean(group)[0]))]
    elif name == "medial":
        groups = [min(groups, key=lambda group: abs(mean(group)[0]))]
    elif name == "thumb":
        groups = [max(groups, key=lambda group: mean(group)[2])]
    elif name == "little finger":
        groups = [min(groups, key=lambda group: mean(group)[2])]
    seam = np.concatenate(groups)

    def uv_range(chart: int) -> Ranges:
        own = np.unique(atlas.chart_faces[atlas.chart_of_face == chart])
        uv = atlas.chart_uv[own[np.isin(atlas.chart_vertex[own], seam)]]
        return float(uv[:, 0].min()), float(uv[:, 0].max()), float(uv[:, 1].min()), float(uv[:, 1].max())

    return uv_range(first), uv_range(second)


def connected(atlas: Atlas, vertices: np.ndarray) -> list[np.ndarray]:
    """Vertices grouped by mesh edges among them; single vertices are left out."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    from vitruv.surface.mesh import edges

    ends = edges(atlas.faces)
    ends = ends[np.isin(ends, vertices).all(axis=1)]
    count = len(atlas.rest_vertices)
    piece = connected_components(coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count)), directed=False)[
        1
    ]
    groups = [vertices[piece[vertices] == number] for number in np.unique(piece[vertices])]
    return [group for group in groups if len(group) > 1]


def sides(ranges: Ranges, margin: float) -> set[str]:
    """The sides of the unit square that a seam runs along from end to end."""
    u_low, u_high, v_low, v_high = ranges
    found = {"U=0": u_high, "U=1": 1 - u_low, "V=0": v_high, "V=1": 1 - v_low}
    return {side for side, distance in found.items() if distance <= margin}


@pytest.mark.parametrize("seam", SEAMS, ids=[f"{seam[0]}-{seam[1]} {seam[2]}" for seam in SEAMS])
def test_seams_run_along_the_same_sides(atlas: Atlas, seam: tuple[int, int, str, Ranges, Ranges]) -> None:
    first, second, name, *wanted = seam
    for chart, want, got in zip((first, second), wanted, seam_ranges(atlas, first, second, name), strict=True):
        assert sides(want, 0.2) <= sides(got, 0.4), f"on chart {chart}: {got} instead of {want}"
        middle = np.abs([(got[0] + got[1] - want[0] - want[1]) / 2, (got[2] + got[3] - want[2] - want[3]) / 2])
        assert middle.max() < 0.15, f"on chart {chart}: {got} instead of {want}"
