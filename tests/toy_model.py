"""A model small enough to reason about, for tests: real ONNX graphs of the embedded kind that read dense pose off painted pictures.

A painted person has red = 10 * chart, green = 255 * U, blue = 255 * V; everything else is black. The detector boxes what is painted
in the left half and in the right half of its input (scores .9 and .8), and doubles the left one, one pixel off (score .6), so that
suppression has something to do. The regressor averages its crop over blocks and reads the paint back; where charts are clear-cut
and U, V smooth, the whole line from a picture to `DensePoses` gives back what was painted.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from vitruv.results import ChartMap
from vitruv.types import UInt8Array

DETECTOR_SIZE_HW = (120, 160)
CROP_SIZE_HW = (64, 48)
MAP_SIZE_HW = (32, 24)
RED_PER_CHART = 10


def paint(chart_map: ChartMap) -> UInt8Array:
    """(h, w, 3) uint8: a picture whose dense pose the toy model reads back."""
    uv = np.round(255 * chart_map.uv)
    return np.stack([RED_PER_CHART * chart_map.labels.astype(np.float32), uv[0], uv[1]], axis=-1).astype(np.uint8)


def painted_picture(size_hw: tuple[int, int], boxes_xywh: list[tuple[int, int, int, int]]) -> tuple[UInt8Array, ChartMap]:
    """A picture with one painted person in each box, and its dense pose.

    The upper half of a person is the front of the torso (chart 2), the lower half the right upper leg from the front (chart 9);
    U runs from 0 to 1 across the box, V down the box.
    """
    truth = ChartMap.empty(size_hw)
    for x, y, w, h in boxes_xywh:
        rows, columns = slice(y, y + h), slice(x, x + w)
        truth.labels[rows, columns] = np.where(np.arange(h) < h / 2, 2, 9)[:, None]
        truth.uv[0, rows, columns] = (np.arange(w) + 0.5) / w
        truth.uv[1, rows, columns] = ((np.arange(h) + 0.5) / h)[:, None]
    return paint(truth), truth


def write_toy_model(
    folder: Path, *, batch: int | str = "n", second_look: dict[str, object] | None = None, **entries: object
) -> Path:
    """Write detector.onnx, regressor.onnx and model.json into a folder; `batch` is the regressor's batch size.

    second_look: the manifest's entry; the regressor then judges by 1 - the detector's score, times the width of the box in its
    crop. entries: more of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_detector(), folder / "detector.onnx")
    onnx.save(_regressor(batch, judges=second_look is not None), folder / "regressor.onnx")
    manifest = {
        "kind": "embedded",
        "version": "toy",
        "detector": {"file": "detector.onnx", "size_hw": list(DETECTOR_SIZE_HW), "pad_value": 0, "nms_iou": 0.6},
        "regressor": {
            "file": "regressor.onnx",
            "size_hw": list(CROP_SIZE_HW),
            "output_size_hw": list(MAP_SIZE_HW),
            "box_scale": 1.15,
            "pad_value": 0,
        },
        "training": {},
    }
    more = entries if second_look is None else {"second_look": second_look, **entries}
    manifest["regressor"] = {**manifest["regressor"], **more}  # type: ignore[dict-item]
    (folder / "model.json").write_text(json.dumps(manifest))
    return folder


