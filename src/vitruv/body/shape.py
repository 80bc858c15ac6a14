"""`ShapeSampler`: people of all ages, sizes and builds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.body.arrays import NO_BODY, dequantise
from vitruv.body.model import BUILT_IN
from vitruv.errors import InputError
from vitruv.files import made_from
from vitruv.types import AnyArray, Float32Array, PathLike

_NEIGHBOURS = 48
"""Two people are mixed only if they stand this close in the list sorted by sex and age."""
_NOISE = 0.06
"""Standard deviation of what is added to every shape coefficient, in standard deviations over people."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One person's build. coefficients: (K,) float32 for `Body`; age in years; femininity 0 male .. 1 female."""

    coefficients: Float32Array
    age: float
    femininity: float


@dataclass(frozen=True, eq=False)
class ShapeSampler:
    """A list of people drawn from the body model's calibrated distribution; samples mix two who are alike, so that they stay human.

    About three quarters are adults (18-85), the rest children from 2 years on; one in four is of extreme weight or muscle.

    coefficients: (m, K) float32. age: (m,) float32, years. femininity: (m,) float32. Sorted by sex, then age.
    """

    coefficients: Float32Array
    age: Float32Array
    femininity: Float32Array

    def __post_init__(self) -> None:
        if self.age.shape != (len(self.coefficients),) or self.femininity.shape != self.age.shape:
            raise InputError("coefficients, age and femininity must have the same length")

    @classmethod
    def load(cls, path: PathLike | None = None) -> ShapeSampler:
        """The people in the package, or in a body file. Raises as `Body.load`."""
        return made_from(Path(BUILT_IN if path is None else path), cls.from_arrays, NO_BODY)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> ShapeSampler:
        return cls(dequantise(arrays, "people_shape"), dequantise(arrays, "people_age"), dequantise(arrays, "people_femininity"))

    def sample(
        self, rng: np.random.Generator, *, age: tuple[float, float] = (0.0, 120.0), femininity: tuple[float, float] = (0.0, 1.0)
    ) -> Shape:
        """One person; the same generator state gives the same person. `age` in years and `femininity` limit the choice.

        Raises InputError where nobody in the list fits the limits.
        """
        fits = (self.age >= age[0]) & (self.age <= age[1]) & (self.femininity >= femininity[0]) & (self.femininity <= femininity[1])
        candidates = np.flatnonzero(fits)
        if not len(candidates):
            raise InputError(f"nobody of age {age} and femininity {femininity} is in the list of people")
        place = int(rng.integers(len(candidates)))
        other = int(np.clip(place + rng.integers(-_NEIGHBOURS, _NEIGHBOURS + 1), 0, len(candidates) - 1))
        first, second = candidates[place], candidates[other]
        same_sex = (self.femininity[first] > 0.5) == (self.femininity[second] > 0.5)
        share = float(rng.uniform(0, 0.5)) * float(same_sex)

        def mix(values: Float32Array) -> Float32Array:
            mixed: Float32Array = (1 - share) * values[first] + share * values[second]
            return mixed

        noise = _NOISE * np.clip(rng.standard_normal(self.coefficients.shape[1]), -2.5, 2.5)
        return Shape(
            (mix(self.coefficients) + noise).astype(np.float32), float(mix(self.age)), float(np.clip(mix(self.femininity), 0, 1))
        )
