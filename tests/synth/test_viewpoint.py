from __future__ import annotations

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.render.raster import bounds_of
from vitruv.synth import CropConfig, CropSampler, SynthPack
from vitruv.synth.viewpoint import draw_camera
from vitruv.types import Float32Array

LYING = np.array([[x, y, z] for x in (-0.9, 0.9) for y in (0.0, 0.3) for z in (-0.2, 0.2)], np.float32)
STANDING = LYING[:, [1, 0, 2]] + np.array([0.0, 0.9, 0.0], np.float32)


def _wide(points: Float32Array, quarter_turns: float) -> float:
    """Share of pictures that show points wider than high."""
    wide = []
    for seed in range(60):
        pixels, _ = draw_camera(np.random.default_rng(seed), points, closest_m=3.0, quarter_turns=quarter_turns).project(points)
        low, high = bounds_of(pixels)
        wide.append(high[0] - low[0] > high[1] - low[1])
    return float(np.mean(wide))


def test_who_lies_is_seen_turned_as_often_as_asked() -> None:
    assert _wide(LYING, 0.0) > 0.9
    assert _wide(LYING, 1.0) < 0.1
    assert 0.3 < _wide(LYING, 0.5) < 0.7


def test_who_stands_is_never_turned() -> None:
    assert _wide(STANDING, 1.0) == _wide(STANDING, 0.0) < 0.1


def test_crops_hand_it_on(pack: SynthPack) -> None:
    usual = CropSampler(pack, size_hw=(48, 32), seed=5)
    lying = CropSampler(pack, seed=5, config=CropConfig(size_hw=(48, 32), lying=1e6))
    turned = CropSampler(pack, seed=5, config=CropConfig(size_hw=(48, 32), lying=1e6, quarter_turns=1.0))

    def height_to_width(sampler: CropSampler) -> float:
        sides = np.array([sampler(i).box_xyxy[2:] - sampler(i).box_xyxy[:2] for i in range(12)])
        return float(np.exp(np.log(sides[:, 1] / sides[:, 0]).mean()))

    assert height_to_width(usual) > 1.2 * height_to_width(lying)
    assert height_to_width(turned) > 1.2 * height_to_width(lying)


@pytest.mark.parametrize(("settings", "message"), [({"lying": -1.0}, "lying must be 0"), ({"quarter_turns": 1.5}, "from 0 to 1")])
def test_settings_out_of_range(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CropConfig(**settings)
