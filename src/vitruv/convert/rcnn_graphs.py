"""The graphs of a DensePose-RCNN, composed from its tensors by name.

Every picture size works. What needs sorting and suppression stays outside (`vitruv.runtime.rcnn.model`), so each graph is plain
arithmetic: `trunk` (picture -> pyramid and raw proposals), `boxes` (proposals -> classes and deltas), `merge` (pyramid -> the
map people are pooled from), `people` (boxes -> raw maps of all people at once), `vertices` (embeddings -> closest vertex).
Between graphs, the maps of the pyramid have their channels last, which is how a CPU pools boxes fastest. Batch norm, bundling of
layers that read the same input and similar arithmetic on weights is left as operators on constants, which ONNX Runtime folds
when it loads a graph. Graphs that compute in half precision take and give float32, and pool boxes in it: coordinates of a thousand
pixels have no fractions in half precision.
"""

from __future__ import annotations

import numpy as np

from vitruv.convert.onnx_writer import OnnxGraph
from vitruv.convert.rcnn_layers import conv, input_channels_last, output_channels_last, twice_bilinear
from vitruv.convert.rcnn_trunk_graph import bottom_up
from vitruv.geometry.proposals import ANCHOR_RATIOS
from vitruv.rcnn_config import BOX_CELLS, PYRAMID_LEVELS, RCNNArchitecture

_HEADS = "roi_heads"


