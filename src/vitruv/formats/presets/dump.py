"""What Detectron2's `apply_net.py dump` writes, without PyTorch and without Detectron2.

A `torch.save` archive: NAME/data.pkl is a pickle of a list with an entry for each photo, and NAME/data/0, NAME/data/1, ... are
the numbers of its tensors. An entry is a dictionary of `file_name`, `scores` (n,) float32, `pred_boxes_XYXY` (n, 4) float32 and,
where anybody was found, `pred_densepose`: n objects of `densepose.structures.chart_result.DensePoseChartResultWithConfidences`
with `labels` (h, w) int64 and `uv` (2, h, w) float32. The names of classes are only named here, so the pickle is put together
opcode by opcode; whoever opens it needs `densepose` and PyTorch.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from vitruv.errors import InputError
from vitruv.results import DensePoses
from vitruv.types import AnyArray

_CLASS = "densepose.structures.chart_result", "DensePoseChartResultWithConfidences"
_MAPS = ("sigma_1", "sigma_2", "kappa_u", "kappa_v", "fine_segm_confidence", "coarse_segm_confidence")
_STORAGE = {"float32": "FloatStorage", "int64": "LongStorage"}
_NAME = "archive"


class _Charts(dict[str, Any]):
    """The fields of a `DensePoseChartResultWithConfidences`."""


def dump_entry(people: DensePoses, file_name: str = "") -> dict[str, Any]:
    """The entry of one photo, with NumPy arrays in place of tensors and dictionaries of fields in place of objects."""
    entry: dict[str, Any] = {"file_name": file_name, "scores": people.scores, "pred_boxes_XYXY": people.boxes_xyxy}
    if len(people):
        entry["pred_densepose"] = [
            _Charts(
                labels=person.chart.labels.astype(np.int64),
                uv=person.chart.uv,
                **{name: person.confidences.get(name) for name in _MAPS},
            )
            for person in people
        ]
    return entry


class DumpWriter:
    """Writes one photo after another into `stream`; of each only its numbers' places are kept. `finish` ends the archive."""

    def __init__(self, stream: BinaryIO) -> None:
        self._archive = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED)
        self._pickle = bytearray(b"\x80\x02](")  # protocol 2, an empty list, a mark: what follows is appended to it
        self._count = 0

    def add(self, file_name: str, people: DensePoses) -> None:
        self._put(dump_entry(people, file_name))

    def finish(self) -> None:
        self._store("data.pkl", bytes(self._pickle) + b"e.")
        self._store("byteorder", b"little")
        self._store("version", b"3\n")
        self.close()

    def close(self) -> None:
        """Let go of the stream; without `finish` before, what is in it is no whole archive."""
        self._archive.close()

    def _store(self, name: str, data: bytes) -> None:
        # A fixed date: the same people give the same bytes.
        self._archive.writestr(zipfile.ZipInfo(f"{_NAME}/{name}"), data)

    def _put(self, value: object) -> None:
        out = self._pickle
        match value:
            case None:
                out += b"N"
            case bool():
                out += b"\x88" if value else b"\x89"
            case int():
                out += b"J" + struct.pack("<i", value)
            case str():
                data = value.encode("utf-8", "surrogatepass")
                out += b"X" + struct.pack("<I", len(data)) + data
            case tuple():
                out += b"("
                for part in value:
                    self._put(part)
                out += b"t"
            case list():
                out += b"]("
                for part in value:
                    self._put(part)
                out += b"e"
            case _Charts():
                self._global(*_CLASS)
                out += b")\x81"  # the class without arguments, made without its constructor
                self._fields(value)
                out += b"b"  # the dictionary becomes its fields
            case dict():
                self._fields(value)
            case np.ndarray():
                self._tensor(value)
            case _:
                raise InputError(f"a dump cannot hold a {type(value).__name__}")

    def _fields(self, values: Mapping[str, Any]) -> None:
        self._pickle += b"}("
        for key, value in values.items():
            self._put(key)
            self._put(value)
        self._pickle += b"u"

    def _global(self, module: str, name: str) -> None:
        self._pickle += f"c{module}\n{name}\n".encode()

    def _tensor(self, array: AnyArray) -> None:
        key, array = str(self._count), np.ascontiguousarray(array)
        self._count += 1
        self._store(f"data/{key}", array.astype(array.dtype.newbyteorder("<")).tobytes())
        self._global("torch._utils", "_rebuild_tensor_v2")
        self._pickle += b"(("
        self._put("storage")
        self._global("torch", _STORAGE[array.dtype.name])
        self._put(key)
        self._put("cpu")
        self._put(int(array.size))
        self._pickle += b"tQ"  # the storage itself, by that name
        self._put(0)
        self._put(array.shape)
        self._put(tuple(step // array.itemsize for step in array.strides))
        self._put(False)
        self._global("collections", "OrderedDict")
        self._pickle += b")RtR"
