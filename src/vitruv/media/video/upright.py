"""How a clip is to be turned: phones store frames as the sensor saw them, with a matrix that says how to show them."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
from av import VideoFrame

from vitruv.types import UInt8Array


class Turn(NamedTuple):
    """Exchange rows and columns first, then mirror left-right, then up-down. Eight combinations: every quarter and its mirror."""

    transposed: bool = False
    left_right: bool = False
    up_down: bool = False


def turn_of(frame: VideoFrame) -> Turn:
    """What the frame's display matrix asks for, to the nearest quarter of a turn."""
    side_data: Any = frame.side_data  # PyAV's stub knows only some of the names
    matrix = side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Turn()
    data = bytes(matrix)
    a, b, _, c, d, *_ = struct.unpack("=9i", data[:36])
    # Stored (x, y) is shown at (a x + c y, b x + d y), y downwards.
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Turn(transposed=True, left_right=c < 0, up_down=b < 0)
    return Turn(left_right=a < 0, up_down=d < 0)


def turned(rgb: UInt8Array, turn: Turn) -> UInt8Array:
    """(h, w, 3) as stored -> as it is to be seen."""
    if turn.transposed:
        rgb = rgb.swapaxes(0, 1)
    if turn.left_right:
        rgb = rgb[:, ::-1]
    if turn.up_down:
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)
