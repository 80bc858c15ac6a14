"""`GarmentFitter`: clothes, hair and skirts with a shape of their own, put on a posed body."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vitruv.body import Posed
from vitruv.body.skin import vertex_normals
from vitruv.body.skirts import Skirts
from vitruv.body.wardrobe import Wardrobe
from vitruv.synth.background import random_colour
from vitruv.types import AnyArray, Float32Array, Int32Array, UInt8Array

_KEEP_COLOURS = np.eye(3, 4, dtype=np.float32)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_OVER_M = 0.014
ACCESSORIES = ("shoes", "hat", "glasses", "hair")


@dataclass(frozen=True, eq=False)
class Cloth:
    """A garment in the world, with what is needed to paint it.

    vertices, normals: (n, 3) float32; faces: (m, 3) int32; face_uv: (m, 3, 2) float32, V up; texture: (h, w, 3 or 4) uint8;
    alpha: (h, w) uint8, empty where the garment has no holes; repeat, colour_map, gloss, folds as in `shade_cloth`.
    kind: as in `vitruv.body.Garment`. hides: (h,) int32 vertices of the body that it covers.
    """

    kind: str
    vertices: Float32Array
    normals: Float32Array
    faces: Int32Array
    face_uv: Float32Array
    texture: UInt8Array
    alpha: UInt8Array
    repeat: float
    colour_map: Float32Array
    gloss: float
    folds: float
    hides: Int32Array


_NO_ALPHA = np.zeros((0, 0), np.uint8)


class GarmentFitter:
    """Draws garments for a body. `style` says what the outfit is built from."""

    def __init__(self, wardrobe: Wardrobe) -> None:
        self._wardrobe = wardrobe
        self._skirts = Skirts.of(wardrobe.mannequin)
        self._textures = [np.ascontiguousarray(t) for t in wardrobe.textures]
        self._lumas = [_luma(t) for t in self._textures]
        self._alphas = [
            np.ascontiguousarray(t[..., 3]) if t.shape[2] == 4 and (t[..., 3] < 128).any() else _NO_ALPHA for t in self._textures
        ]

    def __call__(
        self,
        rng: np.random.Generator,
        coefficients: Float32Array,
        posed: Posed,
        *,
        femininity: float,
        hair: Float32Array,
        tiles: UInt8Array,
    ) -> list[Cloth]:
        """Garments for the first of the posed bodies, in its frame; often only hair and shoes, or nothing.

        hair: (3,) colour, display values 0..1. tiles: (n, 64, 64, 3) uint8, n > 0, patterns for cloth without a picture.
        """
        mannequin = self._wardrobe.mannequin
        points = mannequin.rest(coefficients)
        normals = mannequin.normals(points)
        clothed = rng.random() < 0.42
        out: list[Cloth] = []
        for number in self._wardrobe.outfit(rng, femininity):
            kind = self._wardrobe.items[number].kind
            if kind in ACCESSORIES:
                if kind == "shoes" and rng.random() < 0.4:
                    continue
            elif not clothed:
                continue
            worn = self._wardrobe.wear(number, points, normals, posed.transforms[0], rng)
            vertices, cloth_normals = worn.vertices, vertex_normals(worn.vertices, worn.faces)
            if kind not in ACCESSORIES:
                # What is put on later lies over what is there already.
                vertices = vertices + np.float32(_OVER_M * sum(c.kind not in ACCESSORIES for c in out)) * cloth_normals
            textured = worn.texture >= 0 and (kind in ACCESSORIES or kind == "suit" or rng.random() < 0.6)
            texture = self._textures[worn.texture] if textured else tiles[int(rng.integers(len(tiles)))]
            alpha = self._alphas[worn.texture] if worn.texture >= 0 else _NO_ALPHA
            out.append(
                Cloth(
                    kind=kind,
                    vertices=vertices,
                    normals=cloth_normals,
                    faces=worn.faces,
                    face_uv=worn.face_uv,
                    texture=texture,
                    alpha=alpha,
                    repeat=1.0 if textured else float(rng.choice([2.0, 3.0, 4.0, 6.0])),
                    colour_map=_colours(rng, kind, self._lumas[worn.texture], hair) if textured else _KEEP_COLOURS,
                    gloss=0.12 if kind in ("hair", "shoes") else 0.0,
                    folds=0.0 if kind in ACCESSORIES else float(rng.uniform(0, 0.25)),
                    hides=worn.hides,
                )
            )
        covered = any(c.kind in ("suit", "dress", "coat", "bottom") for c in out)
        if not covered and rng.random() < 0.06 + 0.22 * femininity:
            out.append(self._skirt(rng, points, normals, posed, tiles))
        return out

    def _skirt(
        self, rng: np.random.Generator, points: Float32Array, normals: Float32Array, posed: Posed, tiles: UInt8Array
    ) -> Cloth:
        vertices, faces, face_uv, _ = self._skirts.cut(
            points,
            normals,
            posed.transforms[0],
            waist=float(rng.uniform(0, 0.1)),
            hem=float(rng.uniform(0.22, 0.95)),
            flare=float(rng.uniform(-0.02, 0.15)),
            folds=float(rng.uniform(0, 0.02)),
            seed=int(rng.integers(2**31)),
        )
        return Cloth(
            kind="bottom",
            vertices=vertices,
            normals=vertex_normals(vertices, faces),
            faces=faces,
            face_uv=face_uv,
            texture=tiles[int(rng.integers(len(tiles)))],
            alpha=_NO_ALPHA,
            repeat=float(rng.choice([2.0, 3.0, 5.0])),
            colour_map=_KEEP_COLOURS,
            gloss=0.0,
            folds=float(rng.uniform(0, 0.25)),
            hides=np.zeros(0, np.int32),
        )


def _luma(texture: UInt8Array) -> float:
    """Mean brightness, 0..1, of what is not a hole."""
    opaque = texture[..., 3] >= 128 if texture.shape[2] == 4 else np.ones(texture.shape[:2], bool)
    return float((texture[..., :3][opaque] @ _LUMA).mean()) / 255 if opaque.any() else 0.5


def _colours(rng: np.random.Generator, kind: str, luma: float, hair: Float32Array) -> Float32Array:
    """(3, 4) float32: as it is, dyed, or with turned hues; hair in the colour of the head. luma: the picture's mean brightness."""
    lot = rng.random()
    dyed = hair if kind == "hair" else random_colour(rng)
    if kind == "hair" or lot < 0.35:
        strength = 0.9 if kind == "hair" else 1.0
        out = np.zeros((3, 4), np.float32)
        # The texture's light and dark about the new colour.
        out[:, :3] = strength * dyed[:, None] / max(luma, 0.08) * _LUMA[None, :]
        out[:, 3] = (1 - strength) * dyed
        return out
    if lot < 0.65:
        angle = rng.uniform(-np.pi, np.pi)
        grey = np.full((3, 3), 1 / 3)
        cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
        turn = np.cos(angle) * np.eye(3) + (1 - np.cos(angle)) * grey + np.sin(angle) * cross
        return np.asarray(np.concatenate([turn * rng.uniform(0.6, 1.2), np.zeros((3, 1))], axis=1), np.float32)
    out = _KEEP_COLOURS.copy()
    out[:, :3] *= float(rng.uniform(0.6, 1.2))
    return out


def turned(cloth: Cloth, turn: AnyArray, shift: AnyArray) -> Cloth:
    """The garment turned by a (3, 3) rotation and moved by (3,)."""
    rotation = np.asarray(turn, np.float32)
    return replace(cloth, vertices=cloth.vertices @ rotation.T + np.asarray(shift, np.float32), normals=cloth.normals @ rotation.T)
