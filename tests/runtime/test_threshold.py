"""A threshold only cuts: what is found does not depend on it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

import vitruv
from vitruv.results import DensePoses
from vitruv.types import UInt8Array

ASTRONAUT = Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg"
THRESHOLDS = (0.05, 0.3, 0.5, 0.8)


def variants() -> dict[str, UInt8Array]:
    """The same photo as cameras, networks and editors leave it: every one near some threshold."""
    with Image.open(ASTRONAUT) as image:
        photo = image.convert("RGB")
    small = photo.resize((256, 256))

    def saved(picture: Image.Image, quality: int) -> Image.Image:
        stream = io.BytesIO()
        picture.save(stream, "jpeg", quality=quality)
        return Image.open(stream)

    pictures = {
        "whole": photo,
        "small, saved twice": saved(saved(small, 95), 75),
        "dark": ImageEnhance.Brightness(small).enhance(0.3),
        "two": Image.fromarray(np.hstack([np.asarray(small)] * 2)),
        "upper half": small.crop((0, 0, 256, 128)),
    }
    return {name: np.asarray(picture.convert("RGB")) for name, picture in pictures.items()}


def assert_equal(some: DensePoses, whole: DensePoses, kept: list[int]) -> None:
    assert len(some) == len(kept)
    np.testing.assert_array_equal(some.boxes_xyxy, whole.boxes_xyxy[kept])
    np.testing.assert_array_equal(some.scores, whole.scores[kept])
    for mine, i in zip(some.charts, kept, strict=True):
        np.testing.assert_array_equal(mine.labels, whole.charts[i].labels)
        np.testing.assert_array_equal(mine.uv, whole.charts[i].uv)


@pytest.mark.parametrize("name", variants())
def test_a_threshold_only_cuts(name: str) -> None:
    predictor, rgb = vitruv.load(), variants()[name]
    everybody = predictor(rgb, threshold=THRESHOLDS[0])
    for threshold in THRESHOLDS:
        kept = np.flatnonzero(everybody.scores >= threshold).tolist()
        assert_equal(predictor(rgb, threshold=threshold), everybody, kept)
