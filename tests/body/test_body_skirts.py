"""Skirts on the mannequin."""

import numpy as np

from vitruv.body import Mannequin, Skirts


def test_skirts_hang_between_waist_and_hem() -> None:
    mannequin = Mannequin.load()
    skirts = Skirts.of(mannequin)
    points = mannequin.rest(np.zeros(mannequin.body.shape_size))
    still = np.tile(np.eye(4, dtype=np.float32)[:3], (int(mannequin.skin_bones.max()) + 1, 1, 1))
    arguments = (points, mannequin.normals(points), still)
    short, faces, uv, used = skirts.cut(*arguments, waist=0.0, hem=0.3, flare=0.0, folds=0.0, seed=0)
    wide, *_ = skirts.cut(*arguments, waist=0.0, hem=0.9, flare=0.2, folds=0.02, seed=0)
    assert faces.max() < len(short) == len(used) and uv.shape == (len(faces), 3, 2)
    assert np.ptp(uv[..., 0], axis=1).max() < 0.5, "no face runs once around the picture"
    assert short[:, 1].min() > wide[:, 1].min() + 0.3
    assert np.abs(wide[:, 0]).max() > np.abs(short[:, 0]).max() + 0.1
