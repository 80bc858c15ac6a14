"""`PersonPool`: the people that the samples of a run are drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vitruv.synth.pack import SynthPack
from vitruv.synth.person_batch import PersonBatch
from vitruv.synth.scene_person import ScenePerson
from vitruv.synth.viewpoint import draw_yaw

_STREAM = 7_001  # tells the batches' random numbers from the samples'


@dataclass(frozen=True, eq=False)
class _Kept:
    """A batch and those of its bystanders who have been dressed so far."""

    number: int
    batch: PersonBatch
    dressed: dict[int, ScenePerson] = field(default_factory=dict)


class PersonPool:
    """The people of a run of samples, the same in every process: sample number i finds them in batch i // `SAMPLES`.

    Every sample has a main person of its own. Bystanders are dressed once in a batch and stand, turned another way, in several of
    its pictures: dressing is what takes longest, and who looks at one person hardly looks at the others.
    One batch is kept, so samples should be asked for more or less in order. Pickles without it.
    """

    SAMPLES, BYSTANDERS = 16, 8

    def __init__(self, pack: SynthPack, seed: int, *, texel_m: float, widest_yaw_deg: float = 180.0, lying: float = 1.0) -> None:
        """texel_m: size of a picture pixel on the body, about. widest_yaw_deg: of people's headings; all become smaller alike.
        lying: as in `PoseLibrary.sample`."""
        self._pack, self._seed, self._texel_m, self._lying = pack, seed, texel_m, lying
        self._yaw_share = widest_yaw_deg / 180
        self._kept: _Kept | None = None

    def main(self, index: int, rng: np.random.Generator) -> ScenePerson:
        """The main person of a sample, dressed and turned at random."""
        place = index % self.SAMPLES
        return self._pack.parts.person_sampler(rng, self._of(index).batch, place, texel_m=self._texel_m, yaw=self._yaw(rng))

    def bystanders(self, index: int, rng: np.random.Generator, count: int) -> list[ScenePerson]:
        """Others for the same picture, turned at random; nobody twice as long as there are enough."""
        kept = self._of(index)
        order = [int(k) for _ in range(-(-count // self.BYSTANDERS)) for k in rng.permutation(self.BYSTANDERS)]
        return [self._bystander(kept, k).turned(self._yaw(rng)) for k in order[:count]]

    def _yaw(self, rng: np.random.Generator) -> float:
        return self._yaw_share * draw_yaw(rng)

    def _of(self, index: int) -> _Kept:
        number = index // self.SAMPLES
        if self._kept is None or self._kept.number != number:
            rng = np.random.default_rng((self._seed, number, _STREAM))
            people = self.SAMPLES + self.BYSTANDERS
            self._kept = _Kept(number, self._pack.parts.person_sampler.draw_batch(rng, people, lying=self._lying))
        return self._kept

    def _bystander(self, kept: _Kept, k: int) -> ScenePerson:
        if k not in kept.dressed:
            rng = np.random.default_rng((self._seed, kept.number, _STREAM, k))
            kept.dressed[k] = self._pack.parts.person_sampler(rng, kept.batch, self.SAMPLES + k, texel_m=self._texel_m, yaw=0.0)
        return kept.dressed[k]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_kept": None}
