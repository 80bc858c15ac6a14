"""Fitted bodies as files of the third dimension: GLB (one file, textures inside) and OBJ (with MTL and PNG beside it).

Metres, y up, the camera looks along -z; the lowest point of all people is at y = 0, and they stand to each other as the camera saw
them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vitruv.errors import InputError, MissingExtraError
from vitruv.files import replacing
from vitruv.texture.fit_body import FittedBody
from vitruv.texture.layout import Layout
from vitruv.types import AnyArray, Float32Array, PathLike, UInt8Array

_GREY = (184, 178, 172)


@dataclass(frozen=True, eq=False)
class SceneBody:
    """body: as fitted. texture: (s, s, 3) uint8 in the layout of the package's body, or None for plain grey."""

    body: FittedBody
    texture: UInt8Array | None = None


def scene_vertices(bodies: Sequence[FittedBody]) -> list[Float32Array]:
    """(v, 3) float32 of every body in the frame of the file."""
    turned = [body.vertices * np.array([1, -1, -1], np.float32) for body in bodies]
    floor = min((float(vertices[:, 1].min()) for vertices in turned), default=0.0)
    return [(vertices - np.array([0, floor, 0], np.float32)).astype(np.float32) for vertices in turned]


def write_scene(path: PathLike, bodies: Sequence[SceneBody]) -> None:
    """Write all bodies into one file; its ending says the format, .glb or .obj.

    Raises InputError for no bodies or another ending, MissingExtraError for .glb without trimesh, UnwritableFileError.
    """
    if not bodies:
        raise InputError("there is nobody to write")
    target = Path(path)
    if target.suffix.lower() not in (".glb", ".obj"):
        raise InputError(f"a scene is written as .glb or .obj, but the name ends in {target.suffix!r}")
    (_write_glb if target.suffix.lower() == ".glb" else _write_obj)(target, bodies)


def _corners(layout: Layout) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Vertex, u and v of every point of the mesh, and the faces by points: a vertex has a point for each place in the layout."""
    pairs = np.concatenate([layout.faces.reshape(-1, 1), layout.face_uv.reshape(-1, 2)], axis=1)
    points, faces = np.unique(pairs, axis=0, return_inverse=True)
    return points[:, 0].astype(np.int64), points[:, 1:], faces.reshape(-1, 3)


def _picture(texture: UInt8Array | None) -> Image.Image:
    return Image.new("RGB", (4, 4), _GREY) if texture is None else Image.fromarray(texture)


def _write_glb(path: Path, bodies: Sequence[SceneBody]) -> None:
    try:
        trimesh: Any = import_module("trimesh")
    except ImportError:
        raise MissingExtraError("trimesh", "mesh") from None
    vertex, uv, faces = _corners(Layout.of_body())
    scene = trimesh.Scene()
    for i, (one, vertices) in enumerate(zip(bodies, scene_vertices([one.body for one in bodies]), strict=True)):
        material = trimesh.visual.material.PBRMaterial(
            name=f"person_{i + 1}", baseColorTexture=_picture(one.texture), metallicFactor=0.0, roughnessFactor=0.9
        )
        visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
        mesh = trimesh.Trimesh(vertices[vertex], faces, visual=visual, process=False)
        scene.add_geometry(mesh, node_name=f"person_{i + 1}", geom_name=f"person_{i + 1}")
    data = scene.export(file_type="glb")
    with replacing(path) as stream:
        stream.write(data)


def _write_obj(path: Path, bodies: Sequence[SceneBody]) -> None:
    layout = Layout.of_body()
    vertex, uv, faces = _corners(layout)
    lines, materials, pictures = [f"mtllib {path.stem}.mtl"], [], []
    for i, (one, vertices) in enumerate(zip(bodies, scene_vertices([one.body for one in bodies]), strict=True)):
        name, first = f"person_{i + 1}", 1 + i * len(vertex)
        lines += [f"o {name}", f"usemtl {name}"]
        lines += [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in vertices[vertex].tolist()]
        lines += [f"vt {u:.5f} {v:.5f}" for u, v in uv.tolist()]
        lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in (faces + first).tolist()]
        picture = path.with_name(f"{path.stem}_{name}.png")
        materials += [f"newmtl {name}", "Kd 1 1 1", f"map_Kd {picture.name}"]
        pictures.append((picture, _picture(one.texture)))
    for target, image in pictures:
        buffer = io.BytesIO()
        image.save(buffer, "png")
        with replacing(target) as stream:
            stream.write(buffer.getvalue())
    for target, text in ((path.with_suffix(".mtl"), materials), (path, lines)):
        with replacing(target) as stream:
            stream.write(("\n".join(text) + "\n").encode())
