"""`vitruv predict` stopped at random moments, in every way: nothing done is lost, and the next run ends as if never stopped."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from toy_model import painted_picture, write_toy_model
from vitruv.cli.predict_files import ENDINGS

PHOTOS, KILLS = 30, 50
WAYS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL]


def predict(model: Path, photos: Path, output: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "vitruv", "predict", str(photos), "--output", str(output), "--model", str(model), *more]


def killed(command: list[str], output: Path, number: signal.Signals, photos: int, wait_s: float) -> int:
    """Stop a run some time after it has done so many photos; its exit status."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while len(list(output.glob("*.npz"))) < photos and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(wait_s)
        process.send_signal(number)
        return process.wait(timeout=120)


def listed(output: Path) -> set[str]:
    images = output / "images.json"
    return {image["file_name"] for image in json.loads(images.read_text())["images"]} if images.exists() else set()


@pytest.mark.slow
def test_kills_at_random_moments(tmp_path: Path) -> None:
    model, photos, once = write_toy_model(tmp_path / "toy"), tmp_path / "photos", tmp_path / "once"
    photos.mkdir()
    for i in range(PHOTOS):
        people = [(20 + 3 * i, 30, 60, 150), (200, 50, 70, 100)][: i % 3]
        Image.fromarray(painted_picture((240, 320), people)[0]).save(photos / f"{i:02}.png")
    subprocess.run(predict(model, photos, once), check=True, capture_output=True)
    expected = {name: (once / name).read_bytes() for name in ("results.json", "images.json")}
    names = {path.name for path in once.iterdir()}

    rng = random.Random(1)
    stopped = 0
    for kill in range(KILLS):
        output, number = tmp_path / f"out{kill}", WAYS[kill % len(WAYS)]
        # Before the first photo the moment is anywhere in starting and opening the model, later between two photos.
        before = rng.randrange(-3, PHOTOS - 2)
        wait_s = rng.uniform(0, 0.01) if before > 0 else rng.uniform(0, 1.5)
        status = killed(predict(model, photos, output), output, number, before, wait_s)
        stopped += status != 0
        # A photo whose last file is there was done, and is in the JSON unless the process could do nothing any more.
        ready = [{path.name.removesuffix(ending) for path in output.glob(f"*{ending}")} for ending in ENDINGS.values()]
        done = {f"{stem}.png" for stem in set.intersection(*ready)}
        if number != signal.SIGKILL and status in (0, 128 + number):
            assert done == listed(output), f"kill {kill} by {number.name}"
            assert not list(output.glob(".*")), f"kill {kill} by {number.name}"
        subprocess.run(predict(model, photos, output, "--skip-existing"), check=True, capture_output=True)
        assert {path.name for path in output.iterdir()} == names, f"kill {kill} by {number.name}"
        for name, content in expected.items():
            assert (output / name).read_bytes() == content, f"kill {kill} by {number.name}: {name}"
        for path in output.iterdir():
            path.unlink()
    assert stopped > KILLS // 3  # the others were done before the signal came
