"""`SceneSampler`: whole pictures with any number of people, for detectors and data sets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vitruv.errors import InputError
from vitruv.geometry import PAD_VALUE
from vitruv.render import Camera, Raster
from vitruv.render.raster import bounds_of
from vitruv.synth.background import draw_background
from vitruv.synth.joints import WRISTS, project_joints
from vitruv.synth.occluders import draw_held, draw_occluders, paint_occluder
from vitruv.synth.pack import SynthPack
from vitruv.synth.person_pool import PersonPool
from vitruv.synth.picture import Lighting
from vitruv.synth.pixels import soften_edges, tight_box
from vitruv.synth.samples import SceneSample
from vitruv.synth.scene_person import ScenePerson
from vitruv.synth.viewpoint import draw_camera, draw_companions, zoomed
from vitruv.types import AnyArray, Float32Array, Int32Array

_LEAST_PIXELS = 24  # a person with fewer seen pixels is not listed
_LEAST_SIDE_PX = 5
_ASPECTS = ((4 / 3, 0.38), (3 / 4, 0.27), (3 / 2, 0.12), (2 / 3, 0.08), (16 / 9, 0.07), (1.0, 0.05), (9 / 16, 0.03))


@dataclass(frozen=True)
class SceneConfig:
    """size_hw: of the picture. letterbox: the content gets the aspect ratio of a photo, lies top left, and the rest is grey, as a
    detector sees it; otherwise it fills the picture.

    people: chances of 0, 1, 2, ... people. smallest, largest: range of the main person's size, in parts of the picture's height.
    realism: 0..1, largest strength of what a camera does to the picture; most photos are much cleaner than the worst.
    widest_yaw_deg: about how far people are turned away from the camera at most. things: share of the people's chance to have
    something in a hand or standing before them; less of both makes easier pictures.
    """

    size_hw: tuple[int, int] = (320, 320)
    letterbox: bool = True
    people: tuple[float, ...] = (0.10, 0.32, 0.20, 0.12, 0.08, 0.05, 0.04, 0.03, 0.02, 0.01, 0.01, 0.01, 0.01)
    smallest: float = 0.07
    largest: float = 1.5
    realism: float = 1.0
    widest_yaw_deg: float = 180.0
    things: float = 1.0

    def __post_init__(self) -> None:
        if min(self.size_hw) < 32:
            raise InputError(f"size_hw must be at least 32 x 32, but got {self.size_hw}")
        if abs(sum(self.people) - 1) > 1e-6 or min(self.people) < 0:
            raise InputError(f"people must be chances that add up to 1, but got {self.people}")
        if not 0 < self.smallest <= self.largest:
            raise InputError(f"smallest and largest must be 0 < smallest <= largest, but got {self.smallest} and {self.largest}")
        if not 0 <= self.widest_yaw_deg <= 180:
            raise InputError(f"widest_yaw_deg must be between 0 and 180, but got {self.widest_yaw_deg}")
        if not 0 <= self.things <= 1:
            raise InputError(f"things must be between 0 and 1, but got {self.things}")


class SceneSampler:
    """Pictures of synthetic people: `sampler(index)` is a pure function of (pack, config, seed, index)."""

    def __init__(
        self, pack: SynthPack, *, size_hw: tuple[int, int] | None = None, seed: int = 0, config: SceneConfig | None = None
    ) -> None:
        config = config or SceneConfig()
        if size_hw is not None:
            config = replace(config, size_hw=(int(size_hw[0]), int(size_hw[1])))
        self.pack, self.seed, self.config = pack, seed, config
        self._people = PersonPool(pack, seed, texel_m=2.5 / min(config.size_hw), widest_yaw_deg=config.widest_yaw_deg)

    def __call__(self, index: int) -> SceneSample:
        rng = np.random.default_rng((self.seed, index))
        config = self.config
        content_hw = _content_size(config, rng)
        count = int(rng.choice(len(config.people), p=config.people))
        figures, camera = self._stage(index, count, content_hw, rng)
        sample = self._render(figures, camera, content_hw, rng)
        return _letterboxed(sample, config.size_hw) if content_hw != config.size_hw else sample

    def _stage(
        self, index: int, count: int, size_hw: tuple[int, int], rng: np.random.Generator
    ) -> tuple[list[ScenePerson], Camera]:
        """People on the ground before a camera that frames the first of them."""
        if count == 0:
            return [], zoomed(draw_camera(rng, np.array([[0.0, 0, 0], [0, 1.7, 0]])), np.array([-0.5, -0.5, 0.5, 0.5]), size_hw)
        main = self._people.main(index, rng)
        camera = draw_camera(rng, main.surface, farthest_m=14.0)
        frame = self._frame(main, camera, size_hw, rng)
        others = self._people.bystanders(index, rng, count - 1)
        figures = [main, *(other.moved(_elsewhere(camera, frame, rng)) for other in others)]
        return figures, zoomed(camera, frame, size_hw)

    def _frame(self, main: ScenePerson, camera: Camera, size_hw: tuple[int, int], rng: np.random.Generator) -> Float32Array:
        """The window of the camera's plane that becomes the picture: the main person has a size and a place at random."""
        pixels, depth = camera.project(main.surface)
        ahead = pixels[depth > 0.1]
        low, high = bounds_of(ahead)
        aspect = size_hw[1] / size_hw[0]
        smallest, largest = self.config.smallest, self.config.largest
        if rng.random() < 0.6:  # mostly people are what a photo is about
            share = float(rng.uniform(max(smallest, 0.3 * largest), largest))
        else:
            share = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
        height = max(float(high[1] - low[1]), float(high[0] - low[0]) / aspect) / share
        size = np.array([height * aspect, height])
        free = size - (high - low)  # negative where the person is larger than the picture
        # Mostly wholly inside (or filling the picture); sometimes cut by the border.
        place = np.array([rng.uniform(0, 1), rng.beta(2.2, 1.3)])
        if rng.random() < 0.2:
            axis = int(rng.integers(2))
            place[axis] += (
                float(rng.choice([-1, 1])) * float(rng.uniform(0.1, 0.6)) * (high - low)[axis] / max(abs(free[axis]), 1e-6)
            )
        corner = low - place * free
        return np.concatenate([corner, corner + size]).astype(np.float32)

    def _render(
        self, figures: list[ScenePerson], camera: Camera, size_hw: tuple[int, int], rng: np.random.Generator
    ) -> SceneSample:
        parts = self.pack.parts
        image = draw_background(parts.backgrounds, parts.textures, size_hw, rng, photo_share=max(parts.photo_share, 0.9))
        if rng.random() < 0.06:
            image = image * float(rng.uniform(0.3, 0.8))
        lighting = Lighting.draw(rng, image)
        raster = parts.renderer.surfaces(figures, camera, size_hw)
        who = parts.renderer.owners(figures, raster)
        parts.renderer.shade(figures, raster, camera, lighting, image)
        x, y = np.arange(size_hw[1]) + 0.5, np.arange(size_hw[0]) + 0.5
        for i in range(len(figures)):
            if not (who == i).any() or (self.config.things < 1 and rng.random() >= self.config.things):
                continue
            hands, depth = camera.project(figures[i].keypoints[WRISTS])
            size = 1.7 * camera.focal_px / max(float(depth.mean()), 0.3)
            for k, occluder in enumerate(draw_held(rng, hands, size) + draw_occluders(rng, tight_box(who == i))):
                covered = occluder.covers(x, y)
                if covered.any() and (who[covered] >= 0).mean() < 0.9:
                    paint_occluder(image, covered, parts.textures, parts.backgrounds, rng)
                    who[covered] = -2 - k
        image = soften_edges(image, who)
        photo = parts.camera_effects(image, rng, strength=self.config.realism * float(rng.random()))
        return self._labelled(np.ascontiguousarray(photo), figures, camera, raster, who)

    def _labelled(
        self, image: AnyArray, figures: list[ScenePerson], camera: Camera, raster: Raster, who: Int32Array
    ) -> SceneSample:
        renderer = self.pack.parts.renderer
        size_hw = (image.shape[0], image.shape[1])
        labels, uv = np.zeros(size_hw, np.uint8), np.zeros((2, *size_hw), np.uint8)
        person = np.zeros(size_hw, np.int32)
        boxes: list[Float32Array] = []
        keypoints: list[Float32Array] = []
        order = sorted(range(len(figures)), key=lambda i: float(camera.to_camera(figures[i].keypoints)[:, 2].mean()))
        inside = np.ones(size_hw, bool)
        for i in order:
            seen = who == i
            box = tight_box(seen)
            if seen.sum() < _LEAST_PIXELS or min(box[2] - box[0], box[3] - box[1]) < _LEAST_SIDE_PX:
                continue
            person[seen] = len(boxes) + 1
            own_labels, own_uv = renderer.body_labels(figures[i], camera, seen)
            labels[seen], uv[:, seen] = own_labels[seen], own_uv[:, seen]
            boxes.append(box)
            keypoints.append(project_joints(figures[i].keypoints, renderer.joint_tolerance_m, camera, raster.depth, seen, inside))
        return SceneSample(
            image=np.asarray(image, np.uint8),
            boxes_xyxy=np.array(boxes, np.float32).reshape(-1, 4),
            labels=labels,
            uv=uv,
            person=person,
            keypoints=np.array(keypoints, np.float32).reshape(-1, 17, 3),
        )


