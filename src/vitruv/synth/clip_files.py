"""A clip of synthetic people on disk, with the truth of every frame.

DIR/clip.mp4                      H.264, nearly without loss
DIR/dense/000017_iuv.png          chart, U, V of every pixel of frame 17 (red, green, blue; U and V times 255, rounded)
DIR/dense/000017_person.png       who is seen: 0 nobody, i + 1 person i, the same one in every frame
DIR/frames.json                   {"rate": 25, "frames": [{"index": 17, "time_s": 0.68, "people": [...]}, ...]}, each of the people
                                  {"track_id": i + 1, "box_xyxy": [x1, y1, x2, y2]}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from vitruv.errors import UnwritableFileError
from vitruv.files import replacing
from vitruv.formats import write_png
from vitruv.media.video import VideoWriter
from vitruv.synth.motion_clip import ClipSampler

_QUALITY = 12  # of H.264: hardly a difference is seen


def write_clip(sampler: ClipSampler, folder: Path, *, number: int, frames: int) -> Iterator[int]:
    """Write clip `number`; yields how many frames are done. Raises UnwritableFileError."""
    try:
        (folder / "dense").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFileError(folder, f"the folder cannot be made ({(error.strerror or str(error)).lower()})") from None
    config = sampler.config
    entries = []
    with VideoWriter(folder / "clip.mp4", size_hw=config.size_hw, rate=Fraction(config.rate), quality=_QUALITY) as video:
        for index in range(frames):
            frame = sampler.frame(number, index)
            video.write(frame.image)
            iuv = np.concatenate([frame.labels[None], frame.uv])
            write_png(folder / "dense" / f"{index:06d}_iuv.png", np.ascontiguousarray(np.moveaxis(iuv, 0, 2)))
            write_png(folder / "dense" / f"{index:06d}_person.png", frame.person.astype(np.uint8))
            people = [
                {"track_id": i + 1, "box_xyxy": [round(float(v), 2) for v in box]}
                for i, box in enumerate(frame.boxes_xyxy)
                if box.any()
            ]
            entries.append({"index": index, "time_s": round(frame.time_s, 6), "people": people})
            yield index + 1
    with replacing(folder / "frames.json") as stream:
        stream.write(json.dumps({"rate": config.rate, "frames": entries}, indent=0).encode())
