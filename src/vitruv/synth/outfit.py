"""What a person wears and looks like: skin, hair and garments as layers over the body, drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vitruv.synth.background import Photos
from vitruv.synth.paint import BodyPaint
from vitruv.synth.patterns import hair_colour, make_tile
from vitruv.synth.shade import (
    KIND_BEARD,
    KIND_CLOTH,
    KIND_GLASSES,
    KIND_HAIR,
    KIND_LOGO,
    LAYER_HIGH,
    LAYER_KIND,
    MATERIAL_FOLDS,
    MATERIAL_GLOSS,
    MATERIAL_OFFSET,
    NUM_LAYER_VALUES,
    NUM_MATERIAL_VALUES,
)
from vitruv.types import Float32Array, UInt8Array

TILE_PX = 64
_WIDE = 9.0

_Piece = tuple[list[float], float, str]  # layer, metres it stands off, style of its material
_Add = Callable[[list[float], float, str], None]


@dataclass(frozen=True, eq=False)
class Outfit:
    """Layers from the inside out; the last one that covers a point is seen.

    layers: (l, NUM_LAYER_VALUES) float32; materials: (l, NUM_MATERIAL_VALUES) float32; tiles: (l, 64, 64, 3) uint8;
    thickness: (l,) float32, metres by which the garment stands off the skin; skin_gain: (3,) float32; eye: (3,) float32 linear;
    hair: (3,) float32, display values.
    """

    layers: Float32Array
    materials: Float32Array
    tiles: UInt8Array
    thickness: Float32Array
    skin_gain: Float32Array
    eye: Float32Array
    hair: Float32Array

    def beneath(self, kinds: Sequence[str]) -> Outfit:
        """The same under garments of these kinds: what they cover lies close to the skin."""
        thickness = self.thickness.copy()
        on_head = self.layers[:, LAYER_KIND] != KIND_CLOTH
        if any(kind in ("suit", "top", "dress", "coat", "bottom") for kind in kinds):
            thickness[~on_head] = 0.0
        if "shoes" in kinds:
            thickness[~on_head & (self.layers[:, LAYER_HIGH] < -0.4)] *= 0.1
        if any(kind in ("hair", "hat") for kind in kinds):
            thickness[on_head] = np.minimum(thickness[on_head], 0.002)
        return replace(self, thickness=thickness)


class OutfitSampler:
    """Draws outfits. `texel_m`, given with every order, is the size of a pixel on the body: patterns are drawn at that scale."""

    def __init__(self, paint: BodyPaint, textures: UInt8Array, photos: Photos) -> None:
        self._paint, self._textures, self._photos = paint, textures, photos

    def __call__(self, rng: np.random.Generator, *, texel_m: float, female: float = 0.5) -> Outfit:
        pieces: list[_Piece] = []

        def add(layer: list[float], thickness: float, style: str) -> None:
            pieces.append((layer, thickness, style))

        self._lower(rng, add)
        self._upper(rng, add, female)
        self._feet_and_hands(rng, add)
        self._head(rng, add, female)
        count = len(pieces)
        layers = np.array([p[0] for p in pieces], np.float32).reshape(count, NUM_LAYER_VALUES)
        materials = np.zeros((count, NUM_MATERIAL_VALUES), np.float32)
        tiles = np.zeros((count, TILE_PX, TILE_PX, 3), np.uint8)
        hair = hair_colour(rng)
        for i, (_, _, style) in enumerate(pieces):
            self._material(rng, style, hair, texel_m, materials[i], tiles[i])
        return Outfit(
            layers=layers,
            materials=materials,
            tiles=tiles,
            thickness=np.array([p[1] for p in pieces], np.float32),
            # Wide, because the skins are either light or dark, and people are everything between.
            skin_gain=np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.05, 3)).astype(np.float32),
            eye=(
                np.array([[0.03, 0.015, 0.008], [0.05, 0.09, 0.15], [0.06, 0.08, 0.04]])[int(rng.choice(3, p=[0.7, 0.2, 0.1]))]
            ).astype(np.float32),
            hair=hair,
        )

    def _lower(self, rng: np.random.Generator, add: _Add) -> None:
        kind = rng.random()
        waist = float(rng.uniform(0.12, 0.42))
        loose = float(rng.choice([0.004, 0.010, 0.022], p=[0.4, 0.4, 0.2]))
        if kind < 0.62:  # trousers
            add(_cloth(-float(rng.uniform(0.82, 1.08)), waist, arm_high=-0.2), loose, "bottom")
        elif kind < 0.86:  # shorts
            add(_cloth(-float(rng.uniform(0.12, 0.62)), waist, arm_high=-0.2), loose, "bottom")
        elif kind < 0.92:  # leggings, tights
            add(_cloth(-1.3 if rng.random() < 0.5 else -0.9, waist, arm_high=-0.2), 0.002, "plain")
        else:  # briefs
            add(_cloth(-0.05, float(rng.uniform(0.10, 0.3)), arm_high=-0.2), 0.003, "bottom")
        if rng.random() < 0.25:
            add(_cloth(waist - 0.05, waist + 0.01, arm_high=-0.2), loose + 0.003, "leather")

    def _upper(self, rng: np.random.Generator, add: _Add, female: float) -> None:
        if rng.random() < 0.06:
            if rng.random() < female:  # bikini top
                add(_cloth(0.6, 0.78, arm_high=0.0, drop=0.03, width=0.08), 0.003, "top")
            return
        sleeve = float(
            rng.choice(
                [rng.uniform(-0.02, 0.08), rng.uniform(0.15, 0.42), rng.uniform(0.5, 0.75), rng.uniform(0.88, 1.04)],
                p=[0.15, 0.42, 0.08, 0.35],
            )
        )
        hem = float(rng.uniform(-0.22, 0.25))
        if rng.random() < 0.12 * (0.5 + female):  # dresses and tunics, as far as paint goes
            hem = -float(rng.uniform(0.15, 0.45))
        loose = float(rng.choice([0.004, 0.012, 0.025], p=[0.35, 0.4, 0.25]))
        drop, width = float(rng.choice([0.03, 0.12, 0.3], p=[0.5, 0.35, 0.15])), float(rng.uniform(0.05, 0.14))
        add(_cloth(hem, float(rng.uniform(0.96, 1.12)), arm_high=sleeve, drop=drop, width=width), loose, "top")
        if rng.random() < 0.35:
            top = float(rng.uniform(0.6, 0.88))
            side = 1.0 if rng.random() < 0.75 else -1.0
            low, middle, half = top - float(rng.uniform(0.06, 0.4)), float(rng.normal(0, 0.04)), float(rng.uniform(0.03, 0.14))
            layer = [low, top, -1.0, 9.0, middle, half, side, 0.0, KIND_LOGO]
            add(layer, 0.0, "logo")
        if rng.random() < 0.25:  # jacket, coat, waistcoat
            long = float(rng.uniform(0.9, 1.04)) if rng.random() < 0.85 else 0.05
            opening = float(rng.choice([0.0, rng.uniform(0.02, 0.2)], p=[0.35, 0.65]))
            low = float(rng.choice([rng.uniform(-0.15, 0.15), rng.uniform(-0.65, -0.2)], p=[0.8, 0.2]))
            add(
                _cloth(low, float(rng.uniform(1.0, 1.2)), arm_high=long, opening=opening, drop=0.08, width=0.1),
                loose + 0.012,
                "top",
            )

    def _feet_and_hands(self, rng: np.random.Generator, add: _Add) -> None:
        if rng.random() < 0.5:
            add(_cloth(-2.0, -float(rng.choice([0.93, rng.uniform(0.45, 0.9)], p=[0.6, 0.4])), arm_high=-0.2), 0.002, "plain")
        if rng.random() < 0.86:
            boots = rng.random() < 0.15
            add(_cloth(-2.0, -float(rng.uniform(0.5, 0.85) if boots else rng.uniform(0.96, 1.06)), arm_high=-0.2), 0.009, "shoe")
            if rng.random() < 0.5:  # sole
                add(_cloth(-2.0, -float(rng.uniform(1.14, 1.19)), arm_high=-0.2), 0.011, "plain")
        if rng.random() < 0.06:
            add(_cloth(-3.0, 3.0, arm_low=float(rng.uniform(0.9, 1.0)), arm_high=_WIDE), 0.004, "leather")
        if rng.random() < 0.15:  # watch, bracelet
            at = float(rng.uniform(0.92, 0.97))
            add(_cloth(-3.0, 3.0, arm_low=at, arm_high=at + float(rng.uniform(0.02, 0.05))), 0.004, "leather")

    def _head(self, rng: np.random.Generator, add: _Add, female: float) -> None:
        p = self._paint
        if rng.random() < 0.94:
            nape = float(rng.uniform(p.nose - 0.35, p.eye))
            line = p.eye + float(rng.uniform(0.42, 0.74)) * (2 - p.eye)
            volume = float(rng.exponential(0.012) + 0.002)
            add([nape, 2.2, -9.0, 9.0, max(line - nape, 0.05), _WIDE, p.ear_z + float(rng.normal(0.005, 0.012)), 0.012, KIND_HAIR],
                min(volume, 0.06), "hair")  # fmt: skip
        if rng.random() < 0.24 * (1 - female):
            add([p.nose - float(rng.uniform(0.35, 0.5)), p.nose - float(rng.uniform(0.1, 0.24)), -9.0, 9.0, 0.0, _WIDE,
                 p.ear_z + 0.02, 0.015, KIND_BEARD], 0.003, "hair")  # fmt: skip
        if rng.random() < 0.05:
            add([p.eye - 0.06, p.eye + 0.05, -9.0, 9.0, 0.0, _WIDE, p.face_z - 0.035, 0.0, KIND_GLASSES], 0.004, "dark")
        if rng.random() < 0.14:  # cap, hat, hood
            low = p.eye + float(rng.uniform(0.1, 0.5)) * (2 - p.eye)
            add(
                [low, 2.2, -9.0, 9.0, float(rng.uniform(0, 0.1)), _WIDE, p.ear_z, 0.0, KIND_HAIR],
                float(rng.uniform(0.008, 0.03)),
                "top",
            )

    def _material(
        self, rng: np.random.Generator, style: str, hair: Float32Array, texel_m: float, material: Float32Array, tile: UInt8Array
    ) -> None:
        tile[:] = make_tile(rng, style, hair, self._textures, self._photos)
        # One texel is one pixel or more on the body, so that patterns do not flicker when they are small.
        finest = max(texel_m, 0.0015)
        size = finest * float(np.exp(rng.uniform(0.0, 1.6))) if style != "logo" else max(finest, 0.004)
        angle = rng.normal(0, 0.08) if rng.random() < 0.85 else rng.uniform(0, np.pi)
        lean_x, lean_y = rng.uniform(0.4, 0.8) * rng.choice([-1, 1]), rng.uniform(-0.3, 0.3)
        across = np.array([np.cos(angle), np.sin(angle), lean_x]) / size
        down = np.array([np.sin(angle), -np.cos(angle), lean_y]) / size
        material[:3], material[3:6] = across, down
        material[MATERIAL_OFFSET : MATERIAL_OFFSET + 2] = rng.uniform(0, TILE_PX, 2)
        material[MATERIAL_GLOSS] = {"leather": 0.35, "shoe": 0.25, "dark": 0.6, "hair": 0.15}.get(
            style, 0.0 if rng.random() < 0.8 else 0.15
        )
        material[MATERIAL_FOLDS] = 0.0 if style in ("leather", "dark", "logo") else float(rng.uniform(0.0, 0.35))


def _cloth(
    low: float,
    high: float,
    *,
    arm_low: float = -_WIDE,
    arm_high: float = _WIDE,
    drop: float = 0.0,
    width: float = 0.1,
    opening: float = 0.0,
    wave: float = 0.004,
) -> list[float]:
    return [low, high, arm_low, arm_high, drop, width, opening, wave, KIND_CLOTH]
