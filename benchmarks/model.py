"""How good the model in the package is on synthetic scenes that nobody trained on.

    python benchmarks/model.py pack.npz [--model MODEL] [--scenes 200] [--sheet FILE]

Scenes of 640x480 with any number of people. With their true boxes given: share of the people's pixels with the right chart, with
that of the other side, and taken for background; overlap of person and background; and the geodesic error where the chart is right,
all in all and by part. The model's own boxes: average precision at IoU 0.5 and 0.75, people found at the default threshold, and the
shares of all people's pixels again, those of people who were not found being wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image, ImageOps

import vitruv
from box_score import average_precision
from vitruv import ChartMap, DensePoses
from vitruv.draw import overlay
from vitruv.geometry import iou, placement_xywh
from vitruv.metrics import GeodesicSurface, open_atlas
from vitruv.surface.charts import MIRROR_CHART, PART_NAMES, PART_OF_CHART
from vitruv.synth import SceneSample, SceneSampler, SynthPack
from vitruv.synth.scene import SceneConfig

SEED = 90_210_412  # of no training run and not that of held-out samples
SURE = 0.5  # the default threshold
LEAST_SIDE_PX = 24  # smaller people are left out
DISTANCES = 1500  # pixels whose error is measured; a geodesic distance takes milliseconds
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SHOWN, TILE_HW = 12, (240, 320)  # of the sheet


@dataclass(frozen=True)
class Options:
    pack: tyro.conf.Positional[Path]
    """File from `vitruv synth pack`."""
    model: str | None = None
    """Another model than the one in the package."""
    scenes: int = 200
    sheet: Path | None = None
    """Also draw the photos of examples/ and the first scenes, each beside what the model found by itself, to this file."""


@dataclass(frozen=True)
class Pixels:
    """n pixels of people: chart, U, V as they are and as they were found. true, found: (n,) uint8; true_uv, found_uv: (2, n)."""

    true: np.ndarray
    true_uv: np.ndarray
    found: np.ndarray
    found_uv: np.ndarray


def person_pixels(sample: SceneSample, who: int, found: ChartMap, place: np.ndarray) -> tuple[Pixels, int]:
    """The pixels of a person's skin inside their box; and how many pixels of others or nobody were taken for theirs."""
    x, y, w, h = (int(v) for v in place)
    x2, y2 = min(x + w, sample.labels.shape[1]), min(y + h, sample.labels.shape[0])
    truth, uv = sample.labels[y:y2, x:x2], sample.uv[:, y:y2, x:x2] / 255
    labels, places = found.labels[: y2 - y, : x2 - x], found.uv[:, : y2 - y, : x2 - x]
    mine = (sample.person[y:y2, x:x2] == who + 1) & (truth > 0)
    return Pixels(truth[mine], uv[:, mine], labels[mine], places[:, mine]), int(((labels > 0) & ~mine).sum())


def found_people(sample: SceneSample, large: np.ndarray, own: DensePoses) -> list[Pixels]:
    """Pixels of those people whom a sure box tells (IoU 0.5), each box telling one."""
    overlaps = np.asarray(iou(sample.boxes_xyxy[large], own.boxes_xyxy))
    overlaps[:, own.scores < SURE] = 0
    places = placement_xywh(own.boxes_xyxy)
    found = []
    for row, who in enumerate(large):
        if not overlaps.shape[1] or overlaps[row].max() < 0.5:
            continue
        best = int(overlaps[row].argmax())
        overlaps[:, best] = 0
        found.append(person_pixels(sample, int(who), own.charts[best], places[best])[0])
    return found


def join(parts: list[Pixels]) -> Pixels:
    return Pixels(
        np.concatenate([np.zeros(0, np.uint8), *(p.true for p in parts)]),
        np.concatenate([np.zeros((2, 0)), *(p.true_uv for p in parts)], axis=1),
        np.concatenate([np.zeros(0, np.uint8), *(p.found for p in parts)]),
        np.concatenate([np.zeros((2, 0)), *(p.found_uv for p in parts)], axis=1),
    )


