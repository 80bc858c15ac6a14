"""Coordinates of the mirrored picture, against the atlas."""

from __future__ import annotations

import numpy as np

from vitruv.runtime.compact.mirrored import mirror_uv
from vitruv.surface import MIRROR_CHART, NUM_LABELS, Atlas


def test_places_of_every_chart_go_to_the_other_side() -> None:
    atlas, count = Atlas.load(), 200
    charts = np.arange(1, NUM_LABELS, dtype=np.uint8).repeat(count)
    # Places on the surface: what lies beside a chart's outline would be drawn to it.
    charts, uv = atlas.iuv(atlas.locate(charts, np.random.default_rng(0).random((len(charts), 2)).astype(np.float32)))
    others, expected = atlas.mirror(charts, uv)
    maps = np.zeros((2, NUM_LABELS, 1, count), np.float32)
    maps[:, 1:, 0] = uv.T.reshape(2, -1, count)
    found = np.stack(mirror_uv(maps[0], maps[1]))[:, 1:, 0, ::-1]  # (2, 24, count), by the other side's chart
    wanted = np.empty_like(found)
    wanted[:, others[::count].astype(int) - 1] = expected.T.reshape(2, -1, count)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_twice_is_once() -> None:
    maps = np.random.default_rng(1).random((2, 3, NUM_LABELS, 4, 5), np.float32)
    once = mirror_uv(maps[0], maps[1])
    twice = np.stack(mirror_uv(*once))
    np.testing.assert_allclose(twice[:, :, 1:], maps[:, :, 1:], atol=1e-6)
    np.testing.assert_array_equal(MIRROR_CHART[MIRROR_CHART], np.arange(NUM_LABELS))
