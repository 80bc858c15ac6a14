"""From figures and a camera to a picture: who is seen where, the colour of every pixel, and the labels of the bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitruv.body import Body
from vitruv.render import NEAR_M, Camera, Raster
from vitruv.render.raster import NO_HOLES, bounds_of, draw_faces, move_points
from vitruv.synth.garment_fitter import ACCESSORIES, Cloth
from vitruv.synth.light import shade_ground
from vitruv.synth.paint import BodyPaint
from vitruv.synth.pixels import label_pixels, windows_of
from vitruv.synth.scene_person import ScenePerson
from vitruv.synth.shade import shade_body, shade_cloth
from vitruv.types import AnyArray, BoolArray, Float32Array, Int32Array, UInt8Array

_SHADOW_PX = 96
_BUMP_PX = 128
_COARSE_M = 0.035


@dataclass(frozen=True, eq=False)
class Lighting:
    """lights: (n, 6) float32, direction to the light (world, unit) and linear colour; ambient: (2, 3) float32 from above and below.

    shadows: whether the first light casts shadows. ground: how much darker the ground is in the shadow, 0 not at all .. 1 black.
    """

    lights: Float32Array
    ambient: Float32Array
    shadows: bool
    ground: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator, background: Float32Array) -> Lighting:
        """Light that could be the background's: its mean colour tints it, its brightness scales it, both loosely."""
        mean = background[::4, ::4].mean(axis=(0, 1), dtype=np.float64) ** 2 + 1e-3
        tint = (mean / mean.mean()) ** rng.uniform(0.0, 0.6)
        level = np.clip((mean.mean() / 0.2) ** rng.uniform(0.0, 0.6) * np.exp(rng.normal(0.0, 0.25)), 0.4, 2.2)
        share = rng.uniform(0.15, 0.85)  # how much of the light is directed
        count = int(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2]))
        lights = np.zeros((count, 6), np.float32)
        for k in range(count):
            direction = rng.normal(0, 1, 3) * [1, 0.6, 1] + [0, 0.9, 0]
            lights[k, :3] = direction / np.linalg.norm(direction)
            warmth = rng.normal(0, 0.12)
            strength = share * level * (1.5 if k == 0 else rng.uniform(0.2, 0.8))
            lights[k, 3:] = strength * tint * [1 + warmth, 1, 1 - warmth]
        sky = (1 - share) * level * tint * 1.3
        ground = sky * rng.uniform(0.25, 0.8) * (1 + rng.normal(0, 0.08, 3))
        shadows, floor = bool(rng.random() < 0.55), float(rng.uniform(0.15, 0.7))
        return cls(lights, np.stack([sky, ground]).astype(np.float32), shadows, floor if rng.random() < 0.7 else 0.0)


