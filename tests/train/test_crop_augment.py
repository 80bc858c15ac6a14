from __future__ import annotations

import numpy as np
import pytest
import torch

from vitruv.errors import InputError
from vitruv.surface import Atlas
from vitruv.surface.charts import MIRROR_CHART
from vitruv.train import AugmentConfig
from vitruv.train.crop_augment import recolour
from vitruv.train.mirror import mirror_codes


def _pictures(n: int) -> torch.Tensor:
    return torch.randint(40, 200, (n, 6, 5, 3), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def test_no_pictures() -> None:
    assert recolour(_pictures(0), AugmentConfig(), _generator()).shape == (0, 6, 5, 3)


def test_nothing_asked_nothing_changed() -> None:
    nothing = AugmentConfig(brightness=0, contrast=0, tint=0, noise=0)
    assert torch.equal(recolour(_pictures(3), nothing, _generator()), _pictures(3))


def test_same_generator_same_colours() -> None:
    one, other = (recolour(_pictures(3), AugmentConfig(), _generator()) for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.equal(one, _pictures(3))


def test_brightness_moves_every_channel_alike() -> None:
    config = AugmentConfig(brightness=0.1, contrast=0, tint=0, noise=0)
    change = recolour(_pictures(2), config, _generator()).int() - _pictures(2).int()
    assert [len(picture.unique()) for picture in change] == [1, 1]
    assert change.abs().max() <= round(255 * 0.1)


def test_negative_strength_is_refused() -> None:
    with pytest.raises(InputError, match="contrast must not be negative, but got -1"):
        AugmentConfig(contrast=-1)


@pytest.mark.parametrize("chart", [2, 4, 19])
def test_mirroring_a_place_twice_comes_back(chart: int) -> None:
    atlas = Atlas.load()
    there, back = mirror_codes(atlas, chart), mirror_codes(atlas, int(MIRROR_CHART[chart]))
    mine = np.unique(atlas.chart_faces[atlas.chart_of_face == chart])
    places = np.rint(255 * atlas.chart_uv[mine]).astype(int)
    once = there[places[:, 0], places[:, 1]].astype(int)
    twice = back[once[:, 0], once[:, 1]].astype(int)
    assert np.median(np.abs(twice - places)) <= 1, "codes of the chart's own vertices"
