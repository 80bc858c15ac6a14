"""From a checked checkpoint to a model folder that `vitruv.load` opens: settings, weights, graphs."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from vitruv.convert import rcnn_graphs
from vitruv.convert import rcnn_tile_graphs as tiles
from vitruv.convert.detectron2 import Checkpoint, read_checkpoint
from vitruv.convert.onnx_writer import OnnxGraph, Stored
from vitruv.convert.rcnn_people_graph import people, tiled_people
from vitruv.convert.safetensors_file import write_safetensors
from vitruv.errors import InputError, UnwritableFileError
from vitruv.rcnn_config import HALF_GRAPHS, MODEL_FORMAT, TILED_LEVELS, DetectionRules, RCNNArchitecture
from vitruv.types import PathLike

WEIGHTS_FILE = "weights.safetensors"


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What a model does that its tensors do not say; it travels inside the model.

    min_size, max_size: the shorter side of a picture is resized to min_size pixels, unless the longer one would exceed max_size.
    rules: how many boxes survive each step. mesh: for models that embed several meshes, the one to map people to.
    """

    min_size: int = 800
    max_size: int = 1333
    rules: DetectionRules = field(default_factory=DetectionRules)
    mesh: str | None = None

    def __post_init__(self) -> None:
        if not 32 <= self.min_size <= self.max_size <= 8192:
            raise InputError(f"sizes must be 32 <= min_size <= max_size <= 8192, but got {self.min_size} and {self.max_size}")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a model comes from. licence: of its weights."""

    name: str
    source: str
    licence: str
    sha256: str
    author: str = ""


def convert_checkpoint(
    checkpoint: PathLike,
    output: PathLike,
    *,
    settings: ModelSettings | None = None,
    name: str | None = None,
    source: str | None = None,
    licence: str = "unknown",
    box_pooler_aligned: bool = False,
    allow_extra: bool = False,
) -> Path:
    """Convert a checkpoint of Detectron2's DensePose to a model folder.

    output: the folder to make; it must not exist. source: where the file came from, its path when left out.
    Returns the folder. Raises the errors of `read_checkpoint`, InputError and UnwritableFileError.
    """
    path, folder = Path(checkpoint), Path(output)
    if folder.exists():
        raise InputError(f"{folder} exists already: remove it, or choose another name for the model")
    read = read_checkpoint(path, box_pooler_aligned=box_pooler_aligned, allow_extra=allow_extra)
    origin = Origin(name=name or path.stem, source=source or str(path), licence=licence, sha256=_sha256(path), author=read.author)
    return write_model(folder, read, settings=settings or ModelSettings(), origin=origin)


def write_model(folder: Path, checkpoint: Checkpoint, *, settings: ModelSettings, origin: Origin) -> Path:
    """Write a model folder in one step: it appears whole or not at all."""
    a = checkpoint.architecture
    meshes = [mesh for mesh, _, _ in a.meshes]
    if settings.mesh is not None and settings.mesh not in meshes:
        raise InputError(f"mesh {settings.mesh!r} is not one of the model's: {', '.join(meshes) or 'it embeds none'}")
    mesh = settings.mesh or (meshes[0] if meshes else None)
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        places = write_safetensors(part / WEIGHTS_FILE, checkpoint.tensors, metadata={"format": "pt", **asdict(origin)})
        for graph_name, compose in _graphs(a, mesh).items():
            _write_graph(part / f"{graph_name}.onnx", compose, a, places)
            if graph_name in HALF_GRAPHS:
                _write_graph(part / f"{graph_name}_half.onnx", compose, a, places, half=True)
        manifest = {
            "kind": "rcnn",
            "version": MODEL_FORMAT,
            "origin": asdict(origin),
            "settings": asdict(settings) | {"mesh": mesh},
            "architecture": a.as_dict(),
        }
        (part / "model.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        part.rename(folder)
    except OSError as error:
        raise UnwritableFileError(folder, f"cannot be written: {(error.strerror or str(error)).lower()}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


Compose = Callable[[OnnxGraph, RCNNArchitecture], None]


def _graphs(a: RCNNArchitecture, mesh: str | None) -> dict[str, Compose]:
    graphs: dict[str, Compose] = {"trunk": rcnn_graphs.trunk, "boxes": rcnn_graphs.boxes, "people": people}
    # The same for processors.
    graphs |= {"pyramid_base": tiles.pyramid_base, "proposal_head": tiles.proposal_head}
    graphs |= {f"pyramid_output{level}": partial(tiles.pyramid_output, level=level) for level in TILED_LEVELS}
    if not a.box_pooler_aligned:
        graphs["pooled_boxes"] = rcnn_graphs.pooled_boxes
    if a.decoder_channels is not None:
        graphs |= {"merge": rcnn_graphs.merge, "merge_from_32": tiles.merge_from_32, "merge_at_16": tiles.merge_at_16}
        graphs |= {"merge_at_8": tiles.merge_at_8, "merge_at_4": tiles.merge_at_4}
        graphs["tiled_people"] = tiled_people
    if mesh is not None:
        graphs["vertices"] = partial(rcnn_graphs.vertices, mesh=mesh)
    return graphs


def _write_graph(path: Path, compose: Compose, a: RCNNArchitecture, places: dict[str, Stored], *, half: bool = False) -> None:
    graph = OnnxGraph(path.stem, WEIGHTS_FILE, places, half)
    compose(graph, a)
    graph.write(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
