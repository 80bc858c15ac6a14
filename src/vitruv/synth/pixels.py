"""From a raster to pixels: where bodies and garments are seen, labels of the skin, edges, boxes."""

from __future__ import annotations

import numpy as np
from numba import njit

from vitruv.types import AnyArray, BoolArray, Float32Array


@njit(cache=True, nogil=True, error_model="numpy")
def windows_of(face: AnyArray, places: AnyArray) -> AnyArray:
    """(k, 5) int32: of every body and garment its first face, and the first and last row and column where it is seen."""
    height, width = face.shape
    count = places.shape[0] - 1
    out = np.empty((count, 5), np.int32)
    for k in range(count):
        out[k, 0], out[k, 1], out[k, 2], out[k, 3], out[k, 4] = places[k], height, -1, width, -1
    k = 0
    for y in range(height):
        for x in range(width):
            f = face[y, x]
            if f < 0:
                continue
            if f < places[k] or f >= places[k + 1]:
                k = np.searchsorted(places, f, side="right") - 1
            out[k, 1], out[k, 2] = min(out[k, 1], y), max(out[k, 2], y)
            out[k, 3], out[k, 4] = min(out[k, 3], x), max(out[k, 4], x)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def label_pixels(
    face: AnyArray, barycentric: AnyArray, seen: AnyArray, chart: AnyArray, corner_uv: AnyArray, labels: AnyArray, uv: AnyArray
) -> None:
    height, width = face.shape
    for y in range(height):
        for x in range(width):
            f = face[y, x]
            if f < 0 or not seen[y, x]:
                continue
            labels[y, x] = chart[f]
            wb, wc = barycentric[y, x, 0], barycentric[y, x, 1]
            wa = np.float32(1.0) - wb - wc
            for c in range(2):
                value = wa * corner_uv[f, 0, c] + wb * corner_uv[f, 1, c] + wc * corner_uv[f, 2, c]
                uv[c, y, x] = np.uint8(min(max(value, 0.0), 1.0) * 255.0 + 0.5)


@njit(cache=True, nogil=True, error_model="numpy")
def soften_edges(image: AnyArray, who: AnyArray) -> AnyArray:
    """Anti-aliasing after the fact: a pixel beside one of another owner becomes a weighted mean of its 3 x 3 surroundings."""
    height, width, _ = image.shape
    out = image.copy()
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            me = who[y, x]
            if who[y - 1, x] == me and who[y + 1, x] == me and who[y, x - 1] == me and who[y, x + 1] == me:
                continue
            for c in range(3):
                out[y, x, c] = np.float32(0.25) * image[y, x, c] + np.float32(0.125) * (
                    image[y - 1, x, c] + image[y + 1, x, c] + image[y, x - 1, c] + image[y, x + 1, c]
                ) + np.float32(0.0625) * (
                    image[y - 1, x - 1, c] + image[y - 1, x + 1, c] + image[y + 1, x - 1, c] + image[y + 1, x + 1, c]
                )  # fmt: skip
    return out


def tight_box(seen: BoolArray) -> Float32Array:
    """(4,) float32 xyxy around the true pixels; zeros when there are none."""
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return np.zeros(4, np.float32)
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
