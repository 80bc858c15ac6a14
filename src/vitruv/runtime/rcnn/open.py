"""Opens a folder with a DensePose-RCNN: which of its graphs run, and on what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitruv.errors import InputError, ModelError
from vitruv.rcnn_config import HALF_GRAPHS, MODEL_FORMAT, TILED_LEVELS, DetectionRules, RCNNArchitecture
from vitruv.runtime.devices import HALF_PROVIDERS
from vitruv.runtime.rcnn.graph import Graph
from vitruv.runtime.rcnn.merge import TiledMerge
from vitruv.runtime.rcnn.model import RCNNModel, Stage
from vitruv.runtime.rcnn.pyramid import TiledPyramid

if TYPE_CHECKING:
    from vitruv.runtime.rcnn.augment import AugmentedModel


def open_model(
    folder: Path, manifest: dict[str, Any], *, device: str, precision: str = "auto", augment: bool = False
) -> RCNNModel | AugmentedModel:
    """Open a folder made by `vitruv convert`, as `open_rcnn`; augment: to look at every picture many times."""
    opened = open_rcnn(folder, manifest, device=device, precision=precision)
    if not augment:
        return opened
    from vitruv.runtime.rcnn.augment import augmented

    return augmented(opened)


def open_rcnn(folder: Path, manifest: dict[str, Any], *, device: str, precision: str = "auto", tiled: bool = True) -> RCNNModel:
    """Open a folder made by `vitruv convert`. Raises ModelError naming what cannot be used.

    precision: "fp16", "fp32", or "auto": what the device is made for. tiled: on a processor and in fp32, run the forms of the
    graphs that are faster there; False runs what other devices run.
    """
    if manifest.get("version") != MODEL_FORMAT:
        raise ModelError(f"{folder}: was made by another version of vitruv; remove it and convert the checkpoint again")
    try:
        settings = manifest["settings"]
        architecture = RCNNArchitecture.from_dict(manifest["architecture"])
        rules = DetectionRules(**settings["rules"])
        sizes = int(settings["min_size"]), int(settings["max_size"])
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise ModelError(f"{folder}: model.json cannot be used ({error}); convert the checkpoint again") from None

    def graph(name: str, threads: int | None = None) -> Graph:
        file = f"{name}_half.onnx" if half and name in HALF_GRAPHS else f"{name}.onnx"
        return Graph(folder / file, device=device, threads=threads)

    half = False
    head = graph("proposal_head", 1)  # a small graph shows which provider really starts, which "auto" leaves open
    half = head.provider in HALF_PROVIDERS if precision == "auto" else precision == "fp16"
    decoder = architecture.decoder_channels is not None
    trunk: Stage
    merge: Graph | TiledMerge | None = None
    if tiled and not half and head.on_processor:
        outputs = {level: graph(f"pyramid_output{level}", 1) for level in TILED_LEVELS}
        trunk = TiledPyramid(architecture.fpn_channels, graph("pyramid_base"), outputs, head)
        if decoder:
            merge = TiledMerge(graph("merge_from_32"), graph("merge_at_16", 1), graph("merge_at_8", 1), graph("merge_at_4", 1))
    else:
        trunk = graph("trunk")
        merge = graph("merge") if decoder else None
    return RCNNModel(
        architecture=architecture,
        rules=rules,
        min_size=sizes[0],
        max_size=sizes[1],
        trunk=trunk,
        boxes=graph("pooled_boxes" if isinstance(trunk, TiledPyramid) and not architecture.box_pooler_aligned else "boxes"),
        people=graph("tiled_people" if isinstance(merge, TiledMerge) else "people"),
        merge=merge,
        vertices=graph("vertices") if architecture.meshes else None,
    )
