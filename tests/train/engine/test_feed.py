from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice

import pytest
import torch

from vitruv.errors import VitruvError
from vitruv.train import LoopConfig
from vitruv.train.engine.distributed import Team
from vitruv.train.engine.feed import Batch, feed

CPU = torch.device("cpu")


class Counting:
    """A sampler whose sample is its index."""

    def __call__(self, index: int) -> int:
        return index


class Broken:
    def __call__(self, index: int) -> int:
        if index >= 5:
            raise VitruvError(f"sample {index} cannot be made")
        return index


def _collate(samples: Sequence[int]) -> Batch:
    return {"index": torch.tensor(samples)}


def _config(**changes: int) -> LoopConfig:
    return LoopConfig(**{"steps": 100, "batch": 4, "group": 3, "repeats": 2, "workers": 0, **changes})  # type: ignore[arg-type]


def _take(steps: int, start: int = 0, **changes: int) -> list[list[int]]:
    batches = feed(Counting(), _collate, _config(**changes), start_step=start, device=CPU)
    return [batch["index"].tolist() for batch in islice(batches, steps)]


def test_every_sample_of_a_group_is_used_as_often_as_asked() -> None:
    got = _take(12)
    first, second = got[:6], got[6:]
    for steps, expected in ((first, range(12)), (second, range(12, 24))):
        for repeat in (steps[:3], steps[3:]):
            assert sorted(chain.from_iterable(repeat)) == list(expected), "each use of a group goes once through it"
    assert first[:3] != first[3:], "every use has another order"


@pytest.mark.parametrize("start", [0, 1, 5, 6, 7, 13])
@pytest.mark.parametrize("changes", [{}, {"repeats": 1}, {"group": 1, "repeats": 3}, {"batch": 7}])
def test_starting_late_is_the_same_stream(start: int, changes: dict[str, int]) -> None:
    assert _take(4, start, **changes) == _take(start + 4, **changes)[start:]


def test_workers_make_the_same_stream() -> None:
    assert _take(8, workers=1) == _take(8)


def test_errors_of_the_sampler_arrive() -> None:
    batches = feed(Broken(), _collate, _config(), start_step=0, device=CPU)
    with pytest.raises(VitruvError, match="sample 5 cannot be made"):
        next(batches)


@pytest.mark.parametrize("start", [0, 4, 7])
def test_a_team_shares_every_use_of_a_group(start: int) -> None:
    """Two processes, every group used twice: each sees its half of the group twice, in another order the second time."""

    def take(rank: int, steps: int, begin: int) -> list[list[int]]:
        batches = feed(Counting(), _collate, _config(), start_step=begin, device=CPU, team=Team(rank, 2, rank))
        return [batch["index"].tolist() for batch in islice(batches, steps)]

    shares = [take(rank, 12, 0) for rank in range(2)]
    for group in range(2):
        uses = [[list(chain.from_iterable(share[6 * group + k : 6 * group + k + 3])) for k in (0, 3)] for share in shares]
        assert sorted(uses[0][0] + uses[1][0]) == list(range(12 * group, 12 * group + 12))
        for first, second in uses:
            assert sorted(first) == sorted(second)
            assert first != second
    assert [take(rank, 12 - start, start) for rank in range(2)] == [share[start:] for share in shares]
