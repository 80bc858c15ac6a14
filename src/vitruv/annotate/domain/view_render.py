"""Rendering the six views of a part: the part in clay, a rim of its neighbours in grey, nothing else in the way."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from vitruv.annotate.domain.viewpoints import VIEWS_PER_PART, Viewpoint, viewpoints
from vitruv.errors import FormatError
from vitruv.render import Camera, Raster, rasterise
from vitruv.surface import Atlas
from vitruv.surface.charts import PART_OF_CHART
from vitruv.types import BoolArray, Float32Array, Float64Array, Int32Array, UInt8Array

VIEW_VERSION = 2
"""Part of the name of the cache: raise it when pictures or lookups change."""

_LONG_SIDE_PX = 448
_OVERSAMPLE = 2
_AWAY_M = 8.0  # so far that the picture is nearly without perspective
_MARGIN = 1.06
_RIM_M = 0.06
_DEPTH_STEPS = 60000

# Linear RGB of the clay. The two charts of a part differ a little, so that front and back cannot be confused.
_CLAY = np.array([[0.80, 0.50, 0.36], [0.62, 0.52, 0.52]])
_RIM = np.array([0.56, 0.57, 0.60])


@dataclass(frozen=True, eq=False)
class PartViews:
    """Six views of one part.

    titles: what is seen. image: (6, h, w, 4) uint8 RGBA. iuv: (6, h, w, 3) uint8, chart, 255 U and 255 V truncated.
    face: (6, h, w) int32, -1 = no body. barycentric: (6, h, w, 2) float32, weights of the second and third corner.
    depth: (6, h, w) uint16; metres from the camera are depth_near + depth_step * (depth - 1); 0 = no body.
    rotation (6, 3, 3) and translation (6, 3) float32, focal_px: cameras; the principal point is the centre of the picture.
    """

    titles: tuple[str, ...]
    image: UInt8Array
    iuv: UInt8Array
    face: Int32Array
    barycentric: Float32Array
    depth: np.ndarray[Any, np.dtype[np.uint16]]
    rotation: Float32Array
    translation: Float32Array
    focal_px: float
    depth_near: float
    depth_step: float

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.face.shape[1], self.face.shape[2]


def render_part(atlas: Atlas, part: int) -> PartViews:
    """Render the six views of part 1..14."""
    own = PART_OF_CHART[atlas.chart_of_face] == part  # (f,)
    shown = own | _rim(atlas, own)
    faces = atlas.faces[shown]
    vertices = atlas.rest_vertices.astype(np.float64)
    cloud = vertices[np.unique(atlas.faces[own])]
    looks = viewpoints(part, cloud)
    centre = (cloud.min(axis=0) + cloud.max(axis=0)) / 2
    size_hw, focal = _fit(looks, cloud - centre)
    cameras = [_camera(look, centre, focal, size_hw) for look in looks]
    numbers = np.flatnonzero(shown)
    rasters = [_renumbered(rasterise(atlas.rest_vertices, faces, camera, size_hw), numbers) for camera in cameras]
    near = float(min(raster.depth.min() for raster in rasters))
    far = float(max(raster.depth[raster.face >= 0].max() for raster in rasters))
    step = max(far - near, 1e-6) / _DEPTH_STEPS
    base = _colours(atlas, own)
    normals = _vertex_normals(vertices, atlas.faces)
    pictures = [
        _picture(atlas, faces, numbers, camera, size_hw, focal, look, base, normals)
        for camera, look in zip(cameras, looks, strict=True)
    ]
    return PartViews(
        titles=tuple(look.title for look in looks),
        image=np.stack(pictures),
        iuv=np.stack([_iuv(atlas, raster) for raster in rasters]),
        face=np.stack([raster.face for raster in rasters]),
        barycentric=np.stack([raster.barycentric for raster in rasters]),
        depth=np.stack([_quantised(raster, near, step) for raster in rasters]),
        rotation=np.stack([camera.rotation for camera in cameras]),
        translation=np.stack([camera.translation for camera in cameras]),
        focal_px=focal,
        depth_near=near,
        depth_step=step,
    )  # fmt: skip


def save_views(file: BinaryIO, views: PartViews) -> None:
    """Write views as npz; pictures lie beside them as PNG and are not in it."""
    arrays = {field.name: getattr(views, field.name) for field in fields(views) if field.name not in ("image", "iuv")}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{name: np.asarray(value) for name, value in arrays.items()})
    file.write(buffer.getvalue())


def load_views(path: Path) -> PartViews:
    """Read what `save_views` wrote; without the pictures. Raises FormatError when the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            kept = {name: archive[name] for name in archive.files}
        none = np.zeros((VIEWS_PER_PART, 0, 0, 4), np.uint8)
        values: dict[str, Any] = {**kept, "image": none, "iuv": none[..., :3], "titles": tuple(map(str, kept["titles"]))}
        values |= {name: float(kept[name]) for name in ("focal_px", "depth_near", "depth_step")}
        return PartViews(**values)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        raise FormatError(path, "the cached views are damaged: delete this file, it will be made again") from None