def trunk(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """image (1, 3, h, w) -> p2..p5 (1, h/4, w/4, c)...; logits2..6 (1, 3, h, w) and deltas2..6 (1, 12, h, w) per level."""
    merged = bottom_up(g, a)
    pyramid = {level: conv(g, merged[level], f"backbone.fpn_output{level}", kernel=3) for level in reversed(PYRAMID_LEVELS)}
    pyramid[6] = g.add("MaxPool", pyramid[5], kernel_shape=[1, 1], strides=[2, 2])
    for level in PYRAMID_LEVELS:
        output_channels_last(g, pyramid[level], f"p{level}", (1, f"h{level}", f"w{level}", a.fpn_channels))
    head, anchors = "proposal_generator.rpn_head", len(ANCHOR_RATIOS)
    for level, features in pyramid.items():
        hidden = g.add("Relu", conv(g, features, f"{head}.conv", kernel=3))
        both = conv(g, hidden, f"{head}.objectness_logits", f"{head}.anchor_deltas", kernel=1)
        logits, deltas = g.add_many("Split", [both, g.integers(anchors, 4 * anchors)], 2, axis=1)
        g.output(logits, f"logits{level}", (1, anchors, f"h{level}", f"w{level}"))
        g.output(deltas, f"deltas{level}", (1, 4 * anchors, f"h{level}", f"w{level}"))


def boxes(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """p2..p5 and the proposals of each level, boxes2..5 (n, 4) -> class_logits (n, classes + 1), deltas (n, 4 * classes), in
    the order of the levels."""
    pooled = _pool_from_pyramid(g, a, size=BOX_CELLS, aligned=a.box_pooler_aligned)
    hidden = g.add("Relu", _linear(g, g.add("Flatten", pooled), f"{_HEADS}.box_head.fc1"))
    _classify(g, a, hidden)


def pooled_boxes(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """As `boxes`, from features that were pooled already: pooled (n, 7, 7, c)."""
    pooled = g.input("pooled", ("n", BOX_CELLS, BOX_CELLS, a.fpn_channels))
    name = f"{_HEADS}.box_head.fc1"
    # The layer was trained with the channels first: its columns are brought into the order of the features.
    cut = g.add("Reshape", g.weight(f"{name}.weight"), g.integers(a.box_fc, a.fpn_channels, BOX_CELLS**2))
    weight = g.add("Reshape", g.add("Transpose", cut, perm=[2, 1, 0]), g.integers(-1, a.box_fc))
    hidden = g.add("Add", g.add("MatMul", g.add("Flatten", pooled), weight), g.weight(f"{name}.bias"))
    _classify(g, a, g.add("Relu", hidden))


def _classify(g: OnnxGraph, a: RCNNArchitecture, hidden: str) -> None:
    hidden = g.add("Relu", _linear(g, hidden, f"{_HEADS}.box_head.fc2"))
    g.output(_linear(g, hidden, f"{_HEADS}.box_predictor.cls_score"), "class_logits", ("n", a.num_classes + 1))
    g.output(_linear(g, hidden, f"{_HEADS}.box_predictor.bbox_pred"), "deltas", ("n", 4 * a.num_classes))


def merge(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """p2..p5 -> merged (1, c, h/4, w/4)."""
    levels = {level: g.rounded(_pyramid_input(g, a, level)) for level in PYRAMID_LEVELS}
    decoder = f"{_HEADS}.decoder"
    coarse = {"p3.0": levels[3], "p4.2": _to_stride_8(g, levels[4], 4), "p5.4": _to_stride_8(g, levels[5], 5)}
    parts = [g.add("Relu", conv(g, x, f"{decoder}.{name}", kernel=3)) for name, x in coarse.items()]
    # Doubling is linear, so it is done once on their sum and not for each of them.
    eighth = g.add("Add", g.add("Add", parts[0], parts[1]), parts[2])
    quarter = g.add("Relu", conv(g, levels[2], f"{decoder}.p2.0", kernel=3))
    merged = g.add("Add", quarter, twice_bilinear(g, eighth))
    g.output(conv(g, merged, f"{decoder}.predictor", kernel=1), "merged", (1, a.fpn_channels, "h2", "w2"))


def vertices(g: OnnxGraph, a: RCNNArchitecture, mesh: str) -> None:
    """embedding (n, c) -> closest (n,) int64: the vertex whose unit embedding is nearest.

    As vertices have unit length, nearest is what has the largest product, whatever the length of the pixel's embedding.
    """
    name = f"{_HEADS}.embedder.embedder_{mesh}"
    table = g.add("MatMul", g.weight(f"{name}.features"), g.weight(f"{name}.embeddings"))
    length = g.add("Max", g.add("ReduceL2", table, axes=[1], keepdims=1), g.constant(np.array(1e-6, np.float32)))
    unit = g.add("Transpose", g.add("Div", table, length), perm=[1, 0])
    product = g.add("MatMul", g.input("embedding", ("n", a.embed_channels or 0)), unit)
    g.output(g.add("ArgMax", product, axis=1, keepdims=0), "closest", ("n",), "int64")


def pool_people(g: OnnxGraph, a: RCNNArchitecture) -> str:
    """Features of people (n, c, s, s): from input merged and boxes (n, 4), or from p2..p5 and boxes2..5."""
    if a.decoder_channels is None:
        return _pool_from_pyramid(g, a, size=a.pool_size, aligned=False)
    merged = g.input("merged", (1, a.fpn_channels, "h2", "w2"))
    return _roi_align(g, merged, g.input("boxes", ("n", 4)), size=a.pool_size, scale=1 / 4, aligned=False)


def _linear(g: OnnxGraph, x: str, name: str) -> str:
    return g.add("Gemm", x, g.weight(f"{name}.weight"), g.weight(f"{name}.bias"), transB=1)


def _pyramid_input(g: OnnxGraph, a: RCNNArchitecture, level: int) -> str:
    return input_channels_last(g, f"p{level}", (1, f"h{level}", f"w{level}", a.fpn_channels))


def _pool_from_pyramid(g: OnnxGraph, a: RCNNArchitecture, *, size: int, aligned: bool) -> str:
    parts = []
    for level in PYRAMID_LEVELS:
        features, found = _pyramid_input(g, a, level), g.input(f"boxes{level}", (f"n{level}", 4))
        parts.append(_roi_align(g, features, found, size=size, scale=1 / 2**level, aligned=aligned))
    return g.add("Concat", *parts, axis=0)


def _roi_align(g: OnnxGraph, features: str, found: str, *, size: int, scale: float, aligned: bool) -> str:
    count = g.add("Slice", g.add("Shape", found), g.integers(0), g.integers(1))
    picture = g.add("Expand", g.integers(0), count)
    pooled = g.add(
        "RoiAlign",
        features,
        found,
        picture,
        output_height=size,
        output_width=size,
        spatial_scale=scale,
        # Models pooled with half-pixel correction also chose the number of samples by the size of the box.
        sampling_ratio=0 if aligned else 2,
        coordinate_transformation_mode="half_pixel" if aligned else "output_half_pixel",
    )
    return g.rounded(pooled)


def _to_stride_8(g: OnnxGraph, x: str, level: int) -> str:
    """p4 or p5 through all but its last convolution: (1, c, h/8, w/8)."""
    for step in range(level - 3):
        x = twice_bilinear(g, g.add("Relu", conv(g, x, f"{_HEADS}.decoder.p{level}.{2 * step}", kernel=3)))
    return x
