"""What is written down of one frame, in words and numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from vitruv.formats import result_records
from vitruv.media.video import VideoFrame
from vitruv.results import ChartMap, DensePoses


def result_lines(frame: VideoFrame, people: DensePoses) -> Iterator[str]:
    """One DensePose-COCO result a line, with its `track_id`; the image id is the frame's number."""
    for record in result_records(people):
        yield json.dumps({"image_id": frame.index, **record}, allow_nan=False)


def image_entry(frame: VideoFrame, stem: str) -> dict[str, object]:
    """The frame in the list of images, as PoseTrack has it: `frame_id` within the clip `vid_id`."""
    height, width = frame.rgb.shape[:2]
    return {
        "id": frame.index,
        "vid_id": stem,
        "frame_id": frame.index,
        "time_s": round(frame.time_s, 6),
        "width": width,
        "height": height,
    }


def frame_line(frame: VideoFrame, people: DensePoses) -> str:
    """One frame a line: everybody's box, and for each chart how many pixels of it are seen, and where their middle is."""
    seen = [
        {
            "track_id": person.track_id,
            "score": _short(person.score),
            "box_xyxy": [round(float(v), 2) for v in person.box_xyxy],
            "charts": _charts(person.chart, person.placement_xywh[:2]),
        }
        for person in people
    ]
    return json.dumps({"frame": frame.index, "time_s": round(frame.time_s, 6), "people": seen})


def _charts(chart: ChartMap, corner_xy: tuple[int, int]) -> dict[str, dict[str, float]]:
    labels = chart.labels.ravel()
    count = np.bincount(labels, minlength=25)
    rows, columns = np.indices(chart.size_hw)
    across = np.bincount(labels, weights=columns.ravel() + 0.5, minlength=25)
    down = np.bincount(labels, weights=rows.ravel() + 0.5, minlength=25)
    return {
        str(c): {
            "pixels": int(count[c]),
            "x": round(corner_xy[0] + float(across[c]) / int(count[c]), 1),
            "y": round(corner_xy[1] + float(down[c]) / int(count[c]), 1),
        }
        for c in np.flatnonzero(count[1:]) + 1
    }


def _short(value: float) -> float:
    return float(str(np.float32(value)))
