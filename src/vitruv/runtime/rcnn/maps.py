"""From a network's raw maps of a person to values for every pixel of the person's box: Detectron2's rules.

Maps are resampled bilinearly to the box, then the best channel is taken: a pixel is on the body where the best coarse channel
is not 0, and then has the best of the 25 fine channels. U, V and their confidences come from the channel of that chart.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vitruv.geometry import Taps, bilinear_taps, pixel_centres, resize_bilinear
from vitruv.results import ChartMap
from vitruv.runtime.chart_maps import mix_cells, values_of_label, winning_channel
from vitruv.types import BoolArray, Float32Array, UInt8Array

_FEW_PIXELS = 2  # for each cell of a map; up to there, resampling all channels is faster than finding out which ones can win

PER_CHART = ("u", "v", "sigma_2", "kappa_u", "kappa_v")
PER_PIXEL = ("fine_segm_confidence", "coarse_segm_confidence")


def chart_map(maps: Mapping[str, Float32Array], size_hw: tuple[int, int]) -> tuple[ChartMap, dict[str, Float32Array]]:
    """The charts of one person, and the confidences of models that have them.

    maps: coarse_segm (2 or 15, s, s); fine_segm, u, v and optionally sigma_2, kappa_u, kappa_v (25, s, s); optionally
    fine_segm_confidence and coarse_segm_confidence (1, s, s). size_hw: of the person's box, in whole pixels.
    U and V are not clamped. sigma_2, kappa_u and kappa_v are those of the pixel's chart, 0 on background.
    """
    down, across = _taps(maps["coarse_segm"], size_hw)
    labels = _best_channel(maps["fine_segm"], down, across)
    labels[_best_channel(maps["coarse_segm"], down, across) == 0] = 0
    names = [name for name in PER_CHART if name in maps]
    picked = values_of_label(labels, np.stack([maps[name] for name in names])[:, 1:], down, across)
    values = dict(zip(names, picked, strict=True))
    confidences = {name: values[name] for name in names[2:]}
    confidences |= {name: resize_bilinear(maps[name], size_hw)[0] for name in PER_PIXEL if name in maps}
    return ChartMap(labels, np.ascontiguousarray(picked[:2])), confidences


def body_mask(coarse: Float32Array, size_hw: tuple[int, int]) -> BoolArray:
    """(h, w): where the best coarse channel is not 0."""
    return _best_channel(coarse, *_taps(coarse, size_hw)) > 0


def embeddings_in(mask: BoolArray, embedding: Float32Array) -> Float32Array:
    """(k, c) float32: embeddings (c, s, s), resampled to the pixels of the mask (h, w), of the k pixels that are in it."""
    down, across = _taps(embedding, (mask.shape[0], mask.shape[1]))
    cells = np.ascontiguousarray(embedding.reshape(len(embedding), -1).T)
    rows, columns = np.nonzero(mask)
    return mix_cells(cells, embedding.shape[2], down, across, rows, columns)


def _best_channel(maps: Float32Array, down: Taps, across: Taps) -> UInt8Array:
    """(h, w) uint8: the channel of maps (c, s, s) that is largest after resampling."""
    if len(down.low) * len(across.low) > _FEW_PIXELS * maps.shape[1] * maps.shape[2]:
        return winning_channel(maps, down, across)
    rows = _between(maps[:, down.low], maps[:, down.high], down.weight[:, None])
    mixed = _between(rows[:, :, across.low], rows[:, :, across.high], across.weight)
    return np.asarray(mixed.argmax(axis=0), np.uint8)


def _between(low: Float32Array, high: Float32Array, weight: Float32Array) -> Float32Array:
    """low + (high - low) * weight; overwrites `high`."""
    high -= low
    high *= weight
    high += low
    return high


def _taps(maps: Float32Array, size_hw: tuple[int, int]) -> tuple[Taps, Taps]:
    down, across = (
        bilinear_taps(pixel_centres(pixels, step=cells / pixels), cells)
        for cells, pixels in zip(maps.shape[1:], size_hw, strict=True)
    )
    return down, across
