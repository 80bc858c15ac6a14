"""Graphs of a DensePose-RCNN for processors, where the wide 3x3 convolutions go by tiles (see `vitruv.export.winograd`).

They have the numbers of the whole graphs in `rcnn_graphs` and take half the time. Maps are tables of cells, the levels of the
pyramid one after the other in one table; `vitruv.runtime.rcnn_tiles` says which rows a tile reads and writes.
"""

from __future__ import annotations

from vitruv.export.onnx_writer import OnnxGraph
from vitruv.export.rcnn_graphs import bottom_up, conv, input_channels_last, joined, output_channels_last, to_stride_8
from vitruv.export.winograd import OUTPUTS, PRODUCTS, conv3x3, doubled, zero_row
from vitruv.geometry.proposals import ANCHOR_RATIOS
from vitruv.rcnn_config import RCNNArchitecture

_DECODER = "roi_heads.decoder"
TILED_LEVELS = (2, 3)
"""Levels whose last convolution goes by tiles. The maps of the others are so small that reading the larger kernels costs more."""


def pyramid_base(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """image (1, 3, h, w) -> merged2, merged3 (1, h, w, c), before their last convolution, and p4, p5 (1, h, w, c)."""
    for level, merged in bottom_up(g, a).items():
        tiled = level in TILED_LEVELS
        value = merged if tiled else conv(g, merged, f"backbone.fpn_output{level}", kernel=3)
        output_channels_last(g, value, f"{'merged' if tiled else 'p'}{level}", (1, f"h{level}", f"w{level}", a.fpn_channels))


def pyramid_output(g: OnnxGraph, a: RCNNArchitecture, level: int) -> None:
    """cells (k, c) of merged2 or merged3 -> tiles (16, t, c) of p2 or p3."""
    c = a.fpn_channels
    tiles = _conv3x3(g, g.input("cells", ("k", c)), _windows(g), f"backbone.fpn_output{level}", c, c)
    g.output(tiles, "tiles", (OUTPUTS, "t", c))


def proposal_head(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """cells (k, c) of the pyramid -> tiles (16, t, 15): 3 logits, then 4 deltas for each of 3 anchors."""
    head, c = "proposal_generator.rpn_head", a.fpn_channels
    hidden = g.add("Relu", _conv3x3(g, g.input("cells", ("k", c)), _windows(g), f"{head}.conv", c, c))
    names = [f"{head}.objectness_logits", f"{head}.anchor_deltas"]
    out = 5 * len(ANCHOR_RATIOS)
    weights = g.add("Reshape", joined(g, [f"{name}.weight" for name in names]), g.integers(out, c))
    both = g.add("MatMul", hidden, g.add("Transpose", weights, perm=[1, 0]))
    g.output(g.add("Add", both, joined(g, [f"{name}.bias" for name in names])), "tiles", (OUTPUTS, "t", out))


def merge_from_16(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """First part of the decoder: p4, p5 (1, h, w, c) -> from4, from5 (k + 1, c), at stride 8, before their last convolution;
    their last rows are zeros."""
    width = a.decoder_channels or 0
    for level in (4, 5):
        features = input_channels_last(g, f"p{level}", (1, f"h{level}", f"w{level}", a.fpn_channels))
        value = g.add("Transpose", to_stride_8(g, features, level), perm=[0, 2, 3, 1])
        cells = zero_row(g, g.add("Reshape", value, g.integers(-1, width)), width)
        g.output(cells, f"from{level}", (f"k{level}", width))


def merge_at_8(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """Second part: cells (k, c) of the pyramid and windows on p3 in them; from4, from5 (k8, c) and windows8 on these -> tiles
    (16, t, c) of their sum at stride 8."""
    width = a.decoder_channels or 0
    windows8 = g.input("windows8", (PRODUCTS, "t"), "int64")
    parts = [_conv3x3(g, g.input("cells", ("k", a.fpn_channels)), _windows(g), f"{_DECODER}.p3.0", a.fpn_channels, width)]
    for level, place in ((4, 2), (5, 4)):
        coarse = g.input(f"from{level}", ("k8", width))
        parts.append(_conv3x3(g, coarse, windows8, f"{_DECODER}.p{level}.{place}", width, width))
    a3, a4, a5 = (g.add("Relu", part) for part in parts)
    g.output(g.add("Add", g.add("Add", a3, a4), a5), "tiles", (OUTPUTS, "t", width))


def merge_at_4(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """Last part: cells (k, c) of the pyramid and windows on p2 in them; eighth (k8, c) and the neighbours (16, t) of each tile
    in it -> tiles (16, t, c) of the map people are pooled from."""
    width, c = a.decoder_channels or 0, a.fpn_channels
    quarter = g.add("Relu", _conv3x3(g, g.input("cells", ("k", c)), _windows(g), f"{_DECODER}.p2.0", c, width))
    neighbours = g.input("neighbours", (OUTPUTS, "t"), "int64")
    coarse = doubled(g, g.input("eighth", ("k8", width)), neighbours, channels=width)
    weights = g.add("Reshape", g.weight(f"{_DECODER}.predictor.weight"), g.integers(c, width))
    merged = g.add("MatMul", g.add("Add", quarter, coarse), g.add("Transpose", weights, perm=[1, 0]))
    g.output(g.add("Add", merged, g.weight(f"{_DECODER}.predictor.bias")), "tiles", (OUTPUTS, "t", c))


def _windows(g: OnnxGraph) -> str:
    return g.input("windows", (PRODUCTS, "t"), "int64")


def _conv3x3(g: OnnxGraph, cells: str, windows: str, name: str, inner: int, out: int) -> str:
    return g.add("Add", conv3x3(g, cells, windows, g.weight(f"{name}.weight"), inner=inner, out=out), g.weight(f"{name}.bias"))
