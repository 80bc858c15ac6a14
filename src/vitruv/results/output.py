"""Methods of `DensePoses` that use other rooms: files, pictures, and objects of other packages.

The imports are inside the functions because those rooms import this one, and because they would make `import vitruv` slow.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vitruv.errors import InputError, MissingExtraError
from vitruv.results.canvas import in_picture
from vitruv.types import PathLike, UInt8Array

if TYPE_CHECKING:
    from vitruv.results.poses import DensePoses

ChannelOrder = Literal["iuv", "vui"]
PaletteName = Literal["vitruv", "parula", "viridis"]


def save(people: DensePoses, path: PathLike, *, channel_order: ChannelOrder, image_id: int | str) -> None:
    """See `DensePoses.save`."""
    from vitruv import formats

    name = Path(path).name.lower()
    if name.endswith(".npz"):
        formats.write_npz(path, people)
    elif name.endswith(".json"):
        with formats.ResultWriter(path) as writer:
            writer.add(image_id, people)
    elif name.endswith("iuv.png"):
        formats.write_iuv_png(path, people.canvas().chart, channel_order=channel_order)
    elif name.endswith("labels.png"):
        formats.write_label_png(path, people.canvas().chart.labels)
    else:
        raise InputError(f"path must end in .npz, .json, iuv.png or labels.png, but got {Path(path).name!r}")


def overlay(
    people: DensePoses, rgb: UInt8Array, *, palette: PaletteName, masks: bool, keypoints: bool, track_ids: bool
) -> UInt8Array:
    """See `DensePoses.overlay`."""
    from vitruv import draw

    for asked, name, values in (
        (masks, "masks", people.masks if len(people.masks) else None),
        (keypoints, "keypoints", people.keypoints),
        (track_ids, "track_ids", people.track_ids),
    ):
        if asked and values is None and len(people):
            raise InputError(f"{name} cannot be drawn: these people have none")
    picture = draw.overlay(rgb, people, palette_name=palette)
    if masks:
        picture = draw.mask_outlines(picture, people)
    if keypoints:
        picture = draw.skeletons(picture, people)
    if track_ids:
        picture = draw.track_boxes(picture, people)
    return picture


def to_supervision(people: DensePoses) -> Any:
    """See `DensePoses.to_supervision`."""
    try:
        import supervision
    except ImportError:
        raise MissingExtraError("supervision", "supervision") from None
    n = len(people)
    outlines = people.masks if len(people.masks) else [chart.labels > 0 for chart in people.charts]
    places = [(int(x), int(y), int(w), int(h)) for x, y, w, h in people.placements_xywh]
    masks = np.zeros((n, *people.size_hw), bool)
    for i, (outline, place) in enumerate(zip(outlines, places, strict=True)):
        masks[i] = in_picture(outline, place, people.size_hw)
    return supervision.Detections(
        xyxy=people.boxes_xyxy.copy(),
        mask=masks,
        confidence=people.scores.copy(),
        class_id=np.zeros(n, np.int64),
        tracker_id=None if people.track_ids is None else people.track_ids.copy(),
        data={"class_name": np.array(["person"] * n, dtype=str)},
    )
