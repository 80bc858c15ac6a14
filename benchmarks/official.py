"""Time per stage of the official checkpoints' architectures, torch against ONNX Runtime, on random weights.

    python benchmarks/official.py                       both models, both sizes, 1, 5 and 20 people
    python benchmarks/official.py --models R50_s1x --people 5 --rounds 3
    python benchmarks/official.py --memory R50_s1x --folder DIR    twice: converts, then predicts; peak memory of each

Both take turns picture by picture, so that what else the machine does hits both alike. `wall` is seconds; `cpu` is processor
seconds of all threads: on a busy machine it is the number to compare. The torch modules do what Detectron2 does, in its order: the
decoder on the whole picture, people as one batch, 77 channels of each person resampled to the box before the best is taken.
Detectron2's own figures were measured on two free cores of another machine and are printed beside ours for reference.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))  # the maker of random checkpoints lives there

from rcnn_checkpoints import random_tensors, write_checkpoint
from vitruv.convert import convert_checkpoint
from vitruv.geometry import placement_xywh
from vitruv.geometry.proposals import select_detections
from vitruv.rcnn_config import RCNNArchitecture
from vitruv.runtime.rcnn.input import network_input, rescale_boxes, resize, resized_size
from vitruv.runtime.rcnn.model import RCNNModel
from vitruv.runtime.rcnn.open import open_rcnn
from vitruv.surface import NUM_LABELS

EMBEDDINGS: dict[str, Any] = {"embed_channels": 16, "meshes": (("smpl_27554", 27554, 256),)}
MODELS = {
    "R50_s1x": RCNNArchitecture(),
    "R50_DL": RCNNArchitecture(head="deeplab"),
    "R101_DL_WC1M": RCNNArchitecture(blocks=(3, 4, 23, 3), head="deeplab", uv_confidence="iid_iso", segm_confidence=True),
    "R50_legacy": RCNNArchitecture(decoder_channels=None, coarse_channels=15),
    "R50_CSE": RCNNArchitecture(**EMBEDDINGS),
}
MAPS = ("coarse_segm", "fine_segm", "u", "v")
SIZES = {"800x1067": (800, 1067), "240x320": (240, 320)}
DETECTRON2_S = {
    ("R50_s1x", "800x1067"): {1: 2.64, 5: 2.97, 20: 4.01},
    ("R50_DL", "800x1067"): {1: 2.61, 5: 2.94, 20: 4.31},
    ("R50_s1x", "240x320"): {1: 0.51, 5: 0.85, 20: 2.14},
}
PICTURE = Path(__file__).resolve().parents[1] / "tests" / "data" / "tiny_v1convx" / "image.png"


class Clock:
    """Wall and processor seconds of named stages, over rounds."""

    def __init__(self) -> None:
        self.stages: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def start(self) -> None:
        self._mark = time.perf_counter(), time.process_time()
        self._first = self._mark

    def lap(self, stage: str, since: tuple[float, float] | None = None) -> None:
        now = time.perf_counter(), time.process_time()
        before = since or self._mark
        self.stages[stage].append((now[0] - before[0], now[1] - before[1]))
        self._mark = now

    def stop(self) -> None:
        self.lap("total", self._first)

    def median(self, stage: str) -> tuple[float, float]:
        laps = self.stages[stage]
        return statistics.median(lap[0] for lap in laps), statistics.median(lap[1] for lap in laps)


def run_onnx(model: RCNNModel, rgb: np.ndarray, clock: Clock) -> None:
    """One picture through ONNX Runtime, as `RCNNModel.predict` does it."""
    clock.start()
    size_hw = rgb.shape[:2]
    input_hw = resized_size(size_hw, min_size=model.min_size, max_size=model.max_size)
    image = network_input(resize(rgb, input_hw))
    pyramid = model.trunk({"image": image})
    clock.lap("trunk")
    proposals, _ = model.proposals(pyramid, input_hw)
    clock.lap("proposals")
    boxes, _, _ = select_detections(
        proposals, *model.classify(pyramid, proposals), input_hw, score_threshold=0.0, limit=model.rules.people
    )
    clock.lap("boxes")
    people = list(model.raw_maps(pyramid, boxes))
    clock.lap("dense")
    model.results(rescale_boxes(boxes, input_hw, size_hw), np.ones(len(boxes), np.float32), people, size_hw)
    clock.lap("resampling")
    clock.stop()


def run_torch(network: Any, model: RCNNModel, rgb: np.ndarray, clock: Clock) -> None:
    """The same picture through the torch modules."""
    import torch

    clock.start()
    size_hw = rgb.shape[:2]
    input_hw = resized_size(size_hw, min_size=model.min_size, max_size=model.max_size)
    with torch.inference_mode():
        levels = network.features(torch.from_numpy(network_input(resize(rgb, input_hw))))
        clock.lap("trunk")
        proposals, _ = network.proposals(levels, input_hw, model.rules)
        clock.lap("proposals")
        logits, deltas = network.classify(network.pool_boxes(levels, torch.from_numpy(proposals)))
        boxes, _, _ = select_detections(
            proposals, logits.numpy(), deltas.numpy(), input_hw, score_threshold=0.0, limit=model.rules.people
        )
        clock.lap("boxes")
        maps = network.regress(levels, boxes)
        clock.lap("dense")
        for i, place in enumerate(placement_xywh(rescale_boxes(boxes, input_hw, size_hw))):
            resample_all({name: value[i : i + 1] for name, value in maps.items()}, (int(place[3]), int(place[2])))
        clock.lap("resampling")
    clock.stop()


def resample_all(maps: dict[str, Any], box_hw: tuple[int, int]) -> None:
    """Labels, U and V of one person as Detectron2 makes them: every channel at every pixel, then the best chart's."""
    import torch

    large = {name: torch.nn.functional.interpolate(maps[name], box_hw, mode="bilinear")[0] for name in MAPS}
    labels = large["fine_segm"].argmax(dim=0) * (large["coarse_segm"].argmax(dim=0) > 0)
    uv = torch.zeros(2, *box_hw)
    for chart in range(1, NUM_LABELS):
        here = labels == chart
        for channel, name in enumerate(("u", "v")):
            uv[channel][here] = large[name][chart][here]


