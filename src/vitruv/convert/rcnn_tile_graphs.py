"""Graphs of a DensePose-RCNN for processors, where the wide 3x3 convolutions go by tiles (see `vitruv.convert.winograd`).

They have the numbers of the whole graphs in `rcnn_graphs` and take half the time. Maps are tables of cells, the levels of the
pyramid one after the other in one table; `vitruv.runtime.rcnn.tiles` says which rows a tile reads and writes.
"""

from __future__ import annotations

from vitruv.convert.onnx_writer import OnnxGraph
from vitruv.convert.rcnn_layers import conv, input_channels_last, joined, output_channels_last, twice_bilinear
from vitruv.convert.rcnn_trunk_graph import Tiles, bottom_up
from vitruv.convert.winograd import OUTPUTS, PRODUCTS, conv3x3, conv_of_windows, doubled, windows_of_doubled, zero_row
from vitruv.geometry.proposals import ANCHOR_RATIOS
from vitruv.rcnn_config import TILED_LEVELS, RCNNArchitecture

_DECODER = "roi_heads.decoder"
TILED_STAGES = (3, 4)
"""Stages of the trunk whose 3x3 convolutions go by tiles. The one before has few channels, the one after few cells, for which
reading the larger kernels takes longer than the products they save."""


def pyramid_base(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """image (1, 3, h, w) -> merged2, merged3 (1, h, w, c), before their last convolution, and p4, p5 (1, h, w, c).

    windows3 and order3, windows4 and order4: see `Tiles`.
    """
    tiles = {
        stage: Tiles(
            g.input(f"windows{stage}", (PRODUCTS, f"t{stage}"), "int64"), g.input(f"order{stage}", (f"cells{stage}",), "int64")
        )
        for stage in TILED_STAGES
    }
    for level, merged in bottom_up(g, a, tiles).items():
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


def merge_from_32(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """First part of the decoder: p5 (1, h, w, c) -> from5 (k + 1, c), at stride 16, and a row of zeros."""
    width = a.decoder_channels or 0
    p5 = input_channels_last(g, "p5", (1, "h5", "w5", a.fpn_channels))
    finer = twice_bilinear(g, g.add("Relu", conv(g, p5, f"{_DECODER}.p5.0", kernel=3)))
    cells = g.add("Reshape", g.add("Transpose", finer, perm=[0, 2, 3, 1]), g.integers(-1, width))
    g.output(zero_row(g, cells, width), "from5", ("k", width))


def merge_at_16(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """Second part: cells (k, c) of the pyramid and windows on p4 in them; from5 (k16, c) and windows16 on it -> tiles (16, t, 2c)
    of what comes from p4, then of what comes from p5."""
    width = a.decoder_channels or 0
    from4 = _conv3x3(g, g.input("cells", ("k", a.fpn_channels)), _windows(g), f"{_DECODER}.p4.0", a.fpn_channels, width)
    windows16 = g.input("windows16", (PRODUCTS, "t"), "int64")
    from5 = _conv3x3(g, g.input("from5", ("k16", width)), windows16, f"{_DECODER}.p5.2", width, width)
    g.output(g.add("Relu", g.add("Concat", from4, from5, axis=2)), "tiles", (OUTPUTS, "t", 2 * width))


def merge_at_8(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """Third part: cells (k, c) of the pyramid and windows on p3 in them; coarse (k16, 2c), the neighbours (16, t) of each tile in
    it, and which cells of the windows are inside (36, t, 1) -> tiles (16, t, c) of the sum at stride 8."""
    width = a.decoder_channels or 0
    parts = [_conv3x3(g, g.input("cells", ("k", a.fpn_channels)), _windows(g), f"{_DECODER}.p3.0", a.fpn_channels, width)]
    coarse, inside = g.input("coarse", ("k16", 2 * width)), g.input("inside", (PRODUCTS, "t", 1))
    wide = windows_of_doubled(g, coarse, _neighbours(g), inside, channels=2 * width)
    for name, gathered in zip(("p4.2", "p5.4"), g.add_many("Split", [wide, g.integers(width, width)], 2, axis=2), strict=True):
        part = conv_of_windows(g, gathered, g.weight(f"{_DECODER}.{name}.weight"), inner=width, out=width)
        parts.append(g.add("Add", part, g.weight(f"{_DECODER}.{name}.bias")))
    a3, a4, a5 = (g.add("Relu", part) for part in parts)
    g.output(g.add("Add", g.add("Add", a3, a4), a5), "tiles", (OUTPUTS, "t", width))


def merge_at_4(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """Last part: cells (k, c) of the pyramid and windows on p2 in them; eighth (k8, c) and the neighbours (16, t) of each tile
    in it -> tiles (16, t, c) of the map people are pooled from."""
    width, c = a.decoder_channels or 0, a.fpn_channels
    quarter = g.add("Relu", _conv3x3(g, g.input("cells", ("k", c)), _windows(g), f"{_DECODER}.p2.0", c, width))
    coarse = doubled(g, g.input("eighth", ("k8", width)), _neighbours(g), channels=width)
    weights = g.add("Reshape", g.weight(f"{_DECODER}.predictor.weight"), g.integers(c, width))
    merged = g.add("MatMul", g.add("Add", quarter, coarse), g.add("Transpose", weights, perm=[1, 0]))
    g.output(g.add("Add", merged, g.weight(f"{_DECODER}.predictor.bias")), "tiles", (OUTPUTS, "t", c))


def _windows(g: OnnxGraph) -> str:
    return g.input("windows", (PRODUCTS, "t"), "int64")


def _neighbours(g: OnnxGraph) -> str:
    return g.input("neighbours", (OUTPUTS, "t"), "int64")


def _conv3x3(g: OnnxGraph, cells: str, windows: str, name: str, inner: int, out: int) -> str:
    return g.add("Add", conv3x3(g, cells, windows, g.weight(f"{name}.weight"), inner=inner, out=out), g.weight(f"{name}.bias"))