def geodesic_table(pixels: Pixels, surface: GeodesicSurface) -> None:
    right = np.flatnonzero(pixels.true == pixels.found)
    chosen = np.random.default_rng(0).permutation(right)[:DISTANCES]
    charts = pixels.true[chosen]
    a = surface.vertices(charts, *pixels.true_uv[:, chosen].astype(np.float64))
    b = surface.vertices(charts, *pixels.found_uv[:, chosen].astype(np.float64))
    error_cm = 100 * surface.distances_m(a, b)
    print(f"geodesic error where the chart is right: median {np.median(error_cm):.2f} cm ({len(chosen)} pixels)")
    print(f"{'part':18s} right chart  median cm")
    for part in range(1, len(PART_NAMES)):
        of_part = PART_OF_CHART[pixels.true] == part
        errors = error_cm[PART_OF_CHART[charts] == part]
        share = float((pixels.true == pixels.found)[of_part].mean()) if of_part.any() else float("nan")
        print(f"{PART_NAMES[part]:18s} {share:11.3f}  {np.median(errors) if len(errors) else float('nan'):9.2f}")


def draw_sheet(path: Path, model: vitruv.Predictor, scenes: SceneSampler) -> None:
    """Photos and scenes, each with the overlay of the people found in it, two pairs a row."""
    pictures = [np.asarray(Image.open(photo).convert("RGB")) for photo in sorted(EXAMPLES.glob("*.jpg"))]
    pictures += [scenes(i).image for i in range(SHOWN - len(pictures))]
    height, width = TILE_HW
    sheet = Image.new("RGB", (4 * width, -(-len(pictures) // 2) * height), "white")
    for i, rgb in enumerate(pictures):
        for side, shown in enumerate((rgb, overlay(rgb, model(rgb)))):
            tile = ImageOps.contain(Image.fromarray(shown), (width - 4, height - 4))
            sheet.paste(tile, ((2 * (i % 2) + side) * width, i // 2 * height))
    sheet.save(path, quality=85)


def main() -> None:
    options = tyro.cli(Options)
    pack = SynthPack.load(options.pack)
    scenes = SceneSampler(pack, seed=SEED, config=SceneConfig(size_hw=(480, 640), letterbox=False))
    model = vitruv.load(options.model)
    if options.sheet is not None:
        draw_sheet(options.sheet, model, scenes)
    parts: list[Pixels] = []
    strayed = 0
    boxes, scores, people = [], [], []
    by_itself: list[Pixels] = []
    total = 0
    for i in range(options.scenes):
        sample = scenes(i)
        sides = sample.boxes_xyxy[:, 2:] - sample.boxes_xyxy[:, :2]
        large = np.flatnonzero((sides >= LEAST_SIDE_PX).all(axis=1))
        given = model(sample.image, boxes=sample.boxes_xyxy[large])
        places = placement_xywh(given.boxes_xyxy)
        for who, chart, place in zip(large, given.charts, places, strict=True):
            pixels, wrong = person_pixels(sample, int(who), chart, place)
            parts.append(pixels)
            strayed += wrong
        own = model(sample.image, threshold=0.02)
        boxes.append(own.boxes_xyxy)
        scores.append(own.scores)
        people.append(sample.boxes_xyxy[large])
        total += sum(int(((sample.person == who + 1) & (sample.labels > 0)).sum()) for who in large)
        by_itself += found_people(sample, large, own)
    if not parts:
        raise SystemExit("these scenes show nobody; take more of them")
    joined = join(parts)
    right, missed = joined.true == joined.found, joined.found == 0
    mirrored = ~right & (MIRROR_CHART[joined.true] == joined.found)
    print(f"{options.scenes} scenes, {len(parts)} people, true boxes given")
    print(f"part accuracy inside people {right.mean():.3f}, mirrored {mirrored.mean():.3f}, background {missed.mean():.3f}")
    print(f"person against background: IoU {(~missed).sum() / (len(missed) + strayed):.3f}")
    geodesic_table(joined, open_atlas())
    found = average_precision(scores, boxes, people)
    tight = average_precision(scores, boxes, people, threshold=0.75)
    sure = sum(int((s >= SURE).sum()) for s in scores)
    print(f"own boxes: AP50 {found.precision:.3f}, AP75 {tight.precision:.3f}, balance at score {found.balance:.2f}")
    print(f"{sure} boxes above {SURE} for {len(parts)} people, {len(by_itself)} of them found; of the pixels of all", end=" ")
    pixels = join(by_itself)
    right, mirrored = pixels.true == pixels.found, MIRROR_CHART[pixels.true] == pixels.found
    print(f"{right.sum() / total:.3f} right, {(mirrored & ~right).sum() / total:.3f} mirrored")


if __name__ == "__main__":
    main()
