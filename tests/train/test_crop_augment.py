from __future__ import annotations

import numpy as np
import pytest
import torch

from fake_people import FakeCrops
from vitruv.errors import InputError
from vitruv.surface import Atlas
from vitruv.surface.charts import MIRROR_CHART
from vitruv.train import AugmentConfig
from vitruv.train.crop_augment import augment_crops, flip
from vitruv.train.engine.feed import Batch
from vitruv.train.mirror import mirror_codes

NOTHING = AugmentConfig(flip=0, turn_deg=0, zoom=0, shift=0, brightness=0, contrast=0, tint=0, noise=0)


def _batch(n: int) -> Batch:
    samples = [FakeCrops()(i) for i in range(n)]
    names = ("image", "labels", "uv", "keypoints")
    return {name: torch.from_numpy(np.stack([getattr(s, name) for s in samples])) for name in names}


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def _swapped_u() -> torch.Tensor:
    """A made-up mirror: U becomes 255 - U, V stays."""
    codes = torch.arange(256)
    table = torch.stack(torch.meshgrid(255 - codes, codes, indexing="ij"), dim=-1).to(torch.uint8)
    table = table.repeat(25, 1, 1, 1)
    table[0] = 0
    return table


def test_no_crops() -> None:
    nobody = {name: values[:0] for name, values in _batch(1).items()}
    changed = augment_crops(nobody, AugmentConfig(), _generator(), _swapped_u())
    assert {name: values.shape for name, values in changed.items()} == {name: values.shape for name, values in nobody.items()}


def test_nothing_asked_nothing_changed() -> None:
    batch = _batch(3)
    changed = augment_crops(batch, NOTHING, _generator(), None)
    for name in batch:
        assert torch.equal(changed[name], batch[name]), name


def test_flip_mirrors_pixels_charts_codes_and_joints() -> None:
    batch = _batch(2)
    changed = flip(batch, torch.tensor([True, False]), _swapped_u())
    for name in batch:
        assert torch.equal(changed[name][1], batch[name][1].to(changed[name].dtype)), f"{name} of the crop that was not chosen"
    labels = batch["labels"][0].numpy()
    assert np.array_equal(changed["labels"][0].numpy()[:, ::-1], MIRROR_CHART[labels])
    y, x = map(int, np.argwhere(labels > 0)[7])
    u, v = batch["uv"][0, :, y, x].tolist()
    assert changed["uv"][0, :, y, 31 - x].tolist() == [255 - u, v]
    assert torch.equal(changed["image"][0, y, 31 - x], batch["image"][0, y, x])
    assert changed["keypoints"][0, 0].tolist() == [32 - float(batch["keypoints"][0, 0, 0]), *batch["keypoints"][0, 0, 1:].tolist()]


def test_flipping_twice_is_the_identity() -> None:
    batch = _batch(3)
    batch["keypoints"][:, 5] = torch.tensor([3.0, 4.0, 1.0])
    everyone = torch.ones(3, dtype=torch.bool)
    twice = flip(flip(batch, everyone, _swapped_u()), everyone, _swapped_u())
    for name in batch:
        assert torch.equal(twice[name].to(batch[name].dtype), batch[name]), name


def test_truth_moves_with_the_pixels() -> None:
    """The green and blue channels of the fake figures are U and V: after any move they still agree where labels are known."""
    batch = _batch(8)
    changed = augment_crops(batch, AugmentConfig(flip=0, brightness=0, contrast=0, tint=0, noise=0), _generator(), None)
    assert not torch.equal(changed["labels"], batch["labels"]), "nothing moved"
    inside = changed["labels"] > 0
    difference = (changed["image"][..., 1].float() - changed["uv"][:, 0].float()).abs()[inside]
    assert float(difference.median()) < 20, "the picture moved otherwise than the truth (steps of U are 36 codes a pixel)"
    chart = (changed["image"][..., 0].float() / 10 - changed["labels"].float()).abs()[inside]
    assert float((chart < 1).float().mean()) > 0.8


def test_joints_move_with_the_pixels() -> None:
    batch = _batch(6)
    batch["image"][:] = 0
    batch["image"][:, 30:33, 15:18] = 255
    batch["keypoints"][:, 2] = torch.tensor([16.5, 31.5, 2.0])
    changed = augment_crops(
        batch,
        AugmentConfig(flip=0, turn_deg=25, zoom=0.3, shift=0.1, brightness=0, contrast=0, tint=0, noise=0),
        _generator(),
        None,
    )
    for image, joint in zip(changed["image"].float().sum(-1), changed["keypoints"][:, 2], strict=True):
        # Weighted middle of the white spot, without the padding that comes in at the borders.
        spot = torch.where(image > 345, image, 0.0)
        rows, columns = torch.arange(64) + 0.5, torch.arange(32) + 0.5
        middle = torch.stack([(spot.sum(0) * columns).sum(), (spot.sum(1) * rows).sum()]) / spot.sum()
        assert torch.allclose(middle, joint[:2], atol=0.6), f"spot at {middle.tolist()}, joint at {joint.tolist()}"


def test_joints_that_leave_the_crop_are_forgotten() -> None:
    batch = _batch(20)
    batch["keypoints"][:, 2] = torch.tensor([0.2, 0.2, 2.0])
    changed = augment_crops(batch, AugmentConfig(shift=0.2), _generator(), None)["keypoints"][:, 2]
    assert (changed[:, 2] == 0).any() and (changed[:, 2] == 2).any()
    assert not changed[changed[:, 2] == 0].any(), "a joint outside has no place"


def test_same_generator_same_change() -> None:
    a, b = (augment_crops(_batch(4), AugmentConfig(), _generator(), _swapped_u()) for _ in range(2))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_negative_strength_is_refused() -> None:
    with pytest.raises(InputError, match="noise must not be negative, but got -1"):
        AugmentConfig(noise=-1)


@pytest.mark.parametrize("chart", [2, 4, 19])
def test_mirroring_a_place_twice_comes_back(chart: int) -> None:
    atlas = Atlas.load()
    there, back = mirror_codes(atlas, chart), mirror_codes(atlas, int(MIRROR_CHART[chart]))
    mine = np.unique(atlas.chart_faces[atlas.chart_of_face == chart])
    places = np.rint(255 * atlas.chart_uv[mine]).astype(int)
    once = there[places[:, 0], places[:, 1]].astype(int)
    twice = back[once[:, 0], once[:, 1]].astype(int)
    assert np.median(np.abs(twice - places)) <= 1, "codes of the chart's own vertices"
