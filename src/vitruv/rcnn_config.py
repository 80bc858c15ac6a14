"""The shape of a DensePose-RCNN, as a value: everything that decides its parameters and how their outputs are read.

It stands below `networks` (torch), `export` and `runtime`, which share it: checkpoints are converted and run without torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vitruv.errors import InputError
from vitruv.surface import NUM_LABELS, NUM_PARTS

Shape = tuple[int, ...]

MODEL_FORMAT = 3
"""Version of model folders: which graphs lie in them, and what these take."""

HALF_GRAPHS = ("trunk", "boxes", "merge", "people")
"""Graphs that a model folder also has in a form that computes in half precision, NAME_half.onnx."""

PYRAMID_LEVELS = (2, 3, 4, 5)
PIXEL_MEAN_BGR = (103.53, 116.28, 123.675)
"""What is subtracted from the picture before the trunk."""
BOX_CELLS = 7
"""Side, in cells, of what the box head pools from the pyramid."""
TILE = 4
"""Side of the tiles in which the graphs for processors compute 3 x 3 convolutions (Winograd's F(4, 3))."""
TILED_LEVELS = (2, 3)
"""Levels whose last convolution is computed in tiles; the maps of the others are too small."""
UV_CONFIDENCES: Mapping[str, tuple[str, ...]] = {"iid_iso": ("sigma_2",), "indep_aniso": ("sigma_2", "kappa_u", "kappa_v")}
"""Per kind of U, V confidence: the maps a model of that kind predicts besides U and V."""

NORM_EPSILON = 1e-5  # of batch and group norm
GROUPS = 32  # of group norm
ASPP_DILATIONS = (6, 12, 56)
CONFIDENCE_FLOOR = 0.01
"""Least confidence: confidences are softplus(raw) + this."""
_DECODER_CONVS = {2: (0,), 3: (0,), 4: (0, 2), 5: (0, 2, 4)}  # level -> places in the sequence that hold a convolution


@dataclass(frozen=True, kw_only=True)
class RCNNArchitecture:
    """Sizes and variants of a DensePose-RCNN; the defaults are Detectron2's `densepose_rcnn_R_50_FPN_s1x`.

    blocks: bottlenecks in res2..res5. stem_channels, res2_mid, res2_out: widths, doubled at every stage from res3 on.
    box_fc: width of both layers of the box head. num_classes: foreground classes; people are class 0.
    decoder_channels: width inside the decoder that merges the pyramid; None pools each person from one pyramid level
        (the `legacy` models).
    head: "v1convx" (plain convolutions) or "deeplab" (atrous pyramid, then convolutions with group norm).
    coarse_channels: 2 (body or not) or 15 (body parts). uv_confidence: None, "iid_iso" (WC1) or "indep_aniso" (WC2).
    segm_confidence: the "M" models. embed_channels: width of surface embeddings; None for chart models.
    meshes: for embedding models, (name, vertices, features) of each mesh.
    box_pooler_aligned: half-pixel corrected RoIAlign with adaptive sampling in the box head (the `evolution` models).
    """

    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    stem_channels: int = 64
    res2_mid: int = 64
    res2_out: int = 256
    fpn_channels: int = 256
    box_fc: int = 1024
    num_classes: int = 1
    decoder_channels: int | None = 256
    head: str = "v1convx"
    head_channels: int = 512
    head_layers: int = 8
    coarse_channels: int = 2
    uv_confidence: str | None = None
    segm_confidence: bool = False
    embed_channels: int | None = None
    meshes: tuple[tuple[str, int, int], ...] = ()
    box_pooler_aligned: bool = False

    def __post_init__(self) -> None:
        if self.head not in ("v1convx", "deeplab"):
            raise InputError(f"head must be 'v1convx' or 'deeplab', but got {self.head!r}")
        if self.uv_confidence is not None and self.uv_confidence not in UV_CONFIDENCES:
            raise InputError(f"uv_confidence must be None or one of {', '.join(UV_CONFIDENCES)}, but got {self.uv_confidence!r}")
        if self.coarse_channels not in (2, NUM_PARTS + 1):
            raise InputError(f"coarse_channels must be 2 or {NUM_PARTS + 1}, but got {self.coarse_channels}")
        if (self.embed_channels is None) != (not self.meshes):
            raise InputError("embed_channels and meshes must be given together, or neither")

    @property
    def pool_size(self) -> int:
        """Side of the pooled features of a person; the raw maps are four times as large."""
        return 14 if self.decoder_channels is None else 28

    @property
    def map_size(self) -> int:
        """Side of the raw maps of a person."""
        return 4 * self.pool_size

    @property
    def branches(self) -> dict[str, tuple[str, int]]:
        """Outputs of the predictor in order: name -> (name of its parameters, channels)."""
        if self.embed_channels is not None:
            return {"coarse_segm": ("coarse_segm_lowres", self.coarse_channels), "embedding": ("embed_lowres", self.embed_channels)}
        table = {
            "coarse_segm": ("ann_index_lowres", self.coarse_channels),
            "fine_segm": ("index_uv_lowres", NUM_LABELS),
            "u": ("u_lowres", NUM_LABELS),
            "v": ("v_lowres", NUM_LABELS),
        }
        if self.uv_confidence is not None:
            table |= {name: (f"{name}_lowres", NUM_LABELS) for name in UV_CONFIDENCES[self.uv_confidence]}
        if self.segm_confidence:
            table |= {name: (f"{name}_lowres", 1) for name in ("fine_segm_confidence", "coarse_segm_confidence")}
        return table

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RCNNArchitecture:
        """The inverse of `as_dict`; raises InputError on unknown names."""
        plain = dict(values)
        try:
            plain["blocks"] = tuple(plain["blocks"])
            plain["meshes"] = tuple((str(n), int(v), int(f)) for n, v, f in plain.get("meshes", ()))
            return cls(**plain)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this does not describe a DensePose-RCNN: {error}") from None

    def parameter_shapes(self) -> dict[str, Shape]:
        """Name and shape of every tensor of the model, named as in Detectron2's checkpoints."""
        return dict(_tensors(self))


@dataclass(frozen=True, kw_only=True)
class DetectionRules:
    """How many boxes survive each step; the defaults are Detectron2's."""

    proposals_before: int = 1000
    proposals: int = 1000
    proposal_nms: float = 0.7
    threshold: float = 0.05
    box_nms: float = 0.5
    people: int = 100


def _conv(name: str, out: int, inner: int, kernel: int, *, bias: bool = True) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (out, inner, kernel, kernel)
    if bias:
        yield f"{name}.bias", (out,)


def _conv_frozen_norm(name: str, out: int, inner: int, kernel: int) -> Iterator[tuple[str, Shape]]:
    yield from _conv(name, out, inner, kernel, bias=False)
    for statistic in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.norm.{statistic}", (out,)


def _affine(name: str, channels: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (channels,)
    yield f"{name}.bias", (channels,)


def _linear(name: str, out: int, inner: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (out, inner)
    yield f"{name}.bias", (out,)


def _tensors(a: RCNNArchitecture) -> Iterator[tuple[str, Shape]]:
    yield from _trunk(a)
    head = "proposal_generator.rpn_head"
    yield from _conv(f"{head}.conv", a.fpn_channels, a.fpn_channels, 3)
    yield from _conv(f"{head}.objectness_logits", 3, a.fpn_channels, 1)
    yield from _conv(f"{head}.anchor_deltas", 12, a.fpn_channels, 1)
    yield from _linear("roi_heads.box_head.fc1", a.box_fc, a.fpn_channels * 49)
    yield from _linear("roi_heads.box_head.fc2", a.box_fc, a.box_fc)
    yield from _linear("roi_heads.box_predictor.cls_score", a.num_classes + 1, a.box_fc)
    yield from _linear("roi_heads.box_predictor.bbox_pred", 4 * a.num_classes, a.box_fc)
    if a.decoder_channels is not None:
        for level, places in _DECODER_CONVS.items():
            for place in places:
                inner = a.fpn_channels if place == 0 else a.decoder_channels
                yield from _conv(f"roi_heads.decoder.p{level}.{place}", a.decoder_channels, inner, 3)
        yield from _conv("roi_heads.decoder.predictor", a.fpn_channels, a.decoder_channels, 1)
    yield from _dense_head(a)
    for parameters, channels in a.branches.values():
        name = f"roi_heads.densepose_predictor.{parameters}"
        yield f"{name}.weight", (a.head_channels, channels, 4, 4)  # transposed convolution: (in, out, 4, 4)
        yield f"{name}.bias", (channels,)
    for mesh, vertices, features in a.meshes:
        yield f"roi_heads.embedder.embedder_{mesh}.features", (vertices, features)
        yield f"roi_heads.embedder.embedder_{mesh}.embeddings", (features, a.embed_channels or 0)


def _trunk(a: RCNNArchitecture) -> Iterator[tuple[str, Shape]]:
    stem = "backbone.bottom_up.stem.conv1"
    yield from _conv_frozen_norm(stem, a.stem_channels, 3, 7)
    inner = a.stem_channels
    for stage, blocks in enumerate(a.blocks):
        mid, out = a.res2_mid << stage, a.res2_out << stage
        for block in range(blocks):
            name = f"backbone.bottom_up.res{stage + 2}.{block}"
            if block == 0:
                yield from _conv_frozen_norm(f"{name}.shortcut", out, inner, 1)
            yield from _conv_frozen_norm(f"{name}.conv1", mid, inner, 1)
            yield from _conv_frozen_norm(f"{name}.conv2", mid, mid, 3)
            yield from _conv_frozen_norm(f"{name}.conv3", out, mid, 1)
            inner = out
    for stage, level in enumerate(PYRAMID_LEVELS):
        yield from _conv(f"backbone.fpn_lateral{level}", a.fpn_channels, a.res2_out << stage, 1)
        yield from _conv(f"backbone.fpn_output{level}", a.fpn_channels, a.fpn_channels, 3)


def _dense_head(a: RCNNArchitecture) -> Iterator[tuple[str, Shape]]:
    head, width = "roi_heads.densepose_head", a.fpn_channels
    plain = a.head == "v1convx"
    if not plain:
        for i in range(len(ASPP_DILATIONS) + 1):
            yield f"{head}.ASPP.convs.{i}.0.weight", (width, width, *((1, 1) if i == 0 else (3, 3)))
            yield from _affine(f"{head}.ASPP.convs.{i}.1", width)
        yield f"{head}.ASPP.convs.4.1.weight", (width, width, 1, 1)
        yield from _affine(f"{head}.ASPP.convs.4.2", width)
        yield f"{head}.ASPP.project.0.weight", (width, 5 * width, 1, 1)
    for layer in range(a.head_layers):
        inner = width if layer == 0 else a.head_channels
        name = f"{head}.body_conv_fcn{layer + 1}"
        yield from _conv(name, a.head_channels, inner, 3, bias=plain)
        if not plain:
            yield from _affine(f"{name}.norm", a.head_channels)
