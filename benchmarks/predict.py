"""What prediction costs, against its budgets.

    python benchmarks/predict.py [--model MODEL] [--repeat N]

Pictures are made from examples/astronaut.jpg: 640x480 with one person (frames) and with the same person twice (photo). How many
people the model found in them is printed too, because a model that finds nobody is fast. Times are the best and the median of
several runs; the processors should have nothing else to do.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import vitruv
from vitruv.draw import overlay
from vitruv.runtime.devices import usable_threads

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "astronaut.jpg"


def picture(people: int) -> np.ndarray:
    """640x480 RGB with the astronaut once or twice."""
    with Image.open(EXAMPLE) as image:
        canvas = Image.new("RGB", (640, 480), (90, 100, 110))
        side = 480 if people == 1 else 320
        small = image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    for i in range(people):
        canvas.paste(small, ((640 - people * side) // 2 + i * side, 480 - side))
    return np.asarray(canvas)


def seconds(work: Callable[[], object], repeat: int) -> list[float]:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def row(name: str, times: list[float], budget: str, *, per_second: bool = False) -> None:
    best, median = min(times), statistics.median(times)
    if per_second:
        print(f"{name:52s} best {1 / best:7.1f}/s  median {1 / median:7.1f}/s   {budget}")
    else:
        print(f"{name:52s} best {best * 1e3:7.1f} ms  median {median * 1e3:7.1f} ms   {budget}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=None, help="as in vitruv predict")
    parser.add_argument("--repeat", type=int, default=9)
    arguments = parser.parse_args()
    model = [] if arguments.model is None else ["--model", arguments.model]
    print(f"vitruv {vitruv.__version__}, python {sys.version.split()[0]}, {usable_threads()} threads")

    bare = [sys.executable, "-c", "pass"]
    imported = [sys.executable, "-c", "import vitruv"]
    row("python itself", seconds(lambda: subprocess.run(bare, check=True), arguments.repeat), "")
    row("import vitruv (whole process)", seconds(lambda: subprocess.run(imported, check=True), arguments.repeat), "budget 300 ms")
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, vitruv; print('torch' in sys.modules)"], check=True, capture_output=True, text=True
    )
    print(f"import vitruv imports torch: {loaded.stdout.strip()}")

    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "photo.jpg")
        Image.fromarray(picture(2)).save(photo, quality=92)
        command = [sys.executable, "-m", "vitruv", "predict", str(photo), "--output", str(Path(folder, "out")), *model]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        times = seconds(lambda: subprocess.run(command, check=True, capture_output=True), arguments.repeat)
        row("vitruv predict, 640x480, two people, all files", times, "budget 1500 ms")
        print(f"  it said: {result.stdout.strip().split(' -> ')[0]}")

    predictor = vitruv.load(arguments.model)
    frame = picture(1)
    people = predictor(frame)
    row("Predictor, 640x480, one person", seconds(lambda: predictor(frame), 5 * arguments.repeat), "budget 25/s", per_second=True)
    print(f"  it found: {len(people)}")
    box = [[140, 20, 500, 480]]
    row("Predictor, the same, box given", seconds(lambda: predictor(frame, boxes=box), 5 * arguments.repeat), "", per_second=True)
    given = predictor(frame, boxes=box)
    row("draw.overlay", seconds(lambda: overlay(frame, given), arguments.repeat), "")


if __name__ == "__main__":
    main()
