"""The one-euro filter (Casiez, Roussel, Vogel 2012): still things are smoothed much, moving ones hardly, so that nothing lags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.types import Float64Array


@dataclass
class OneEuro:
    """Filters a vector. least_hz: cut-off at rest; per_speed: how much it rises with the speed (units of the vector a second);
    speed_hz: cut-off of the speed itself. value, speed: (k,), as filtered last, None before the first one; time_s: when."""

    least_hz: float
    per_speed: float
    speed_hz: float = 1.0
    value: Float64Array | None = None
    speed: Float64Array | None = None
    time_s: float = 0.0

    def __call__(self, value: Float64Array, time_s: float) -> Float64Array:
        passed_s, self.time_s = time_s - self.time_s, time_s
        if self.value is None or self.speed is None or passed_s <= 0:
            self.value, self.speed = value, np.zeros_like(value)
            return value
        step = (value - self.value) / passed_s
        self.speed = self.speed + _share(self.speed_hz, passed_s) * (step - self.speed)
        share = _share(self.least_hz + self.per_speed * np.abs(self.speed), passed_s)
        self.value = self.value + share * (value - self.value)
        return self.value


def _share(cutoff_hz: float | Float64Array, passed_s: float) -> float | Float64Array:
    """Of the newest value, in an exponential filter with this cut-off."""
    turns = 2 * np.pi * cutoff_hz * passed_s
    return turns / (turns + 1)
