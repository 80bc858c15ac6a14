"""The point of the body at one pixel of a picture."""

from __future__ import annotations

from typing import NamedTuple


class PixelPoint(NamedTuple):
    """A point on a person's body; the result of `DensePoses.at`.

    person: index of the person. chart: 1..24. u, v: in [0, 1].
    """

    person: int
    chart: int
    u: float
    v: float
