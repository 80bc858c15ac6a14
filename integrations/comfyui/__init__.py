"""Vitruv's nodes for ComfyUI: dense pose of a batch of images as a coloured map, as I, U, V, and the texture of the person.

One file, only ComfyUI's documented node interface (INPUT_TYPES, RETURN_TYPES, FUNCTION, CATEGORY, NODE_CLASS_MAPPINGS). IMAGE is a
torch tensor (batch, h, w, 3) of floats in 0..1, MASK is (batch, h, w). It can be imported without ComfyUI.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch

import vitruv
from vitruv.formats.presets import Fit, MapFile, Preset
from vitruv.formats.presets.colours import PARULA, VIRIDIS
from vitruv.texture import TextureExtractor

CATEGORY = "Vitruv"
MODELS = ["default", "fast"]
PALETTES = {"Viridis (MagicAnimate)": VIRIDIS, "Parula (CivitAI)": PARULA}
CHANNEL_ORDERS = {"red I, green U, blue V": "iuv", "red V, green U, blue I": "vui"}


@cache
def _predictor(model: str) -> vitruv.Predictor:
    return vitruv.load(None if model == "default" else model)


def _pictures(image: torch.Tensor) -> list[np.ndarray]:
    """(batch, h, w, 3) floats in 0..1 -> (h, w, 3) uint8 each; a fourth channel is left out."""
    values = (image[..., :3].detach().cpu().float().numpy() * 255).round().clip(0, 255)
    return list(np.ascontiguousarray(values.astype(np.uint8)))


def _batch(pictures: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures).astype(np.float32) / 255)


def _size_hw(image: torch.Tensor, resolution: int) -> tuple[int, int]:
    """The rule of the DensePose preprocessor: the short side becomes `resolution`; 0 keeps the size."""
    height, width = int(image.shape[1]), int(image.shape[2])
    return (height, width) if resolution == 0 else Fit("short-side", short_side=resolution).size_of((height, width))


def _rendered(image: torch.Tensor, model: str, resolution: int, file: MapFile) -> torch.Tensor:
    fit = Fit() if resolution == 0 else Fit("short-side", short_side=resolution)
    preset = Preset("comfyui", "", (file,), fit=fit)
    maps = [preset.render(_predictor(model)(rgb)) for rgb in _pictures(image)]
    return _batch(maps) if maps else torch.zeros((0, *_size_hw(image, resolution), 3))


def _inputs(**more: Any) -> dict[str, Any]:
    return {"required": {"image": ("IMAGE",), **more, "model": (MODELS, {"default": "default"})}}


_RESOLUTION = ("INT", {"default": 512, "min": 0, "max": 16384, "step": 64})


class VitruvDensePose:
    """In place of the DensePose preprocessor: the charts of all people in the colours that ControlNets were trained on."""

    CATEGORY = CATEGORY
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return _inputs(cmap=(list(PALETTES), {"default": "Viridis (MagicAnimate)"}), resolution=_RESOLUTION)

    def execute(
        self, image: torch.Tensor, cmap: str = "Viridis (MagicAnimate)", resolution: int = 512, model: str = "default"
    ) -> tuple[torch.Tensor]:
        file = MapFile("", "{stem}.png", "colours", colours=PALETTES[cmap])
        return (_rendered(image, model, resolution, file),)


class VitruvIUV:
    """Chart, U and V of all people as bytes: I in 0..24, U and V times 255, truncated; every value as a fraction of 255."""

    CATEGORY = CATEGORY
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("iuv", "people")
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return _inputs(order=(list(CHANNEL_ORDERS), {"default": "red I, green U, blue V"}), resolution=_RESOLUTION)

    def execute(
        self, image: torch.Tensor, order: str = "red I, green U, blue V", resolution: int = 0, model: str = "default"
    ) -> tuple[torch.Tensor, torch.Tensor]:
        channels = CHANNEL_ORDERS[order]
        maps = _rendered(image, model, resolution, MapFile("", "{stem}.png", "iuv", channel_order=channels))
        return maps, (maps[..., channels.index("i")] > 0).float()


class VitruvTexture:
    """The texture of one person from all images of the batch: 24 tiles, 4 across and 6 down, and what of it is known."""

    CATEGORY = CATEGORY
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("texture", "known")
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return _inputs(
            texels=("INT", {"default": 200, "min": 2, "max": 1024, "step": 1}), fill=(["none", "mirror", "all"], {"default": "all"})
        )

    def execute(
        self, image: torch.Tensor, texels: int = 200, fill: str = "all", model: str = "default"
    ) -> tuple[torch.Tensor, torch.Tensor]:
        extractor = TextureExtractor(resolution=texels)
        for rgb in _pictures(image):
            people = _predictor(model)(rgb)
            if len(people):
                extractor.add(rgb, people[int(np.argmax(people.scores))])
        if not extractor.seen.any():  # an empty texture, so that a clip without a person does not stop the graph
            height, width = extractor.tiles.size_hw
            return torch.zeros((1, height, width, 3)), torch.zeros((1, height, width))
        texture = extractor.texture(fill=fill)  # type: ignore[arg-type]
        return _batch([texture.rgb]), torch.from_numpy(texture.known.astype(np.float32))[None]


NODE_CLASS_MAPPINGS = {"VitruvDensePose": VitruvDensePose, "VitruvIUV": VitruvIUV, "VitruvTexture": VitruvTexture}
NODE_DISPLAY_NAME_MAPPINGS = {
    "VitruvDensePose": "Vitruv DensePose",
    "VitruvIUV": "Vitruv IUV",
    "VitruvTexture": "Vitruv texture",
}
