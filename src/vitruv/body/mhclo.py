"""Reading clothes made for MakeHuman: .obj geometry and .mhclo fitting files, into `Item`s.

A fitting line is either the number of a base-mesh vertex, or `v1 v2 v3 w1 w2 w3 dx dy dz`; `x_scale a b d` (y, z likewise) scales
the offsets by the distance of vertices a and b along that axis over d. Lengths are decimetres. Numbers stand in the order of the
.obj's vertices.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.body.item import Item, skin_of_refs
from vitruv.body.mannequin import Mannequin
from vitruv.body.skeleton import BONE_INDEX
from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.types import Float64Array, Int64Array

_METRES = 0.1
_SHOE_SHARE, _HEAD_SHARE, _LIMB_SHARE = 0.6, 0.75, 0.06


@dataclass(frozen=True, eq=False)
class ObjMesh:
    """vertices (n, 3), faces (m, 3) and texture coordinates of their corners (m, 3, 2), v upwards; polygons are cut into fans."""

    vertices: Float64Array
    faces: Int64Array
    face_uv: Float64Array


@dataclass(frozen=True, eq=False)
class Fitting:
    """refs (n, 3) base-mesh vertices, weights (n, 3), offsets (n, 3) decimetres, scale: axis -> (a, b, d), hides (h,) base-mesh
    vertices that are covered."""

    refs: Int64Array
    weights: Float64Array
    offsets: Float64Array
    scale: dict[str, tuple[int, int, float]]
    hides: Int64Array


def _lines(path: Path) -> list[list[str]]:
    try:
        return [line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    except FileNotFoundError as error:
        raise MissingFileError(path) from error
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error.strerror or error})") from error


def read_obj(path: Path) -> ObjMesh:
    """Raises MissingFileError, UnreadableFileError or FormatError."""
    vertices, texture, faces, corners = [], [[0.0, 0.0]], [], []
    try:
        for parts in _lines(path):
            if not parts:
                continue
            if parts[0] == "v":
                vertices.append([float(x) for x in parts[1:4]])
            elif parts[0] == "vt":
                texture.append([float(x) for x in parts[1:3]])
            elif parts[0] == "f":
                polygon = [[int(x) if x else 0 for x in corner.split("/")] + [0] for corner in parts[1:]]
                for i in range(1, len(polygon) - 1):
                    fan = (polygon[0], polygon[i], polygon[i + 1])
                    faces.append([corner[0] - 1 for corner in fan])
                    corners.append([corner[1] for corner in fan])
        mesh = ObjMesh(
            np.array(vertices, np.float64).reshape(-1, 3),
            np.array(faces, np.int64).reshape(-1, 3),
            np.array(texture, np.float64)[np.array(corners, np.int64).reshape(-1, 3)],
        )
    except (ValueError, IndexError) as error:
        raise FormatError(path, f"is not a Wavefront .obj file that can be used ({error})") from error
    if len(mesh.faces) and (mesh.faces.min() < 0 or mesh.faces.max() >= len(mesh.vertices)):
        raise FormatError(path, "has faces with vertices that it does not have")
    return mesh


def read_mhclo(path: Path) -> Fitting:
    """Raises MissingFileError, UnreadableFileError or FormatError."""
    rows: list[list[float]] = []
    scale: dict[str, tuple[int, int, float]] = {}
    hides: list[int] = []
    section = ""
    try:
        for parts in _lines(path):
            if not parts or parts[0].startswith("#"):
                continue
            if parts[0] in ("x_scale", "y_scale", "z_scale"):
                scale[parts[0][0]] = (int(parts[1]), int(parts[2]), float(parts[3]))
            elif parts[0] in ("verts", "delete_verts"):
                section = parts[0]
            elif section == "delete_verts":
                hides += _ranges(parts)
            elif section == "verts" and parts[0].isdigit():
                numbers = [float(x) for x in parts]
                rows.append(numbers[:9] if len(numbers) >= 9 else [numbers[0]] * 3 + [1.0] + [0.0] * 5)
        table = np.array(rows, np.float64).reshape(-1, 9)
    except (ValueError, IndexError) as error:
        raise FormatError(path, f"is not a .mhclo file that can be used ({error})") from error
    return Fitting(table[:, :3].astype(np.int64), table[:, 3:6], table[:, 6:9], scale, np.array(hides, np.int64))


def _ranges(parts: list[str]) -> list[int]:
    """`3 5 - 8` -> 3, 5, 6, 7, 8."""
    numbers: list[int] = []
    for i, part in enumerate(parts):
        if part == "-" and numbers and i + 1 < len(parts):
            numbers += range(numbers[-1] + 1, int(parts[i + 1]))
        elif part != "-":
            numbers.append(int(part))
    return numbers


def read_item(mannequin: Mannequin, base: Float64Array, *, name: str, kind: str | None, sex: int, obj: Path, mhclo: Path) -> Item:
    """One item, tied to our points. base: (19158, 3) vertices of the base mesh hm08, decimetres.

    kind: None finds it out from the body parts that are covered. Raises as `read_obj` and `read_mhclo`.
    """
    from scipy.spatial import cKDTree

    mesh, fitting = read_obj(obj), read_mhclo(mhclo)
    if len(fitting.refs) != len(mesh.vertices):
        raise FormatError(mhclo, f"fits {len(fitting.refs)} vertices, but {obj.name} has {len(mesh.vertices)}")
    if len(fitting.refs) and int(fitting.refs.max()) >= len(base):
        raise FormatError(mhclo, f"names vertex {int(fitting.refs.max())}, but the base mesh has {len(base)}")
    ours = _our_points(mannequin, base)
    refs = ours[fitting.refs]
    points = base[mannequin.hm08_vertex]
    # Base vertices that we lack were replaced by the nearest point of ours; what that shifts is put into the offset.
    shift = ((base[fitting.refs] - points[refs]) * fitting.weights[..., None]).sum(axis=1)
    scale = [fitting.scale.get(axis, (0, 0, 0.0)) for axis in "xyz"]
    worn = (base[fitting.refs] * fitting.weights[..., None]).sum(axis=1) + fitting.offsets
    body_points = points[: mannequin.body.vertex_count]
    allowed = _head_vertices(mannequin) if kind == "hair" else np.arange(len(body_points))
    anchors = allowed[cKDTree(body_points[allowed]).query(worn)[1]]
    bones, weights = skin_of_refs(mannequin, refs, fitting.weights)
    return Item(
        name=name,
        kind=kind or _kind_of(mannequin, anchors, worn),
        sex=sex,
        refs=refs.astype(np.int32),
        weights=fitting.weights.astype(np.float32),
        offsets=(_METRES * (fitting.offsets + shift)).astype(np.float32),
        scale_refs=ours[np.array([[a, b] for a, b, _ in scale])].astype(np.int32),
        scale_lengths=(_METRES * np.array([d for _, _, d in scale])).astype(np.float32),
        faces=mesh.faces.astype(np.int32),
        face_uv=mesh.face_uv.astype(np.float32),
        anchors=anchors.astype(np.int32),
        hides=np.flatnonzero(np.isin(mannequin.hm08_vertex[: mannequin.body.vertex_count], fitting.hides)).astype(np.int32),
        skin_bones=bones,
        skin_weights=weights,
    )


def _our_points(mannequin: Mannequin, base: Float64Array) -> Int64Array:
    """For every base vertex our point: itself where we have it, else the nearest. (19158,) int64."""
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(base[mannequin.hm08_vertex]).query(base)
    ours = np.asarray(nearest, np.int64)
    ours[mannequin.hm08_vertex] = np.arange(mannequin.point_count)
    return ours


def _head_vertices(mannequin: Mannequin) -> Int64Array:
    dominant = mannequin.body.skin_bones[:, 0]
    return np.flatnonzero(np.isin(dominant, [BONE_INDEX["head"], BONE_INDEX["neck03"]]))


def _kind_of(mannequin: Mannequin, anchors: Int64Array, worn: Float64Array) -> str:
    dominant = mannequin.body.skin_bones[anchors, 0]

    def share(*stems: str) -> float:
        bones = [i for bone, i in BONE_INDEX.items() if bone.startswith(stems)]
        return float(np.isin(dominant, bones).mean())

    if share("foot", "toes") > _SHOE_SHARE:
        return "shoes"
    if share("head") > _HEAD_SHARE:
        return "hat" if float(worn[:, 1].max()) > 8.2 else "glasses"
    chest = share("spine01", "spine02", "clavicle", "shoulder")
    legs = share("upperleg", "lowerleg")
    if chest > _LIMB_SHARE and legs > _LIMB_SHARE:
        return "suit" if share("lowerleg") > _LIMB_SHARE else "dress"
    return "top" if chest > _LIMB_SHARE else "bottom"