def open_random(name: str, folder: Path) -> tuple[RCNNModel, dict[str, np.ndarray]]:
    """A converted model of this architecture with random weights, and the weights."""
    tensors = random_tensors(MODELS[name], seed=1)
    checkpoint = write_checkpoint(folder / f"{name}.pkl", tensors)
    converted = convert_checkpoint(checkpoint, folder / name, licence="random weights")
    checkpoint.unlink()
    return open_rcnn(converted, json.loads((converted / "model.json").read_text()), device="cpu"), tensors


def compare(name: str, people: list[int], sizes: list[str], rounds: int, folder: Path) -> None:
    import torch

    from vitruv.networks.rcnn import DensePoseRCNN
    from vitruv.runtime.devices import usable_threads

    torch.set_num_threads(usable_threads())
    opened, tensors = open_random(name, folder)
    network = DensePoseRCNN(MODELS[name]).eval()
    network.load_state_dict({key: torch.from_numpy(value) for key, value in tensors.items()})
    picture = Image.open(PICTURE).convert("RGB")
    for size in sizes:
        height, width = SIZES[size]
        rgb = np.asarray(picture.resize((width, height)))
        for count in people:
            rules = replace(opened.rules, people=count, threshold=0.0)
            model = replace(opened, rules=rules, min_size=height, max_size=max(1333, width))
            clocks = {"onnx": Clock(), "torch": Clock()}
            run_onnx(model, rgb, Clock())
            for _ in range(rounds):
                run_onnx(model, rgb, clocks["onnx"])
                run_torch(network, model, rgb, clocks["torch"])
            report(name, size, count, clocks)


def report(name: str, size: str, count: int, clocks: dict[str, Clock]) -> None:
    given = DETECTRON2_S.get((name, size), {}).get(count)
    print(f"\n{name} {size}, {count} people; Detectron2 on two free cores: {f'{given:.2f} s' if given else 'not measured'}")
    for runner, clock in clocks.items():
        cells = [f"{stage} {clock.median(stage)[0]:.2f}/{clock.median(stage)[1]:.2f}" for stage in clock.stages]
        print(f"  {runner:<5} wall/cpu s: " + ", ".join(cells))
    pairs = list(zip(clocks["torch"].stages["total"], clocks["onnx"].stages["total"], strict=True))
    wall, cpu = (sorted(slow[i] / fast[i] for slow, fast in pairs) for i in range(2))
    spread = f"{wall[0]:.2f} to {wall[-1]:.2f} in {len(wall)} pairs"
    print(f"  torch takes {statistics.median(wall):.2f} times as long ({spread}; cpu {statistics.median(cpu):.2f})", flush=True)


def memory(name: str, folder: Path) -> None:
    """Peak memory of conversion apart from prediction: this is to be called in a fresh process for each."""
    model_folder = folder / name
    if not model_folder.exists():
        open_random(name, folder)
        print(f"{name}: peak while converting {peak_mb():.0f} MB; {size_mb(model_folder):.0f} MB on disk at {model_folder}")
        return
    started = time.perf_counter()
    model = open_rcnn(model_folder, json.loads((model_folder / "model.json").read_text()), device="cpu")
    loaded = time.perf_counter() - started
    model = replace(model, rules=replace(model.rules, people=2, threshold=0.0))
    rgb = np.asarray(Image.open(PICTURE).convert("RGB").resize((640, 480)))
    people = model.predict(rgb, boxes_xyxy=None, threshold=0.0)
    print(f"{name}: loaded in {loaded:.1f} s; 640x480, {len(people)} people: peak {peak_mb():.0f} MB")
    model = replace(model, rules=replace(model.rules, people=20))
    model.predict(rgb, boxes_xyxy=None, threshold=0.0)
    print(f"{name}: 20 people: peak {peak_mb():.0f} MB")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def size_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=["R50_s1x", "R50_DL"])
    parser.add_argument("--people", nargs="+", type=int, default=[1, 5, 20])
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", choices=list(MODELS), help="twice: the first call converts, the second predicts")
    parser.add_argument("--folder", type=Path, help="keep the models here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if options.memory:
            memory(options.memory, folder)
            return
        for name in options.models:
            compare(name, options.people, options.sizes, options.rounds, folder)


if __name__ == "__main__":
    main()
