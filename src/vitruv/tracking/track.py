"""One person through time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vitruv.tracking.appearance import Appearance
from vitruv.tracking.one_euro import OneEuro
from vitruv.tracking.steady import Carried
from vitruv.types import Float64Array

_NEWEST = 0.4  # share of the newest step in the speed
_STANDS_AFTER_S = 1.0  # who is out of sight is not believed to keep walking for longer


@dataclass
class Track:
    """box_xyxy: (4,) where last seen. speed: (4,) the box's change per second. seen_s: when that was. score: the
    detector's last one. area: pixels of the map then. look: what the person looks like. looked_side: longer side of
    the box that the detector last gave. carried, filter: for steady maps and boxes."""

    number: int
    box_xyxy: Float64Array
    seen_s: float
    score: float
    area: float
    look: Appearance
    looked_side: float = 0.0
    speed: Float64Array = field(default_factory=lambda: np.zeros(4))
    carried: Carried | None = None
    filter: OneEuro = field(default_factory=lambda: OneEuro(least_hz=1.0, per_speed=4.0))

    def at(self, time_s: float) -> Float64Array:
        """(4,) where the box will be. Sides keep what they are; only the centre moves."""
        ahead = min(max(time_s - self.seen_s, 0.0), _STANDS_AFTER_S)
        centre_speed = (self.speed[:2] + self.speed[2:]) / 2
        return self.box_xyxy + np.tile(centre_speed * ahead, 2)

    def filtered(self, box_xyxy: Float64Array, time_s: float) -> Float64Array:
        """(4,) the box without its trembling. Lengths are measured in sides of the box, so that near and far people count alike."""
        side = max(float((box_xyxy[2:] - box_xyxy[:2]).max()), 1.0)
        return self.filter(box_xyxy / side, time_s) * side

    def seen(self, box_xyxy: Float64Array, time_s: float, *, score: float, area: float, look: Appearance | None) -> None:
        """The person was seen again. look: None where somebody else may be in the way."""
        passed = time_s - self.seen_s
        if passed > 0:
            known = min(passed, _STANDS_AFTER_S) < _STANDS_AFTER_S
            step = (box_xyxy - self.box_xyxy) / passed
            self.speed = self.speed + _NEWEST * (step - self.speed) if known else np.zeros(4)
        self.box_xyxy, self.seen_s, self.score, self.area = box_xyxy, time_s, score, area
        if look is not None:
            self.look = self.look.remembering(look)
