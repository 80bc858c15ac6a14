"""Figures for clips: tracking and steadiness on synthetic clips with truth, speed of `vitruv video` against a plain loop.

    python benchmarks/video.py --pack pack.npz --motion mocap_poses.npz --cache /tmp/clips

Label flips: of surface points seen in two frames one after the other, and called part of a body in both, the share whose chart
changes although the truth's does not, and is not found a pixel away either (places are known to whole pixels only). Right charts:
share of the bodies' pixels with the right chart. IDF1, switches: as in the literature on tracking, a person found being one whose
box has an IoU of at least .5 with the true one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

import vitruv
from vitruv.body.motion import MotionLibrary
from vitruv.clips import ClipSettings, Workplace, convert_clip
from vitruv.formats import encode_iuv
from vitruv.geometry import iou
from vitruv.media.video import VideoReader, VideoWriter
from vitruv.results import DensePoses
from vitruv.runtime import Predictor
from vitruv.synth import SynthPack
from vitruv.synth.motion_clip import ClipConfig, ClipSampler
from vitruv.synth.samples import ClipFrame
from vitruv.tracking import Tracker

SIZE_HW = (240, 320)
CLIPS: dict[str, list[ClipConfig]] = {
    "one": [ClipConfig(size_hw=SIZE_HW, people=1)] * 5,
    "two": [ClipConfig(size_hw=SIZE_HW, people=2)] * 2,
    "crossing": [ClipConfig(size_hw=SIZE_HW, people=2, crossing=True)] * 4 + [ClipConfig(size_hw=SIZE_HW, people=3, crossing=True)],
}
SAME_POINT_UV = 0.04  # points nearer than this in U and V are the same


def clips(pack: SynthPack, motion: MotionLibrary, cache: Path, frames: int) -> Iterator[tuple[str, list[ClipFrame]]]:
    """Name of the set, and the frames of a clip; rendered once, kept in `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    for name, configs in CLIPS.items():
        for number, config in enumerate(configs):
            path = cache / f"{name}_{number}_{frames}.npz"
            if not path.exists():
                sampler = ClipSampler(pack, motion, config=config, seed=100)
                made = [sampler.frame(number, i) for i in range(frames)]
                fields = ("image", "labels", "uv", "person", "boxes_xyxy")
                np.savez_compressed(path, **{f: np.stack([getattr(m, f) for m in made]) for f in fields})
            with np.load(path) as kept:
                yield name, _frames(dict(kept), config.rate)


def _frames(kept: dict[str, np.ndarray], rate: int) -> list[ClipFrame]:  # type: ignore[type-arg]
    return [
        ClipFrame(
            image=kept["image"][i],
            labels=kept["labels"][i],
            uv=kept["uv"][i],
            person=kept["person"][i],
            boxes_xyxy=kept["boxes_xyxy"][i],
            index=i,
            time_s=i / rate,
        )
        for i in range(len(kept["image"]))
    ]


@dataclass
class Score:
    """Sums over clips."""

    flips: int = 0
    points: int = 0
    right: int = 0
    body: int = 0
    uv_error: float = 0.0
    uv_points: int = 0
    id_true: int = 0
    id_found: int = 0
    id_truth: int = 0
    switches: int = 0
    seconds: float = 0.0
    frames: int = 0

    def add(self, truth: list[ClipFrame], found: list[DensePoses], seconds: float) -> None:
        canvases = [people.canvas().chart for people in found]
        for now, canvas in zip(truth, canvases, strict=True):
            seen = now.labels > 0
            right = seen & (canvas.labels == now.labels)
            self.right += int(right.sum())
            self.body += int(seen.sum())
            self.uv_error += float(np.abs(canvas.uv[:, right] - now.uv[:, right] / 255).sum()) / 2
            self.uv_points += int(right.sum())
        for i in range(1, len(truth)):
            here, there = same_points(truth[i], truth[i - 1])
            a, b = canvases[i].labels[here], canvases[i - 1].labels[there]
            both = (a > 0) & (b > 0)
            self.flips += int((both & (a != b) & ~_a_pixel_away(canvases[i - 1].labels, there, a)).sum())
            self.points += int(both.sum())
        self._add_ids(truth, found)
        self.seconds += seconds
        self.frames += len(truth)

    def _add_ids(self, truth: list[ClipFrame], found: list[DensePoses]) -> None:
        together: dict[tuple[int, int], int] = {}
        last: dict[int, int] = {}
        for frame, people in zip(truth, found, strict=True):
            there = np.flatnonzero(frame.boxes_xyxy.any(axis=1))
            self.id_truth += len(there)
            self.id_found += len(people)
            if not len(there) or not len(people):
                continue
            shared = iou(frame.boxes_xyxy[there], people.boxes_xyxy)
            for row, column in zip(*linear_sum_assignment(-shared), strict=True):
                if shared[row, column] >= 0.5 and people.track_ids is not None:
                    person, number = int(there[row]), int(people.track_ids[column])
                    together[person, number] = together.get((person, number), 0) + 1
                    self.switches += int(last.get(person, number) != number)
                    last[person] = number
        if together:
            people_ids, numbers = sorted({p for p, _ in together}), sorted({n for _, n in together})
            table = np.array([[together.get((p, n), 0) for n in numbers] for p in people_ids])
            self.id_true += int(table[linear_sum_assignment(-table)].sum())

    def line(self) -> str:
        idf1 = 2 * self.id_true / max(self.id_found + self.id_truth, 1)
        return (
            f"flips {100 * self.flips / max(self.points, 1):.2f}%  right charts {100 * self.right / max(self.body, 1):.1f}%  "
            f"UV off by {self.uv_error / max(self.uv_points, 1):.4f}  IDF1 {idf1:.3f}  switches {self.switches}  "
            f"{self.frames / max(self.seconds, 1e-9):.1f} frames/s"
        )


def _a_pixel_away(labels: np.ndarray, at: tuple[np.ndarray, ...], wanted: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """(n,) whether the wanted label stands at one of the nine pixels around."""
    padded = np.pad(labels, 1, mode="edge")
    found = np.zeros(len(wanted), bool)
    for row in (0, 1, 2):
        for column in (0, 1, 2):
            found |= padded[at[0] + row, at[1] + column] == wanted
    return found


def same_points(now: ClipFrame, before: ClipFrame) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:  # type: ignore[type-arg]
    """Pixels (rows, columns) of `now`, and of `before`, that show the same point of the same person's surface."""
    mine, theirs = _surface(now), _surface(before)
    if not len(mine[0]) or not len(theirs[0]):
        return tuple(mine[1]), tuple(mine[1][:, :0])
    distance, which = cKDTree(theirs[0]).query(mine[0], distance_upper_bound=SAME_POINT_UV)
    near = np.isfinite(distance)
    return tuple(mine[1][:, near]), tuple(theirs[1][:, which[near]])


def _surface(frame: ClipFrame) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """(n, 3): U, V and a number that is far apart for other charts and people; (2, n): rows and columns."""
    rows, columns = np.nonzero(frame.labels)
    uv = frame.uv[:, rows, columns].astype(np.float64) / 255
    which = 10.0 * frame.labels[rows, columns] + 1000.0 * frame.person[rows, columns]
    return np.stack([uv[0], uv[1], which], axis=1), np.stack([rows, columns])


def accuracy(predictor: Predictor, sets: list[tuple[str, list[ClipFrame]]], makers: dict[str, Callable[[], Tracker]]) -> None:
    for name in dict.fromkeys(name for name, _ in sets):
        for label, make in makers.items():
            score = Score()
            for frames in (f for n, f in sets if n == name):
                tracker = make()
                started = time.perf_counter()
                found = [tracker(frame.image, frame.time_s) for frame in frames]
                score.add(frames, found, time.perf_counter() - started)
            print(f"{name:9} {label:22} {score.line()}", flush=True)


def speed(predictor: Predictor, frames: list[ClipFrame], rounds: int) -> None:
    """`vitruv video` against the predictor and the same writers in a loop, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        with VideoWriter(clip, size_hw=(480, 640), rate=Fraction(25), quality=12) as out:
            for frame in frames:
                out.write(frame.image)
        ratios = []
        for i in range(rounds):
            started = time.perf_counter()
            plain_loop(predictor, clip, Path(folder) / f"loop_{i}")
            middle = time.perf_counter()
            settings = ClipSettings(save=("overlay", "iuv", "labels"))
            with VideoReader(clip) as reader:
                workplace = Workplace.of(Path(folder) / f"video_{i}", "clip", reader.info, settings, source=clip, model="")
                for _ in convert_clip(reader, predictor, workplace, settings, source=clip):
                    pass
            done = time.perf_counter()
            ratios.append((middle - started) / (done - middle))
            print(
                f"loop {len(frames) / (middle - started):.1f} frames/s, vitruv video {len(frames) / (done - middle):.1f}",
                flush=True,
            )
        print(f"vitruv video is {np.median(ratios):.2f} times as fast as the loop (median of {rounds} pairs)")


def plain_loop(predictor: Predictor, clip: Path, folder: Path) -> None:
    folder.mkdir()
    with VideoReader(clip) as reader:
        size = {"size_hw": reader.info.size_hw, "rate": reader.info.rate}
        with (
            VideoWriter(folder / "overlay.mp4", **size) as overlay,
            VideoWriter(folder / "iuv.mkv", codec="ffv1", **size) as iuv,
            VideoWriter(folder / "labels.mkv", codec="ffv1-grey", **size) as labels,
        ):
            for frame in reader.frames():
                people = predictor(frame.rgb)
                overlay.write(people.overlay(frame.rgb))
                canvas = people.canvas().chart
                iuv.write(encode_iuv(canvas, channel_order="iuv"))
                labels.write(canvas.labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--motion", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3, help="pairs of the speed measurement; 0 leaves it out")
    parser.add_argument("--only", help="one set of clips")
    options = parser.parse_args()
    pack, motion = SynthPack.load(options.pack), MotionLibrary.load(options.motion)
    predictor = vitruv.load()
    sets = [(n, f) for n, f in clips(pack, motion, options.cache, options.frames) if options.only in (None, n)]
    accuracy(
        predictor,
        sets,
        {
            "every frame by itself": lambda: Tracker(predictor, detect_every=1),
            "followed": lambda: Tracker(predictor),
            "light": lambda: Tracker(predictor, smooth="light"),
            "strong": lambda: Tracker(predictor, smooth="strong"),
        },
    )
    if options.rounds:
        sampler = ClipSampler(pack, motion, config=ClipConfig(size_hw=(480, 640)), seed=100)
        speed(predictor, [sampler.frame(0, i) for i in range(40)], options.rounds)


if __name__ == "__main__":
    main()
