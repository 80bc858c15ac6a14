"""`CropSampler`: one person in a crop, rendered at the crop's own resolution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from vitruv.errors import InputError
from vitruv.geometry import PAD_VALUE, crop_window
from vitruv.render import Camera
from vitruv.render.raster import bounds_of
from vitruv.synth.background import draw_background
from vitruv.synth.joints import WRISTS, project_joints
from vitruv.synth.occluders import Occluder, draw_held, draw_occluders, paint_occluder
from vitruv.synth.outline import cover_outline
from vitruv.synth.pack import SynthPack
from vitruv.synth.person_pool import PersonPool
from vitruv.synth.picture import Lighting
from vitruv.synth.pixels import soften_edges, tight_box
from vitruv.synth.samples import CropSample
from vitruv.synth.scene_person import ScenePerson
from vitruv.synth.viewpoint import draw_camera, draw_companions, draw_frame, grown, zoomed
from vitruv.types import AnyArray, BoolArray, Float32Array

_LOOK_PX = 56  # side of the quick look that finds what is seen of the target
_LEAST_SEEN = 0.22  # share of the target that must be seen
_ATTEMPTS = 4


@dataclass(frozen=True)
class CropConfig:
    """size_hw: of the crop. box_scale: how much larger than the box the window is (as `crop_window`).

    box_noise: standard deviation of the detector's box edges, in parts of the box. companions: chances of 0, 1, 2, ... others.
    realism: 0..1, largest strength of what a camera does to the picture; most photos are much cleaner than the worst.
    lying: as in `PoseLibrary.sample`. quarter_turns: as in `draw_camera`.
    outline: "body" labels the body under the clothes, where the person is seen; "clothed" also gives hair and clothes beyond the
        body the label of the nearest pixel of it, as people mark them in photos. pad_value: grey level outside the picture.
    """

    size_hw: tuple[int, int] = (192, 128)
    box_scale: float = 1.15
    box_noise: float = 0.045
    companions: tuple[float, ...] = (0.55, 0.24, 0.13, 0.08)
    realism: float = 1.0
    lying: float = 1.0
    quarter_turns: float = 0.0
    outline: Literal["body", "clothed"] = "body"
    pad_value: int = PAD_VALUE

    def __post_init__(self) -> None:
        if min(self.size_hw) < 16:
            raise InputError(f"size_hw must be at least 16 x 16, but got {self.size_hw}")
        if self.lying < 0:
            raise InputError(f"lying must be 0 or more, but got {self.lying}")
        if not 0 <= self.quarter_turns <= 1:
            raise InputError(f"quarter_turns must be from 0 to 1, but got {self.quarter_turns}")


@dataclass(frozen=True, eq=False)
class _View:
    figures: list[ScenePerson]
    camera: Camera  # focal length 1
    frame: Float32Array
    occluders: list[Occluder]
    box: Float32Array


class CropSampler:
    """Crops of synthetic people: `sampler(index)` is a pure function of (pack, config, seed, index)."""

    def __init__(
        self, pack: SynthPack, *, size_hw: tuple[int, int] | None = None, seed: int = 0, config: CropConfig | None = None
    ) -> None:
        config = config or CropConfig()
        if size_hw is not None:
            config = replace(config, size_hw=(int(size_hw[0]), int(size_hw[1])))
        self.pack, self.seed, self.config = pack, seed, config
        self._people = PersonPool(pack, seed, texel_m=2.0 / config.size_hw[0], lying=config.lying)

    def __call__(self, index: int) -> CropSample:
        rng = np.random.default_rng((self.seed, index))
        view = None
        for attempt in range(_ATTEMPTS):
            view = self._stage(index, rng, alone=attempt == _ATTEMPTS - 1)
            if view is not None:
                break
        if view is None:
            # Chance can hide a person again and again, and who lies straight is a sliver from every side; the last try leaves
            # nobody and nothing in the way and takes what it gets.
            view = self._stage(index, rng, alone=True, whole=True)
        if view is None:
            raise InputError(f"sample {index} of seed {self.seed} shows nobody; the pack's body is empty")
        return self._render(view, rng)

    def _stage(self, index: int, rng: np.random.Generator, *, alone: bool, whole: bool = False) -> _View | None:
        """People, camera, frame and things in front; None when too little of the target would be seen."""
        target = self._people.main(index, rng)
        closest = 0.75 if rng.random() < 0.2 else 1.4
        camera = draw_camera(rng, target.surface, closest_m=closest, quarter_turns=self.config.quarter_turns)
        figures = [target]
        if not alone:
            companions = self.config.companions
            shifts = draw_companions(rng, int(rng.choice(len(companions), p=companions)))
            others = self._people.bystanders(index, rng, len(shifts))
            figures += [other.moved(shift) for other, shift in zip(others, shifts, strict=True)]
        pixels, depth = camera.project(target.surface)
        ahead = pixels[depth > 0.1]
        if len(ahead) < 0.5 * len(pixels):
            return None
        whole_box = np.concatenate(bounds_of(ahead))
        frame = np.array([-1e3, -1e3, 1e3, 1e3], np.float32) if whole else draw_frame(rng, whole_box)
        box = np.concatenate([np.maximum(whole_box[:2], frame[:2]), np.minimum(whole_box[2:], frame[2:])])
        if not (whole or _usable(box)):
            return None
        occluders = []
        if not alone:
            hands, _ = camera.project(target.keypoints[WRISTS])
            occluders = draw_held(rng, hands, float(np.max(whole_box[2:] - whole_box[:2]))) + draw_occluders(rng, box)
        if occluders or len(figures) > 1:
            box_seen = self._seen_box(figures, camera, occluders, box)
            if box_seen is None:
                return None
            box = box_seen
        if not (whole or _usable(box)):
            return None
        return _View(figures, camera, frame, occluders, np.asarray(box, np.float32))

    def _seen_box(
        self, figures: list[ScenePerson], camera: Camera, occluders: list[Occluder], box: AnyArray
    ) -> Float32Array | None:
        """Box of what is seen of the first figure inside `box`, from a quick look at it; None when that is too little."""
        size_hw = (_LOOK_PX, _LOOK_PX)
        look = zoomed(camera, np.asarray(box), size_hw)
        renderer = self.pack.parts.renderer
        alone, seen = renderer.first_in_crowd(figures, look, size_hw)
        x = (np.arange(_LOOK_PX) + 0.5) / look.focal_px + (0.0 - look.centre_xy[0]) / look.focal_px
        y = ((np.arange(_LOOK_PX) + 0.5) - look.centre_xy[1]) / look.focal_px
        for occluder in occluders:
            seen &= ~occluder.covers(x, y)
        if seen.sum() < _LEAST_SEEN * alone.sum() or seen.sum() < 12:
            return None
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        step = 1 / look.focal_px
        found = np.array([x[columns[0]] - step / 2, y[rows[0]] - step / 2, x[columns[-1]] + step / 2, y[rows[-1]] + step / 2])
        return np.concatenate([np.maximum(found[:2], box[:2]), np.minimum(found[2:], box[2:])]).astype(np.float32)

    def _render(self, view: _View, rng: np.random.Generator) -> CropSample:
        parts, config = self.pack.parts, self.config
        size_hw = config.size_hw
        window = crop_window(grown(view.box, rng, config.box_noise), size_hw, scale=config.box_scale)
        camera = zoomed(view.camera, window, size_hw)
        image = draw_background(parts.backgrounds, parts.textures, size_hw, rng, photo_share=parts.photo_share)
        lighting = Lighting.draw(rng, image)
        raster = parts.renderer.surfaces(view.figures, camera, size_hw)
        who = parts.renderer.owners(view.figures, raster)
        parts.renderer.shade(view.figures, raster, camera, lighting, image)
        x = (np.arange(size_hw[1]) + 0.5 - camera.centre_xy[0]) / camera.focal_px
        y = (np.arange(size_hw[0]) + 0.5 - camera.centre_xy[1]) / camera.focal_px
        for k, occluder in enumerate(view.occluders):
            covered = occluder.covers(x, y)
            if covered.any():
                paint_occluder(image, covered, parts.textures, parts.backgrounds, rng)
                who[covered] = -2 - k
        image = soften_edges(image, who)
        photo = parts.camera_effects(image, rng, strength=config.realism * float(rng.random()))
        outside = _outside(x, y, view.frame)
        if outside.any():
            photo = photo.copy()
            photo[outside] = config.pad_value
            who[outside] = -1
        seen = who == 0
        labels, uv = parts.renderer.body_labels(view.figures[0], camera, seen)
        if config.outline == "clothed":
            labels, uv = cover_outline(labels, uv, seen)
        keypoints = project_joints(
            view.figures[0].keypoints, parts.renderer.joint_tolerance_m, camera, raster.depth, seen, ~outside
        )
        return CropSample(np.ascontiguousarray(photo), labels, uv, keypoints, tight_box(seen))


def _usable(box_xyxy: AnyArray) -> bool:
    """Not empty, and not a mere sliver."""
    width, height = float(box_xyxy[2] - box_xyxy[0]), float(box_xyxy[3] - box_xyxy[1])
    return min(width, height) > max(0.16 * max(width, height), 1e-4)


def _outside(x: AnyArray, y: AnyArray, frame: Float32Array) -> BoolArray:
    """(h, w): pixels whose centre lies outside the picture."""
    columns, rows = (x < frame[0]) | (x >= frame[2]), (y < frame[1]) | (y >= frame[3])
    return np.asarray(columns[None, :] | rows[:, None])
