"""The model inside the package, on the photo of the README."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vitruv import DensePoses, load
from vitruv.geometry import iou
from vitruv.media import as_rgb
from vitruv.runtime.loading import EMBEDDED_FOLDER
from vitruv.surface import MIRROR_CHART, Atlas

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "astronaut.jpg"
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


def test_averaged_with_its_mirror_image_a_mirrored_photo_gives_mirrored_people() -> None:
    if not EMBEDDED_FOLDER.is_dir():
        pytest.skip("this checkout has no embedded model yet")
    rgb = as_rgb(EXAMPLE)
    width = rgb.shape[1]
    x1, y1, x2, y2 = ASTRONAUT_XYXY
    both = load()
    found = both(rgb, boxes=[ASTRONAUT_XYXY]).charts[0]
    mirrored = both(rgb[:, ::-1].copy(), boxes=[(width - x2, y1, width - x1, y2)]).charts[0]
    same = found.labels == MIRROR_CHART[mirrored.labels[:, ::-1]]
    assert same.mean() > 0.995, "but for pixels whose cells lie the other way round"
    plain = load("fast")(rgb, boxes=[ASTRONAUT_XYXY]).charts[0]
    assert 0.8 < (plain.labels == found.labels).mean() < 1
    person = same & (found.labels > 0)
    back = Atlas.load().mirror(mirrored.labels[:, ::-1][person], mirrored.uv[:, :, ::-1][:, person].T)[1]
    assert np.median(np.abs(back - found.uv[:, person].T)) < 0.02
