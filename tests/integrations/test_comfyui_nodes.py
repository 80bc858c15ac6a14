"""The node pack for ComfyUI, run on batches of tensors without ComfyUI."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import vitruv
from vitruv.media import read_image

torch = pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def nodes() -> ModuleType:
    """Loaded as ComfyUI loads it: from its path."""
    spec = importlib.util.spec_from_file_location("vitruv_comfyui", ROOT / "integrations" / "comfyui" / "__init__.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def batch() -> torch.Tensor:
    """A person, and nobody."""
    rgb = read_image(ROOT / "examples" / "astronaut.jpg")[::2, ::2]
    return torch.from_numpy(np.stack([rgb, np.full_like(rgb, 90)]).astype(np.float32) / 255)


def test_the_interface(nodes: ModuleType) -> None:
    assert (
        set(nodes.NODE_CLASS_MAPPINGS) == set(nodes.NODE_DISPLAY_NAME_MAPPINGS) == {"VitruvDensePose", "VitruvIUV", "VitruvTexture"}
    )
    for node in nodes.NODE_CLASS_MAPPINGS.values():
        required = node.INPUT_TYPES()["required"]
        assert required["image"] == ("IMAGE",)
        assert callable(getattr(node(), node.FUNCTION))
        assert set(node.RETURN_TYPES) <= {"IMAGE", "MASK"} and node.CATEGORY == "Vitruv"
        for kind, *options in (value for key, value in required.items() if key != "image"):
            assert kind == "INT" or options[0]["default"] in kind


def test_dense_pose(nodes: ModuleType, batch: torch.Tensor) -> None:
    (maps,) = nodes.VitruvDensePose().execute(batch, "Viridis (MagicAnimate)", 384, "fast")
    assert maps.shape == (2, 384, 384, 3) and maps.dtype == torch.float32
    assert (maps[1] * 255).round().int().unique(dim=0).reshape(-1, 3).unique(dim=0).tolist() == [[68, 1, 84]]
    people = vitruv.load("fast")((batch[0].numpy() * 255).round().astype(np.uint8))
    preset = vitruv.presets["controlnet-viridis"]
    assert maps[0].shape[0] < preset.render(people).shape[0]
    seen = {tuple(colour) for colour in (maps[0] * 255).round().int().reshape(-1, 3).unique(dim=0).tolist()}
    assert len(seen) > 3 and seen <= set(nodes.VIRIDIS)
    (parula,) = nodes.VitruvDensePose().execute(batch[:1], "Parula (CivitAI)", 0, "fast")
    assert parula.shape == (1, 256, 256, 3) and parula[0, 0, 0].tolist() == [0, 0, 0]


def test_iuv(nodes: ModuleType, batch: torch.Tensor) -> None:
    iuv, mask = nodes.VitruvIUV().execute(batch, "red V, green U, blue I", 0, "fast")
    assert iuv.shape == (2, 256, 256, 3) and mask.shape == (2, 256, 256)
    charts = (iuv[..., 2] * 255).round().int()
    assert charts.max() <= 24 and charts[0].max() > 0 and not charts[1].any()
    assert torch.equal(mask, (charts > 0).float())


def test_texture(nodes: ModuleType, batch: torch.Tensor) -> None:
    texture, known = nodes.VitruvTexture().execute(batch, 30, "none", "fast")
    assert texture.shape == (1, 180, 120, 3) and known.shape == (1, 180, 120)
    assert 0 < known.mean() < 0.5
    empty, nothing = nodes.VitruvTexture().execute(batch[1:], 30, "all", "fast")
    assert not empty.any() and not nothing.any()


def test_an_empty_batch(nodes: ModuleType, batch: torch.Tensor) -> None:
    (maps,) = nodes.VitruvDensePose().execute(batch[:0], "Parula (CivitAI)", 512, "fast")
    assert maps.shape == (0, 512, 512, 3)
