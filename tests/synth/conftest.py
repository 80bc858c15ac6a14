"""A pack with the package's body and atlas, and a few made-up pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.synth import SynthPack
from vitruv.synth.gather import Assets, write_pack


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assets")
    rng = np.random.default_rng(0)
    for name, count, size in (("backgrounds", 3, (90, 120)), ("textures", 2, (70, 80)), ("skins", 1, (64, 64))):
        (folder / name).mkdir()
        for i in range(count):
            pixels = np.kron(rng.integers(0, 256, (size[0] // 10, size[1] // 10, 3), np.uint8), np.ones((10, 10, 1), np.uint8))
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="session")
def pack_path(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "pack.npz"
    counts = write_pack(path, Assets.of_folder(assets))
    assert counts == {"backgrounds": 3, "textures": 2, "skins": 1, "poses": 0, "garments": 0}
    return path


@pytest.fixture(scope="session")
def pack(pack_path: Path) -> SynthPack:
    return SynthPack.load(pack_path)