class SceneRenderer:
    """Renders figures that share one body topology.

    chart_of_face: (F,) uint8, 1..24; corner_uv: (F, 3, 2), the charts' U and V: the atlas of `body.faces`.
    """

    def __init__(self, body: Body, paint: BodyPaint, *, chart_of_face: AnyArray, corner_uv: AnyArray) -> None:
        self._face_count = len(body.faces)
        self._faces = np.ascontiguousarray(body.faces, np.int32)
        self._few_faces = _coarse(body.mean, self._faces)
        self._face_kind, self._face_uv = body.face_kind, np.ascontiguousarray(body.face_uv, np.float32)
        self._fields = paint.fields
        self._chart = np.ascontiguousarray(chart_of_face, np.uint8)
        self._corner_uv = np.ascontiguousarray(corner_uv, np.float32)
        self._bump = _bump()
        keypoints = body.keypoints(body.mean)
        # A joint lies inside the body; a surface this much nearer to the camera is still its own skin.
        distance = np.linalg.norm(keypoints[:, None] - body.mean[None], axis=2).min(axis=1)
        self.joint_tolerance_m = (1.35 * distance + 0.035).astype(np.float32)

    def surfaces(self, figures: Sequence[ScenePerson], camera: Camera, size_hw: tuple[int, int]) -> Raster:
        """All dressed surfaces in one z-buffer, with the face numbers of `first_faces`."""
        raster = Raster.empty(size_hw)
        self._draw_all(figures, camera, raster)
        return raster

    def first_in_crowd(
        self, figures: Sequence[ScenePerson], camera: Camera, size_hw: tuple[int, int]
    ) -> tuple[BoolArray, BoolArray]:
        """Pixels (h, w) of the first figure alone, and those of them that no other figure hides."""
        raster = Raster.empty(size_hw)
        self._draw_all(figures[:1], camera, raster, small=False)
        alone = raster.face >= 0
        count = int(self.first_faces(figures[:1])[1])
        self._draw_all(figures[1:], camera, raster, first=count, small=False)
        return alone, alone & (raster.face < count)

    def first_faces(self, figures: Sequence[ScenePerson]) -> Int32Array:
        """(n + 1,) int32: figure i owns the faces first[i] .. first[i + 1] - 1: the body's, then those of its clothes."""
        counts = [self._face_count + sum(len(c.faces) for c in figure.clothes) for figure in figures]
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def _places(self, figures: Sequence[ScenePerson]) -> Int32Array:
        """(k + 1,) int32: the first face of every body and garment, in the order of their numbers, and the end."""
        counts = [count for figure in figures for count in (self._face_count, *(len(cloth.faces) for cloth in figure.clothes))]
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def owners(self, figures: Sequence[ScenePerson], raster: Raster) -> Int32Array:
        """(h, w) int32: number of the figure that is seen, -1 nobody."""
        return (np.searchsorted(self.first_faces(figures), raster.face, side="right") - 1).astype(np.int32)

    def _draw_all(
        self, figures: Sequence[ScenePerson], camera: Camera, raster: Raster, *, first: int = 0, small: bool = True
    ) -> None:
        """small: with accessories, and bodies in full detail, which a quick look and shadows do not need."""
        faces = self._faces if small else self._few_faces
        for figure in figures:
            self._draw(move_points(figure.surface, camera.rotation, camera.translation), faces, first, camera, raster)
            first += self._face_count
            for cloth in figure.clothes:
                if small or cloth.kind not in ACCESSORIES:
                    self._draw_cloth(cloth, first, camera, raster)
                first += len(cloth.faces)

    def body_labels(self, figure: ScenePerson, camera: Camera, seen: BoolArray) -> tuple[UInt8Array, UInt8Array]:
        """Charts (h, w) uint8 and U, V (2, h, w) uint8 of one figure's skin, where `seen`; 0 elsewhere."""
        raster = Raster.empty((seen.shape[0], seen.shape[1]))
        self._draw(move_points(figure.body, camera.rotation, camera.translation), self._faces, 0, camera, raster)
        labels, uv = np.zeros(seen.shape, np.uint8), np.zeros((2, *seen.shape), np.uint8)
        label_pixels(raster.face, raster.barycentric, seen, self._chart, self._corner_uv, labels, uv)
        return labels, uv

    def shade(
        self, figures: Sequence[ScenePerson], raster: Raster, camera: Camera, lighting: Lighting, image: Float32Array
    ) -> None:
        """Colour the pixels of all figures in `image`, (h, w, 3) float32, in place."""
        shadow = self._shadow_map(figures, lighting)
        light = shadow[0], shadow[1].rotation, shadow[1].translation, float(shadow[1].focal_px)
        focal, cx, cy = float(camera.focal_px), float(camera.centre_xy[0]), float(camera.centre_xy[1])
        if lighting.ground > 0 and len(shadow[0]):
            shade_ground(raster.face, camera.rotation, camera.translation, focal, cx, cy, *light, lighting.ground, image)
        windows = iter(windows_of(raster.face, self._places(figures)).tolist())
        for figure in figures:
            outfit = figure.outfit
            for cloth in (None, *figure.clothes):
                first, top, bottom, left, right = next(windows)
                if top > bottom:
                    continue
                part = slice(top, bottom + 1), slice(left, right + 1)
                face, barycentric, depth = raster.face[part], raster.barycentric[part], raster.depth[part]
                view = camera.rotation, camera.translation, focal, float(cx - left), float(cy - top)
                if cloth is None:
                    shade_body(
                        face, barycentric, depth, first,
                        self._faces, figure.normals, self._fields, self._face_uv, self._face_kind,
                        outfit.layers, outfit.materials, outfit.tiles, figure.skin, outfit.skin_gain, outfit.eye, self._bump,
                        *view, lighting.lights, lighting.ambient, *light, image[part],
                    )  # fmt: skip
                else:
                    shade_cloth(
                        face, barycentric, depth, first, cloth.faces, cloth.normals, cloth.face_uv,
                        cloth.texture, cloth.repeat, cloth.colour_map, cloth.gloss, cloth.folds, self._bump,
                        *view, lighting.lights, lighting.ambient, *light, image[part],
                    )  # fmt: skip

    def _draw_cloth(self, cloth: Cloth, first: int, camera: Camera, raster: Raster) -> None:
        draw_faces(
            move_points(cloth.vertices, camera.rotation, camera.translation), cloth.faces, first,
            float(camera.focal_px), float(camera.centre_xy[0]), float(camera.centre_xy[1]), NEAR_M, False,
            cloth.face_uv, cloth.alpha, raster.face, raster.barycentric, raster.depth,
        )  # fmt: skip

    def _draw(self, at: Float32Array, faces: Int32Array, first: int, camera: Camera, raster: Raster) -> None:
        draw_faces(
            at, faces, first, float(camera.focal_px), float(camera.centre_xy[0]), float(camera.centre_xy[1]), NEAR_M, True,
            *NO_HOLES, raster.face, raster.barycentric, raster.depth,
        )  # fmt: skip

    def _shadow_map(self, figures: Sequence[ScenePerson], lighting: Lighting) -> tuple[Float32Array, Camera]:
        """Depth of the figures seen from far away along the first light; an empty map when there are no shadows."""
        if not lighting.shadows or not figures:
            return np.zeros((0, 0), np.float32), _NO_LIGHT
        edges = [bounds_of(f.surface) for f in figures]
        low, high = np.min([e[0] for e in edges], axis=0), np.max([e[1] for e in edges], axis=0)
        centre, radius = (low + high) / 2, float(np.linalg.norm(high - low)) / 2 + 0.05
        side = int(min(_SHADOW_PX * max(1.0, radius), 3 * _SHADOW_PX))
        away = 40.0 * radius
        eye = centre + lighting.lights[0, :3] * away
        camera = Camera.look_at(
            eye, centre, up=np.array([0.3, 1.0, 0.5]), focal_px=0.5 * side * away / radius, centre_xy=(side / 2, side / 2)
        )
        raster = Raster.empty((side, side))
        self._draw_all(figures, camera, raster, small=False)
        return raster.depth, camera


