"""`Troupes`: which troupe, and which of its members, a sample finds its people in."""

from __future__ import annotations

import numpy as np

from vitruv.synth.pack import SynthPack
from vitruv.synth.troupe import Troupe

_STREAM = 7_001  # tells the troupes' random numbers from the samples'


class Troupes:
    """The people of a run of samples: sample number i finds its people in troupe i // `SAMPLES`, the same in every process.

    One troupe is kept, so samples should be asked for more or less in order. Pickles without it.
    """

    SAMPLES, SIZE = 16, 20

    def __init__(self, pack: SynthPack, seed: int) -> None:
        self._pack, self._seed = pack, seed
        self._kept: tuple[int, Troupe] | None = None

    def of(self, index: int) -> tuple[Troupe, int]:
        """The troupe of a sample and the member that is its first person."""
        number, place = divmod(index, self.SAMPLES)
        if self._kept is None or self._kept[0] != number:
            rng = np.random.default_rng((self._seed, number, _STREAM))
            self._kept = number, self._pack.parts.cast.troupe(rng, self.SIZE)
        return self._kept[1], place

    def __getstate__(self) -> dict[str, object]:
        return {"_pack": self._pack, "_seed": self._seed, "_kept": None}
