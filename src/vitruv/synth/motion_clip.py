"""`ClipSampler`: moving people before a moving camera, with the labels of every frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.body import Pose
from vitruv.body import rotations as rot
from vitruv.body.motion import MotionLibrary, Stretch
from vitruv.errors import InputError
from vitruv.render import Camera
from vitruv.synth.background import draw_background, window
from vitruv.synth.occluders import Occluder, draw_occluders, paint_occluder
from vitruv.synth.pack import SynthPack
from vitruv.synth.person_batch import PersonBatch
from vitruv.synth.picture import Lighting
from vitruv.synth.pixels import soften_edges, tight_box
from vitruv.synth.samples import ClipFrame
from vitruv.synth.scene_person import ScenePerson
from vitruv.types import AnyArray, Float32Array, Int32Array, UInt8Array

_UP = np.array([0.0, 1.0, 0.0])
_WALKING = ("walking", "running", "walk_uneven")
_MARGIN = 1.5  # of the background, so that the camera can turn before it
_LEAST_PIXELS = 24


@dataclass(frozen=True)
class ClipConfig:
    """people: how many. crossing: they walk past one another, so that whoever is behind is hidden for a while. shake: 0 a camera on
    a tripod .. 1 one held in a hand. thing: something stands in the way. noise: standard deviation of each frame's own noise, in
    steps of 255."""

    size_hw: tuple[int, int] = (480, 640)
    rate: int = 25
    people: int = 1
    crossing: bool = False
    shake: float = 0.5
    thing: bool = False
    noise: float = 2.0

    def __post_init__(self) -> None:
        if min(self.size_hw) < 32 or not 1 <= self.people <= 8 or not 1 <= self.rate <= 120:
            raise InputError("a clip has at least 32 x 32 pixels, 1 to 8 people, and 1 to 120 frames a second")


@dataclass(frozen=True, eq=False)
class _Actor:
    """number: of the random stream that dresses them. start, speed: (2,) x and z on the ground, metres and metres a second."""

    number: int
    coefficients: Float32Array
    femininity: Float32Array
    stretch: Stretch
    begin_s: float
    yaw: float
    start: AnyArray
    speed: AnyArray


class ClipSampler:
    """Clips by number: `ClipSampler(pack, motion, config, seed).frame(clip, i)` is a pure function."""

    def __init__(self, pack: SynthPack, motion: MotionLibrary, *, config: ClipConfig | None = None, seed: int = 0) -> None:
        self.pack, self.motion, self.seed = pack, motion, seed
        self.config = config or ClipConfig()
        self._kept: tuple[int, _Set] | None = None

    def frame(self, clip: int, index: int) -> ClipFrame:
        """Frame `index` of clip number `clip`."""
        if self._kept is None or self._kept[0] != clip:
            self._kept = clip, self._build(clip)
        return self._render(self._kept[1], clip, index)

    def _build(self, clip: int) -> _Set:
        config, parts = self.config, self.pack.parts
        rng = np.random.default_rng((self.seed, clip))
        shapes = [parts.person_sampler.shapes.sample(rng) for _ in range(config.people)]
        actors = []
        for i, shape in enumerate(shapes):
            stretch = self.motion.sample(rng)
            start, speed = self._path(i, rng)
            actors.append(
                _Actor(
                    number=i,
                    coefficients=shape.coefficients[None],
                    femininity=np.array([shape.femininity], np.float32),
                    stretch=stretch,
                    begin_s=float(rng.uniform(0, 2 * stretch.length_s)),
                    yaw=float(rng.normal(0, 0.8)),
                    start=start,
                    speed=speed,
                )
            )
        height, width = config.size_hw
        background = draw_background(
            parts.backgrounds, parts.textures, (round(_MARGIN * height), round(_MARGIN * width)), rng, photo_share=0.95
        )
        distance = 2.9 + (1.1 if config.crossing else 0.8) * (config.people - 1) ** 0.5
        things: list[Occluder] = []
        if config.thing:
            middle = np.array([0.35 * width, 0.2 * height, 0.65 * width, 0.95 * height], np.float32)
            while not things:
                things = draw_occluders(rng, middle)
        return _Set(
            actors=tuple(actors),
            background=np.asarray(np.clip(background * 255, 0, 255), np.uint8),
            lighting=Lighting.draw(rng, background),
            distance_m=float(distance * rng.uniform(0.9, 1.2)),
            height_m=float(rng.uniform(1.1, 1.8)),
            sway=rng.normal(0, 1, (4, 3)).astype(np.float32),
            things=tuple(things[:1]),
            look=int(rng.integers(2**31)),
        )

    def _path(self, i: int, rng: np.random.Generator) -> tuple[AnyArray, AnyArray]:
        if self.config.crossing:
            side = 1.0 if i % 2 else -1.0
            pace = float(rng.uniform(0.5, 0.9))
            return np.array([-side * rng.uniform(1.2, 1.8), -0.7 * i]), np.array([side * pace, 0.0])
        across = 0.0 if self.config.people == 1 else 1.1 * (i - (self.config.people - 1) / 2)
        return np.array([across, rng.normal(0, 0.3)]), rng.normal(0, 0.12, 2)

    def _figure(self, actor: _Actor, clip: int, time_s: float) -> ScenePerson:
        """Dressed anew in every frame, with the same random numbers: the same clothes on another pose."""
        pose = actor.stretch.at(actor.begin_s + time_s)
        if self.config.crossing and actor.stretch.category in _WALKING:
            pose = pose.facing(float(np.arctan2(actor.speed[0], actor.speed[1])))
        else:
            first = actor.stretch.at(actor.begin_s)
            pose = _turned_as(pose, first, actor.yaw)
        person_sampler = self.pack.parts.person_sampler
        batch = PersonBatch(actor.coefficients, actor.femininity, person_sampler.body.pose(actor.coefficients, [pose]))
        rng = np.random.default_rng((self.seed, clip, actor.number, 1))
        figure = person_sampler(rng, batch, 0, texel_m=2.5 / min(self.config.size_hw), yaw=0.0)
        place = actor.start + actor.speed * time_s
        middle = figure.keypoints[[11, 12]].mean(axis=0)
        return figure.moved(np.array([place[0] - middle[0], 0.0, place[1] - middle[2]]))

    def _camera(self, scene: _Set, time_s: float) -> Camera:
        height, width = self.config.size_hw
        wave = self.config.shake * np.array([np.sin(2 * np.pi * (0.17 + 0.23 * k) * time_s) for k in range(4)]) @ scene.sway
        eye = np.array([0.25 * wave[0], scene.height_m + 0.05 * wave[1], scene.distance_m + 0.1 * wave[2]])
        aim = np.array([0.04 * wave[1], 0.95 + 0.03 * wave[2], 0.0])
        return Camera.look_at(
            eye, aim, up=_UP, focal_px=1.15 * height, centre_xy=(width / 2, height / 2), roll=0.01 * float(wave[0])
        )

    def _render(self, scene: _Set, clip: int, index: int) -> ClipFrame:
        config, parts = self.config, self.pack.parts
        time_s = index / config.rate
        height, width = config.size_hw
        figures = [self._figure(actor, clip, time_s) for actor in scene.actors]
        camera = self._camera(scene, time_s)
        image = np.empty((height, width, 3), np.float32)
        # Where a point far behind the people is seen: the background moves with the camera.
        far = camera.project(np.array([0.0, 1.0, -12.0]))[0]
        left = _MARGIN * width / 2 - (float(far[0]) - width / 2)
        top = _MARGIN * height / 2 - (float(far[1]) - height * 0.45)
        window(scene.background, left, top, 1.0, 0.0, False, image)
        raster = parts.renderer.surfaces(figures, camera, config.size_hw)
        who = parts.renderer.owners(figures, raster)
        parts.renderer.shade(figures, raster, camera, scene.lighting, image)
        for thing in scene.things:
            covered = thing.covers(np.arange(width) + 0.5, np.arange(height) + 0.5)
            paint_occluder(image, covered, parts.textures, parts.backgrounds, np.random.default_rng(scene.look))
            who[covered] = -2
        image = soften_edges(image, who)
        photo = parts.camera_effects(image, np.random.default_rng(scene.look), strength=0.3)
        own = np.random.default_rng((self.seed, clip, index, 2))
        noisy = photo.astype(np.float32) + config.noise * own.standard_normal(photo.shape, np.float32)
        return self._labelled(noisy.round().clip(0, 255).astype(np.uint8), figures, camera, who, index)

    def _labelled(self, image: UInt8Array, figures: list[ScenePerson], camera: Camera, who: Int32Array, index: int) -> ClipFrame:
        renderer = self.pack.parts.renderer
        size_hw = self.config.size_hw
        labels, uv = np.zeros(size_hw, np.uint8), np.zeros((2, *size_hw), np.uint8)
        person = np.zeros(size_hw, np.int32)
        boxes = np.zeros((len(figures), 4), np.float32)
        for i, figure in enumerate(figures):
            seen = who == i
            if seen.sum() < _LEAST_PIXELS:
                continue
            person[seen] = i + 1
            boxes[i] = tight_box(seen)
            own_labels, own_uv = renderer.body_labels(figure, camera, seen)
            labels[seen], uv[:, seen] = own_labels[seen], own_uv[:, seen]
        return ClipFrame(
            image=image, labels=labels, uv=uv, person=person, boxes_xyxy=boxes, index=index, time_s=index / self.config.rate
        )


@dataclass(frozen=True, eq=False)
class _Set:
    """What stays the same in all frames of a clip."""

    actors: tuple[_Actor, ...]
    background: UInt8Array
    lighting: Lighting
    distance_m: float
    height_m: float
    sway: Float32Array
    things: tuple[Occluder, ...]
    look: int


def _turned_as(pose: Pose, first: Pose, yaw: float) -> Pose:
    """The pose turned about the vertical by what makes `first` face `yaw`: turns within the motion stay."""
    forward_now, forward_first = (rot.rotate(p.joints[0], np.array([0.0, 0.0, 1.0])) for p in (pose, first))
    heading_now, heading_first = (float(np.arctan2(f[0], f[2])) for f in (forward_now, forward_first))
    return pose.facing(yaw + heading_now - heading_first)