_NO_LIGHT = Camera(1.0, (0.0, 0.0), np.eye(3, dtype=np.float32), np.zeros(3, np.float32))


def _coarse(points: AnyArray, faces: Int32Array) -> Int32Array:
    """(n, 3) int32: faces between some of the vertices, one for each cube of `_COARSE_M` that the mesh at rest (V, 3) touches."""
    cubes = np.floor(np.asarray(points, np.float64) / _COARSE_M).astype(np.int64)
    _, vertex, cube = np.unique(cubes, axis=0, return_index=True, return_inverse=True)
    few = vertex[cube.reshape(-1)][faces]
    distinct = (few[:, 0] != few[:, 1]) & (few[:, 1] != few[:, 2]) & (few[:, 2] != few[:, 0])
    return np.ascontiguousarray(np.unique(few[distinct], axis=0), np.int32)


def _bump() -> Float32Array:
    """(128, 128, 2) float32, repeats: slopes of folds, standard deviation 1."""
    rng = np.random.default_rng(11)
    frequency = np.fft.fftfreq(_BUMP_PX) * _BUMP_PX
    radius = np.hypot(frequency[:, None], frequency[None, :])
    spectrum = np.where((radius > 1.5) & (radius < 28), 1 / np.maximum(radius, 1) ** 1.3, 0)
    height = np.fft.ifft2(np.fft.fft2(rng.standard_normal((_BUMP_PX, _BUMP_PX))) * spectrum).real
    # Folds are sharp ridges between smooth valleys.
    height = -np.abs(height / height.std())
    slopes = np.stack([np.roll(height, -1, 1) - np.roll(height, 1, 1), np.roll(height, -1, 0) - np.roll(height, 1, 0)], axis=-1)
    return np.asarray((slopes / slopes.std()).clip(-3, 3), np.float32)
