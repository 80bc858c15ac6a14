"""Arrays of reals as compact integers with a scale per row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vitruv.types import AnyArray

_SCALE = "_scale"
NO_BODY = "is not a body file of this version; make one with `vitruv body build`"


def quantise(name: str, values: AnyArray, bits: int) -> dict[str, AnyArray]:
    """Reals as 8 or 16 bit integers with one scale per row of the first axis: {name: integers, name_scale: (rows,) float32}.

    The largest error of a row is its largest value / (2 (2^(bits-1) - 1)).
    """
    top = 2 ** (bits - 1) - 1
    real = np.asarray(values, np.float64)
    scale = np.abs(real).max(axis=tuple(range(1, real.ndim)), initial=0.0) / top
    scale[scale == 0] = 1.0
    codes = np.rint(real / scale.reshape(-1, *[1] * (real.ndim - 1))).astype(np.int8 if bits == 8 else np.int16)
    return {name: codes, name + _SCALE: scale.astype(np.float32)}


def dequantise(arrays: Mapping[str, AnyArray], name: str) -> AnyArray:
    """What `quantise` made integers of, as float32; other arrays as they are (float16 as float32). KeyError where there is none."""
    values = np.asarray(arrays[name])
    if name + _SCALE in arrays:
        scale = np.asarray(arrays[name + _SCALE], np.float32)
        return values.astype(np.float32) * scale.reshape(-1, *[1] * (values.ndim - 1))
    return values.astype(np.float32) if values.dtype == np.float16 else values
