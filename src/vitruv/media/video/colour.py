"""Decoded frames of any pixel format as 8-bit RGB."""

from __future__ import annotations

from functools import lru_cache

import av
import numpy as np
from av.video.reformatter import ColorTrc, VideoReformatter

from vitruv.types import AnyArray, Float32Array, UInt8Array

_UNSPECIFIED = 2  # of AVCOL_SPC
_BT709, _BT601, _BT2020 = 1, 5, 9  # of the enumeration that swscale takes
_HD_PX = 720  # without a word in the file, clips from this height on are BT.709 and smaller ones BT.601, as players have it

_WHITE_NITS = 203.0  # of a page in an HDR picture (ITU-R BT.2408): becomes the white of 8-bit pictures
_KNEE = 0.7  # brightness up to which pictures stay as they are; what is above is squeezed below 1
_LINEAR_STEPS, _CODE_STEPS = 4096, 4096

# Linear RGB of BT.2020 to that of BT.709 (ITU-R BT.2087).
_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)


class ToRgb:
    """Converts the frames of one clip; keeps the tables of the last conversion.

    size_hw: of the result, as the frames are stored. Frames of another size are resized, as players do.
    """

    def __init__(self, size_hw: tuple[int, int]) -> None:
        self._size_hw = size_hw
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> UInt8Array:
        """(h, w, 3) uint8 RGB."""
        height, width = self._size_hw
        hdr = frame.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
        smaller = height * width < frame.height * frame.width
        converted = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb48le" if hdr else "rgb24",
            src_colorspace=_matrix_of(frame, hdr),
            interpolation="AREA" if smaller else "BICUBIC",
        )
        pixels: AnyArray = converted.to_ndarray()
        return tone_mapped(pixels, frame.color_trc) if hdr else np.ascontiguousarray(pixels, np.uint8)


def _matrix_of(frame: av.VideoFrame, hdr: bool) -> int | None:
    """None where the frame says it."""
    if frame.colorspace != _UNSPECIFIED:
        return None
    if hdr:
        return _BT2020
    return _BT709 if min(frame.height, frame.width) >= _HD_PX else _BT601


def tone_mapped(rgb_u16: AnyArray, transfer: int) -> UInt8Array:
    """HDR pictures as 8-bit ones: (h, w, 3) uint16, BT.2020 with the curve PQ (16) or HLG (18) -> (h, w, 3) uint8, sRGB.

    Up to the white of a page brightness is kept; lamps and highlights above it are squeezed, with their colours.
    """
    light = _linear_of(int(transfer))[rgb_u16 >> 4] @ _TO_709.T
    np.maximum(light, 0, out=light)
    brightest = light.max(axis=2, keepdims=True)
    room = 1 - _KNEE
    squeezed = _KNEE + room * (1 - np.exp((_KNEE - brightest) / room))
    light *= np.where(brightest > _KNEE, squeezed / np.maximum(brightest, 1e-6), 1)
    codes: UInt8Array = _srgb_codes()[(light * (_CODE_STEPS - 1) + 0.5).astype(np.int32).clip(0, _CODE_STEPS - 1)]
    return codes


@lru_cache(maxsize=2)
def _linear_of(transfer: int) -> Float32Array:
    """(4096,) float32: light of a 12-bit code, 1 = white."""
    code = np.arange(_LINEAR_STEPS, dtype=np.float64) / (_LINEAR_STEPS - 1)
    if transfer == ColorTrc.SMPTE2084:  # SMPTE ST 2084
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = code ** (1 / m2)
        nits = 10000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    else:  # ITU-R BT.2100 HLG, for a screen of 1000 nits; the system gamma is taken for each colour by itself
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        nits = 1000 * scene**1.2
    return (nits / _WHITE_NITS).astype(np.float32)


@lru_cache(maxsize=1)
def _srgb_codes() -> UInt8Array:
    """(4096,) uint8: the code of linear light 0..1."""
    light = np.arange(_CODE_STEPS, dtype=np.float64) / (_CODE_STEPS - 1)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * curve).astype(np.uint8)