class _Graph:
    """Nodes and constants of a graph under construction; every call returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: object, dtype: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, op: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def model(self, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model


def _detector() -> onnx.ModelProto:
    height, width = DETECTOR_SIZE_HW
    g = _Graph()
    red = g.add("Slice", "image", g.constant([0], np.int64), g.constant([1], np.int64), g.constant([3], np.int64))
    red = g.add("Squeeze", red, g.constant([3], np.int64))  # (1, H, W)
    painted = g.add("Cast", g.add("Greater", g.add("Cast", red, to=TensorProto.FLOAT), g.constant(5)), to=TensorProto.FLOAT)
    boxes, present = [], []
    for start, stop in ((0, width // 2), (width // 2, width)):
        half = np.zeros((1, height, width), np.float32)
        half[:, :, start:stop] = 1
        mask = g.add("Mul", painted, g.constant(half))
        edges = []
        for axis in (1, 2):  # what is left after taking the maximum over rows runs over columns: x first, then y
            line = g.add("ReduceMax", mask, axes=[axis], keepdims=0)
            first = g.add("Cast", g.add("ArgMax", line, axis=1, keepdims=1), to=TensorProto.FLOAT)
            last = g.add("Cast", g.add("ArgMax", line, axis=1, keepdims=1, select_last_index=1), to=TensorProto.FLOAT)
            edges.append((first, g.add("Add", last, g.constant(1))))
        (x1, x2), (y1, y2) = edges
        boxes.append(g.add("Unsqueeze", g.add("Concat", x1, y1, x2, y2, axis=1), g.constant([1], np.int64)))
        present.append(g.add("ReduceMax", mask, axes=[1, 2], keepdims=0))
    double = g.add("Add", boxes[0], g.constant(1))
    g.add("Concat", *boxes, double, axis=1, output="boxes_xyxy")
    column = [g.add("Unsqueeze", p, g.constant([1], np.int64)) for p in (*present, present[0])]
    g.add("Mul", g.add("Concat", *column, axis=1), g.constant([[0.9, 0.8, 0.6]]), output="scores")
    return g.model(
        "toy detector",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, height, width, 3])],
        [
            helper.make_tensor_value_info("boxes_xyxy", TensorProto.FLOAT, [1, 3, 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3]),
        ],
    )


def _regressor(batch: int | str, *, judges: bool = False) -> onnx.ModelProto:
    block = CROP_SIZE_HW[0] // MAP_SIZE_HW[0]
    g = _Graph()
    planes = g.add("Transpose", g.add("Cast", "crops", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    pooled = g.add("AveragePool", planes, kernel_shape=[block, block], strides=[block, block])
    red = g.add("Slice", pooled, g.constant([0], np.int64), g.constant([1], np.int64), g.constant([1], np.int64))
    # The chart whose paint is nearest wins: -(red - 10 c)^2 is largest there.
    shades = RED_PER_CHART * np.arange(25, dtype=np.float32).reshape(1, 25, 1, 1)
    distance = g.add("Sub", red, g.constant(shades))
    g.add("Neg", g.add("Mul", distance, distance), output="logits")
    parts = []
    for channel in (1, 2):
        plane = g.add(
            "Slice", pooled, g.constant([channel], np.int64), g.constant([channel + 1], np.int64), g.constant([1], np.int64)
        )
        parts.append(g.add("Tile", g.add("Div", plane, g.constant(255)), g.constant([1, 24, 1, 1], np.int64)))
    g.add("Concat", *parts, axis=1, output="uv")
    inputs = [helper.make_tensor_value_info("crops", TensorProto.UINT8, [batch, *CROP_SIZE_HW, 3])]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, 25, *MAP_SIZE_HW]),
        helper.make_tensor_value_info("uv", TensorProto.FLOAT, [batch, 48, *MAP_SIZE_HW]),
    ]
    if judges:
        inputs.append(helper.make_tensor_value_info("places_xyxy", TensorProto.FLOAT, [batch, 4]))
        inputs.append(helper.make_tensor_value_info("found_scores", TensorProto.FLOAT, [batch]))
        outputs.append(helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch]))
        sides = [
            g.add("Slice", "places_xyxy", g.constant([k], np.int64), g.constant([k + 1], np.int64), g.constant([1], np.int64))
            for k in (0, 2)
        ]
        width = g.add("Squeeze", g.add("Sub", sides[1], sides[0]), g.constant([1], np.int64))
        g.add("Mul", g.add("Sub", g.constant(1), "found_scores"), width, output="scores")
    return g.model("toy regressor", inputs, outputs)
