"""`DensePoses` as a NumPy archive, nothing rounded.

Entries: `boxes_xyxy` (n, 4) float32, `scores` (n,) float32, `size_hw` (2,) int64, `placements_xywh` (n, 4) int64, and for person i
`labels_i` (h, w) uint8 and `uv_i` (2, h, w) float32. Only where the people have them: `keypoints` (n, 17, 3) float32, `track_ids`
(n,) int64, `mask_i` (h, w) bool, `closest_vertices_i` (h, w) int32 and `confidence_NAME_i` (h, w) float32. `numpy.load` reads it
without Vitruv.
"""

from __future__ import annotations

import re
import zipfile
import zlib

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.files import read_arrays, replacing
from vitruv.results import ChartMap, DensePoses
from vitruv.types import AnyArray, PathLike

_LARGE = 1 << 30  # bytes; beyond it an entry needs the long form of the archive's directory
_CONFIDENCE = re.compile(r"confidence_(.+)_(\d+)")


def write_npz(path: PathLike, poses: DensePoses) -> None:
    """Write all people of a picture. Raises UnwritableFileError."""
    arrays: dict[str, AnyArray] = {
        "boxes_xyxy": poses.boxes_xyxy,
        "scores": poses.scores,
        "size_hw": np.array(poses.size_hw, np.int64),
        "placements_xywh": poses.placements_xywh,
    }
    for i, chart in enumerate(poses.charts):
        arrays[f"labels_{i}"] = chart.labels
        arrays[f"uv_{i}"] = chart.uv
    for name, rows in (("keypoints", poses.keypoints), ("track_ids", poses.track_ids)):
        if rows is not None:
            arrays[name] = rows
    for i, mask in enumerate(poses.masks):
        arrays[f"mask_{i}"] = mask
    for i, vertices in enumerate(poses.closest_vertices):
        arrays[f"closest_vertices_{i}"] = vertices
    for i, maps in enumerate(poses.confidences):
        arrays |= {f"confidence_{name}_{i}": values for name, values in maps.items()}
    with replacing(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, values in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=values.nbytes > _LARGE) as entry:
                # Maps are runs of zeros and numbers that never repeat: looking for runs only takes a third of the time of zlib's
                # lowest level, for smaller files. zipfile cannot be asked for it; without the attribute files would only be slower.
                entry._compressor = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)  # type: ignore[attr-defined]
                np.lib.format.write_array(entry, np.ascontiguousarray(values), allow_pickle=False)


def read_npz(path: PathLike) -> DensePoses:
    """Read what `write_npz` wrote, bit for bit. Raises MissingFileError, UnreadableFileError or FormatError."""
    arrays = read_arrays(path)
    try:
        n = len(arrays["boxes_xyxy"])
        confidences: list[dict[str, AnyArray]] = [{} for _ in range(n)]
        for key in arrays:
            if match := _CONFIDENCE.fullmatch(key):
                confidences[int(match[2])][match[1]] = arrays[key]
        height, width = arrays["size_hw"].tolist()
        return DensePoses(
            boxes_xyxy=arrays["boxes_xyxy"],
            scores=arrays["scores"],
            charts=[ChartMap(arrays[f"labels_{i}"], arrays[f"uv_{i}"]) for i in range(n)],
            size_hw=(height, width),
            confidences=confidences if any(confidences) else (),
            closest_vertices=[arrays[f"closest_vertices_{i}"] for i in range(n)] if "closest_vertices_0" in arrays else (),
            keypoints=arrays.get("keypoints"),
            masks=[arrays[f"mask_{i}"] for i in range(n)] if "mask_0" in arrays else (),
            track_ids=arrays.get("track_ids"),
        )
    except KeyError as error:
        raise FormatError(path, f"the entry {error.args[0]!r} is missing") from None
    except (InputError, IndexError, TypeError, ValueError) as error:
        raise FormatError(path, f"its entries do not fit together ({error})") from None