def _rim(atlas: Atlas, own: BoolArray) -> BoolArray:
    """Faces around the part, up to a few centimetres along the surface."""
    corners = atlas.faces
    a = np.concatenate([corners[:, 0], corners[:, 1], corners[:, 2]])
    b = np.concatenate([corners[:, 1], corners[:, 2], corners[:, 0]])
    lengths = np.linalg.norm(atlas.rest_vertices[a].astype(np.float64) - atlas.rest_vertices[b], axis=1)
    count = len(atlas.rest_vertices)
    # Every edge belongs to two faces that run it in opposite directions; equal entries must not be added up.
    graph = coo_matrix((lengths, (a, b)), shape=(count, count)).tocsr()
    away = dijkstra(graph, directed=False, indices=np.unique(corners[own]), min_only=True, limit=_RIM_M)
    return np.asarray((away[corners] < np.inf).all(axis=1) & ~own)


def _fit(looks: list[Viewpoint], own: Float64Array) -> tuple[tuple[int, int], float]:
    """Size of the pictures and the focal length at which the part fills the fullest of them; the same scale in all six."""
    half_w = half_h = 0.0
    for look in looks:
        right = np.cross(look.up, look.toward)
        right /= np.linalg.norm(right)
        up = np.cross(look.toward, right)
        half_w = max(half_w, float(np.abs(own @ right).max()))
        half_h = max(half_h, float(np.abs(own @ up).max()))
    half_w, half_h = half_w * _MARGIN + 0.3 * _RIM_M, half_h * _MARGIN + 0.3 * _RIM_M
    scale = _LONG_SIDE_PX / (2 * max(half_w, half_h))  # pixels per metre
    width = max(round(2 * half_w * scale / 16) * 16, 160)
    height = max(round(2 * half_h * scale / 16) * 16, 160)
    return (height, width), scale * _AWAY_M


def _camera(look: Viewpoint, centre: Float64Array, focal: float, size_hw: tuple[int, int], scale: int = 1) -> Camera:
    middle = (scale * size_hw[1] / 2, scale * size_hw[0] / 2)
    return Camera.look_at(centre + _AWAY_M * look.toward, centre, up=look.up, focal_px=scale * focal, centre_xy=middle)


def _renumbered(raster: Raster, numbers: np.ndarray[Any, Any]) -> Raster:
    face = np.where(raster.face >= 0, numbers[raster.face], -1).astype(np.int32)
    return Raster(face, raster.barycentric, raster.depth)


def _quantised(raster: Raster, near: float, step: float) -> np.ndarray[Any, np.dtype[np.uint16]]:
    depth = np.where(raster.face >= 0, raster.depth, near)
    return np.where(raster.face >= 0, np.rint((depth - near) / step) + 1, 0).astype(np.uint16)


def _iuv(atlas: Atlas, raster: Raster) -> UInt8Array:
    uv = (raster.weights[..., None] * atlas.corner_uv[raster.face]).sum(axis=-2)
    codes = np.concatenate([atlas.chart_of_face[raster.face][..., None], np.clip(uv * 255, 0, 255)], axis=-1)
    return np.where(raster.face[..., None] >= 0, codes, 0).astype(np.uint8)


def _colours(atlas: Atlas, own: BoolArray) -> Float64Array:
    """(f, 3) linear RGB."""
    charts = atlas.chart_of_face
    first = charts[own].min()
    return np.where(own[:, None], _CLAY[(charts != first).astype(int)], _RIM)


def _vertex_normals(vertices: Float64Array, faces: Int32Array) -> Float64Array:
    corners = vertices[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(normals, faces[:, k], face_normals)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))


def _picture(
    atlas: Atlas, faces: Int32Array, numbers: np.ndarray[Any, Any], camera: Camera, size_hw: tuple[int, int], focal: float,
    look: Viewpoint, base: Float64Array, normals: Float64Array,
) -> UInt8Array:  # fmt: skip
    """(h, w, 4) uint8 RGBA: clay under a soft light from the upper left of the camera."""
    centre = -camera.rotation.T.astype(np.float64) @ camera.translation - _AWAY_M * look.toward
    fine_hw = (_OVERSAMPLE * size_hw[0], _OVERSAMPLE * size_hw[1])
    raster = _renumbered(
        rasterise(atlas.rest_vertices, faces, _camera(look, centre, focal, size_hw, _OVERSAMPLE), fine_hw), numbers
    )
    seen = raster.face >= 0
    face, weights = raster.face[seen], raster.weights[seen]  # (n,), (n, 3)
    normal = np.einsum("nk,nkc->nc", weights, normals[atlas.faces[face]].astype(np.float32))
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    right, down = camera.rotation[0].astype(np.float64), camera.rotation[1].astype(np.float64)
    key = look.toward - 0.55 * right - 0.75 * down
    lit = np.clip(normal @ (key / np.linalg.norm(key)), 0, 1)
    facing = np.clip(normal @ look.toward, 0, 1)
    shade = (0.16 + 0.62 * lit + 0.22 * facing) * (0.55 + 0.45 * facing**0.5)
    rgba = np.zeros((*fine_hw, 4), np.float32)
    rgba[seen, :3] = np.clip(base[face] * shade[:, None], 0, 1) ** (1 / 2.2)
    rgba[seen, 3] = 1
    small = rgba.reshape(size_hw[0], _OVERSAMPLE, size_hw[1], _OVERSAMPLE, 4).mean(axis=(1, 3))  # (h, w, 4), premultiplied
    small[..., :3] /= np.maximum(small[..., 3:], 1e-6)
    return np.asarray(np.rint(small * 255), np.uint8)
