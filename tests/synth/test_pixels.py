"""Where bodies and garments are seen, and bodies with fewer faces."""

from __future__ import annotations

import itertools

import numpy as np

from vitruv.body import Body
from vitruv.render import Camera, rasterise
from vitruv.synth.picture import _coarse
from vitruv.synth.pixels import tight_box, windows_of


def test_windows_are_those_a_slow_search_finds() -> None:
    rng = np.random.default_rng(0)
    places = np.array([0, 5, 6, 40, 41, 60], np.int32)
    face = np.full((30, 20), -1, np.int32)
    rows, columns = rng.integers(3, 25, 40), rng.integers(2, 19, 40)
    face[rows, columns] = rng.choice([0, 4, 7, 39, 59], 40)  # nothing of the second and the fourth
    found = windows_of(face, places)
    for k, (first, end) in enumerate(itertools.pairwise(places)):
        y, x = np.nonzero((face >= first) & (face < end))
        assert found[k, 0] == first
        if len(y):
            assert found[k, 1:].tolist() == [y.min(), y.max(), x.min(), x.max()]
        else:
            assert found[k, 1] > found[k, 2], "an empty window ends before it begins"


def test_nobody_has_no_window() -> None:
    assert windows_of(np.full((4, 4), -1, np.int32), np.array([0], np.int32)).shape == (0, 5)
    assert tight_box(np.zeros((4, 4), bool)).tolist() == [0, 0, 0, 0]


def test_a_coarse_body_looks_almost_the_same() -> None:
    body = Body.load()
    faces = np.ascontiguousarray(body.faces, np.int32)
    few = _coarse(body.mean, faces)
    assert 500 < len(few) < len(faces) / 4
    middle = body.mean.mean(axis=0)
    for eye in ([0.0, 0.0, 4.0], [4.0, 0.5, 0.0]):
        camera = Camera.look_at(middle + eye, middle, up=np.array([0.0, 1.0, 0.0]), focal_px=120.0, centre_xy=(32.0, 32.0))
        whole, coarse = (rasterise(body.mean, f, camera, (64, 64)).face >= 0 for f in (faces, few))
        assert (whole & coarse).sum() > 0.93 * (whole | coarse).sum()
