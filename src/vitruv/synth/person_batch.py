"""`PersonBatch`: people drawn and posed many at a time, which costs a fraction of one by one."""

from __future__ import annotations

from dataclasses import dataclass

from vitruv.body import Posed
from vitruv.types import Float32Array


@dataclass(frozen=True, eq=False)
class PersonBatch:
    """n people without clothes, shapes and poses drawn and worked out together, which is many times cheaper than one by one.

    coefficients: (n, K) float32. femininity: (n,). posed: the bodies, facing +z.
    """

    coefficients: Float32Array
    femininity: Float32Array
    posed: Posed

    def __len__(self) -> int:
        return len(self.coefficients)
