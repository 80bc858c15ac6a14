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

PHOTOS, KILLS = 30, 50
WAYS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL]


def predict(model: Path, photos: Path, output: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "vitruv", "predict", str(photos), "--output", str(output), "--model", str(model), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


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
    started = time.monotonic()
    assert predict(model, photos, once).wait() == 0
    whole_s = time.monotonic() - started
    expected = {name: (once / name).read_bytes() for name in ("results.json", "images.json")}
    names = {path.name for path in once.iterdir()}

    rng = random.Random(1)
    stopped = 0
    for kill in range(KILLS):
        output, number = tmp_path / f"out{kill}", WAYS[kill % len(WAYS)]
        process = predict(model, photos, output)
        time.sleep(rng.uniform(0, whole_s))
        process.send_signal(number)
        process.communicate(timeout=120)
        stopped += process.returncode != 0
        # A photo whose last file is there was done, and is in the JSON unless the process could do nothing any more.
        done = {f"{path.stem}.png" for path in output.glob("*.npz")} & {f"{p.name[:-11]}.png" for p in output.glob("*_labels.png")}
        if number != signal.SIGKILL and process.returncode in (0, 128 + number):
            assert done == listed(output), f"kill {kill} by {number.name}"
            assert not [path for path in output.iterdir() if path.name.startswith(".")], f"kill {kill} by {number.name}"
        assert predict(model, photos, output, "--skip-existing").wait() == 0
        assert {path.name for path in output.iterdir()} == names, f"kill {kill} by {number.name}"
        for name, content in expected.items():
            assert (output / name).read_bytes() == content, f"kill {kill} by {number.name}: {name}"
        for path in output.iterdir():
            path.unlink()
    assert stopped > KILLS // 3
