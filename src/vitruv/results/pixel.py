"""What one pixel of a picture shows."""

from __future__ import annotations

from typing import NamedTuple


class PixelPoint(NamedTuple):
    """A place on a person's body, as `DensePoses.at` finds it.

    person: index of the person. chart: 1..24. u, v: in [0, 1].
    """

    person: int
    chart: int
    u: float
    v: float