def _content_size(config: SceneConfig, rng: np.random.Generator) -> tuple[int, int]:
    if not config.letterbox:
        return config.size_hw
    aspect = float(rng.choice([a for a, _ in _ASPECTS], p=[p for _, p in _ASPECTS]))
    height = min(config.size_hw[0], config.size_hw[1] / aspect)
    return max(16, min(round(height), config.size_hw[0])), max(16, min(round(height * aspect), config.size_hw[1]))


def _elsewhere(camera: Camera, frame: Float32Array, rng: np.random.Generator) -> Float32Array:
    """(3,) where on the ground another person stands: beside the main one, or anywhere in view."""
    if rng.random() < 0.4:
        return np.asarray(draw_companions(rng, 1)[0], np.float32)
    eye = -camera.rotation.T @ camera.translation
    distance = max(float(np.hypot(eye[0], eye[2])) * float(np.exp(rng.normal(0.25, 0.55))), 0.9)
    column = float(rng.uniform(frame[0], frame[2]))
    # The ray of that column along the ground.
    ray = camera.rotation.T @ np.array([column, 0.0, 1.0], np.float32)
    flat = np.array([ray[0], 0.0, ray[2]]) / max(float(np.hypot(ray[0], ray[2])), 1e-6)
    return np.asarray(np.array([eye[0], 0.0, eye[2]]) + distance * flat, np.float32)


def _letterboxed(sample: SceneSample, size_hw: tuple[int, int]) -> SceneSample:
    """The picture at the top left of a larger one, grey around it."""
    height, width = sample.labels.shape

    def grow(values: AnyArray, fill: int) -> AnyArray:
        lead = values.shape[:-2]
        out = np.full((*lead, *size_hw), fill, values.dtype)
        out[..., :height, :width] = values
        return out

    image = np.full((*size_hw, 3), PAD_VALUE, np.uint8)
    image[:height, :width] = sample.image
    return replace(sample, image=image, labels=grow(sample.labels, 0), uv=grow(sample.uv, 0), person=grow(sample.person, 0))
