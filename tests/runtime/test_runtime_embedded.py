"""The model inside the package, on the photo of the README."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vitruv import DensePoses, load
from vitruv.geometry import iou
from vitruv.runtime.loading import EMBEDDED_FOLDER

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg"
ASTRONAUT_XYXY = (20, 5, 460, 512)  # read off the photo by eye
MAX_BYTES = 24 * 10**6


@pytest.fixture(scope="module")
def people() -> DensePoses:
    if not EMBEDDED_FOLDER.is_dir():
        pytest.skip("this checkout has no embedded model yet")
    return load()(EXAMPLE)


def test_finds_the_astronaut(people: DensePoses) -> None:
    overlap = iou(people.boxes_xyxy, np.array([ASTRONAUT_XYXY]))
    assert overlap.max(initial=0) > 0.5


def test_sees_her_head_and_the_front_of_her_torso(people: DensePoses) -> None:
    labels = people.canvas()[0].labels
    head, chest = labels[30:150, 180:270], labels[250:500, 150:300]
    assert np.isin(head, (23, 24)).mean() > 0.5
    assert (chest == 2).mean() > 0.5


def test_fits_the_wheel(people: DensePoses) -> None:
    manifest = json.loads((EMBEDDED_FOLDER / "model.json").read_text())
    graphs = [EMBEDDED_FOLDER / manifest[part]["file"] for part in ("detector", "regressor")]
    assert sum(graph.stat().st_size for graph in graphs) < MAX_BYTES
