"""The atlas: from image values (chart, U, V) to points on the body and back."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError
from vitruv.files import replacing
from vitruv.surface.charts import KAPPA_GROUPS, NUM_CHARTS
from vitruv.surface.geodesics import GeodesicGraph
from vitruv.surface.lookup import ChartLookup
from vitruv.surface.official import OFFICIAL_KAPPA_M, read_official, walk_mirror
from vitruv.surface.projection import project
from vitruv.types import AnyArray, Float32Array, Float64Array, Int32Array, Int64Array, PathLike, UInt8Array

_FORMAT_VERSION = 1


_UV_SLACK = 1e-3  # what arithmetic may add to a coordinate of 0 or 1


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points on a surface, as faces and weights of their corners.

    face: (n,) int32, -1 where there is no point (background).
    barycentric: (n, 3) float64, not negative, sum 1 (0 where there is no point).
    """

    face: Int32Array
    barycentric: Float64Array

    def __len__(self) -> int:
        return len(self.face)


@dataclass(frozen=True, eq=False)
class Atlas:
    """A body surface cut into 24 charts, each unrolled to the unit square.

    All functions that return or take places in space use one frame: metres, right-handed, y up with the feet at y = 0; the body
    faces +z and its LEFT side is at +x. `vitruv.body` and SMPL have the same axes.

    rest_vertices: (v, 3) float32, the body in rest pose as the atlas file stores it, with the pelvis at the origin; use `vertices`,
        the same body in the frame above, unless the numbers must be those of the file.
    faces: (f, 3) int32, counter-clockwise seen from outside.
    chart_of_face: (f,) uint8, 1..24.
    chart_vertex: (n,) int32, vertex of every chart vertex; a vertex on a seam has one chart vertex for every side.
    chart_faces: (f, 3) int32, the same faces by chart vertices.
    chart_uv: (n, 2) float32, U and V in [0, 1].
    mirror_vertex: (v,) int32, vertex at the same place on the other side of the body.
    kappa_m: (8,) float32 by `KAPPA_GROUPS`: mean geodesic distance between points of such a part, metres.
    rest_up: the axis of `rest_vertices` that points up: "z" (the body faces -y; the atlas in the package) or "y" (the body faces
        +z; the official surface).
    """

    rest_vertices: Float32Array
    faces: Int32Array
    chart_of_face: UInt8Array
    chart_vertex: Int32Array
    chart_faces: Int32Array
    chart_uv: Float32Array
    mirror_vertex: Int32Array
    kappa_m: Float32Array
    rest_up: Literal["y", "z"] = "z"

    def __post_init__(self) -> None:
        v, f, n = len(self.rest_vertices), len(self.faces), len(self.chart_vertex)
        expected: dict[str, tuple[tuple[int, ...], Any]] = {
            "rest_vertices": ((v, 3), np.float32),
            "faces": ((f, 3), np.int32),
            "chart_of_face": ((f,), np.uint8),
            "chart_vertex": ((n,), np.int32),
            "chart_faces": ((f, 3), np.int32),
            "chart_uv": ((n, 2), np.float32),
            "mirror_vertex": ((v,), np.int32),
            "kappa_m": ((len(KAPPA_GROUPS),), np.float32),
        }
        for name, (shape, dtype) in expected.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != dtype:
                raise InputError(f"{name} must be {shape} {np.dtype(dtype)}, but is {array.shape} {array.dtype}")
        for name, limit in (("faces", v), ("chart_vertex", v), ("chart_faces", n), ("mirror_vertex", v)):
            array = getattr(self, name)
            if array.size and not (array.min() >= 0 and array.max() < limit):
                raise InputError(f"{name} must name vertices 0..{limit - 1}, but holds {array.min()}..{array.max()}")
        if f and not (self.chart_of_face.min() >= 1 and self.chart_of_face.max() <= NUM_CHARTS):
            raise InputError(f"chart_of_face must be in 1..{NUM_CHARTS}")
        if not np.isfinite(self.rest_vertices).all():
            raise InputError("rest_vertices must be finite")
        if self.rest_up not in ("y", "z"):
            raise InputError(f"rest_up must be 'y' or 'z', but is {self.rest_up!r}")
        if not ((self.chart_uv >= 0) & (self.chart_uv <= 1)).all():
            raise InputError("chart_uv must be in [0, 1]")
        if (self.chart_vertex[self.chart_faces] != self.faces).any():
            raise InputError("chart_faces must be the faces by chart vertices, but they name other vertices")

    @classmethod
    def load(cls, path: PathLike | None = None) -> Atlas:
        """The atlas in the package, or one that `save` wrote.

        Raises MissingFileError, UnreadableFileError, or FormatError for a file that is not an atlas.
        """
        if path is None:
            return cls._read(Path(str(resources.files("vitruv") / "data" / "atlas.npz")))
        return cls._read(Path(path))

    @classmethod
    def _read(cls, path: Path) -> Atlas:
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                if "format_version" not in stored or int(stored["format_version"]) != _FORMAT_VERSION:
                    raise FormatError(path, f"this is not an atlas of format {_FORMAT_VERSION}; build it again with this version")
                arrays: dict[str, AnyArray] = {name: stored[name] for name in _STORED_ARRAYS}
                rest_up: Any = str(stored["rest_up"]) if "rest_up" in stored else "z"
        except FileNotFoundError as error:
            raise MissingFileError(path) from error
        except KeyError as error:
            raise FormatError(path, f"the atlas lacks an array ({error.args[0]})") from error
        except (ValueError, TypeError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise FormatError(path, "this is not an atlas (no readable .npz archive)") from error
        except OSError as error:
            raise UnreadableFileError(path, f"cannot be read ({error.strerror or error})") from error
        try:
            chart_vertex = arrays["chart_vertex"].astype(np.int32)
            chart_faces = arrays["chart_faces"].astype(np.int32)
            return cls(
                rest_vertices=arrays["vertices"].astype(np.float32),
                faces=chart_vertex[chart_faces],
                chart_of_face=arrays["chart_of_face"].astype(np.uint8),
                chart_vertex=chart_vertex,
                chart_faces=chart_faces,
                chart_uv=arrays["chart_uv"].astype(np.float32),
                mirror_vertex=arrays["mirror_vertex"].astype(np.int32),
                kappa_m=arrays["kappa_m"].astype(np.float32),
                rest_up=rest_up,
            )
        except (InputError, IndexError, ValueError, TypeError) as error:
            raise FormatError(path, f"the atlas is damaged: {error}") from error

    @classmethod
    def from_official(cls, path: PathLike, vertices: AnyArray) -> Atlas:
        """The original's surface from `UV_Processed.mat` and the (6890, 3) SMPL template vertices it belongs to (metres).

        kappa_m is the official evaluator's. Raises as `read_official`, and InputError when the vertices do not fit the file.
        """
        chart_faces, chart_vertex, chart_uv, chart_of_face = read_official(path)
        body = np.asarray(vertices, np.float32)
        needed = int(chart_vertex.max()) + 1
        if body.ndim != 2 or body.shape[1] != 3 or len(body) < needed:
            raise InputError(f"vertices must be (n, 3) with {needed} rows or more for this surface, but are {body.shape}")
        faces = chart_vertex[chart_faces]
        return cls(
            rest_vertices=body,
            faces=faces,
            chart_of_face=chart_of_face,
            chart_vertex=chart_vertex,
            chart_faces=chart_faces,
            chart_uv=chart_uv,
            mirror_vertex=walk_mirror(faces, len(body)),
            kappa_m=np.array(OFFICIAL_KAPPA_M, np.float32),
            rest_up="y",
        )

    def save(self, path: PathLike) -> None:
        """Write an .npz archive that `load` reads; the same atlas gives the same bytes."""
        small = np.uint16 if max(len(self.rest_vertices), len(self.chart_vertex)) <= np.iinfo(np.uint16).max else np.int32
        arrays: dict[str, Any] = {name: getattr(self, "rest_vertices" if name == "vertices" else name) for name in _STORED_ARRAYS}
        if self.rest_up != "z":  # the atlas in the package says nothing
            arrays["rest_up"] = np.str_(self.rest_up)
        for name in ("chart_vertex", "chart_faces", "mirror_vertex"):
            arrays[name] = arrays[name].astype(small)
        with replacing(path) as stream:
            np.savez_compressed(stream, format_version=np.int64(_FORMAT_VERSION), **arrays)

    @cached_property
    def vertices(self) -> Float32Array:
        """(v, 3) float32: the body in rest pose; metres, y up, feet at y = 0, facing +z, its left at +x.

        Every posed body with vertices in the same order can stand in for it (`positions`, `project`).
        """
        return self._standing.astype(np.float32)

    @cached_property
    def _standing(self) -> Float64Array:
        body = self.rest_vertices.astype(np.float64)
        if self.rest_up == "z":
            body = np.stack([body[:, 0], body[:, 2], -body[:, 1]], axis=1)
        if len(body):
            body[:, 1] -= body[:, 1].min()
        return body

    @cached_property
    def corner_uv(self) -> Float32Array:
        """(f, 3, 2) float32: U and V at the corners of every face."""
        return self.chart_uv[self.chart_faces]

    @cached_property
    def _lookup(self) -> ChartLookup:
        return ChartLookup(self.chart_uv.astype(np.float64), self.chart_faces, self.chart_of_face)

    def locate(self, labels: AnyArray, uv: AnyArray) -> SurfacePoints:
        """Image values to points on the surface.

        labels: (n,) integers, 0..24; uv: (n, 2). Label 0 gives face -1. Where (U, V) lies outside its chart's outline, the
        nearest point of the outline is taken (the original snaps to the nearest vertex there).
        """
        charts, points = _image_values(labels, uv)
        face, weights = self._lookup.locate(charts, points)
        return SurfacePoints(face.astype(np.int32), weights)

    def nearest_vertex(self, labels: AnyArray, uv: AnyArray) -> Int32Array:
        """(n,) int32: the vertex that lies nearest in the same chart's U, V (the original evaluator's rule); -1 for label 0."""
        charts, points = _image_values(labels, uv)
        chart_vertex = self._lookup.nearest_chart_vertex(charts, points)
        return np.where(chart_vertex < 0, -1, self.chart_vertex[chart_vertex]).astype(np.int32)

    def positions(self, points: SurfacePoints, vertices: AnyArray | None = None) -> Float64Array:
        """(n, 3) float64, metres: where points lie on the body; NaN where there is no point.

        On the atlas's own body in rest pose: y up, feet at y = 0, facing +z, its left at +x. On a posed one, (v, 3) `vertices` in
        the same order: in the frame of those vertices.
        """
        body = self._body(vertices)
        found = np.einsum("nk,nkc->nc", points.barycentric, body[self.faces[points.face]])
        return np.where(points.face[:, None] >= 0, found, np.nan)

    def iuv(self, points: SurfacePoints) -> tuple[UInt8Array, Float32Array]:
        """Points on the surface to image values: labels (n,) uint8 and uv (n, 2) float32; 0 where there is no point."""
        some = points.face >= 0
        uv = np.einsum("nk,nkc->nc", points.barycentric, self.corner_uv[points.face].astype(np.float64))
        labels = np.where(some, self.chart_of_face[points.face], 0).astype(np.uint8)
        return labels, np.where(some[:, None], np.clip(uv, 0.0, 1.0), 0.0).astype(np.float32)

    def project(self, xyz: AnyArray, vertices: AnyArray | None = None) -> SurfacePoints:
        """The nearest surface points of places in space, (n, 3) metres, on the atlas's own body or on a posed one; frames as in
        `positions`."""
        places = np.asarray(xyz, np.float64)
        if places.ndim != 2 or places.shape[1] != 3 or not np.isfinite(places).all():
            raise InputError(f"xyz must be (n, 3) and finite, but is {places.shape}")
        face, weights = project(places, self._body(vertices), self.faces)
        return SurfacePoints(face.astype(np.int32), weights)

    @cached_property
    def geodesics(self) -> GeodesicGraph:
        """Distances along the body in its rest pose. Needs scipy (extra `eval`)."""
        return GeodesicGraph(self.rest_vertices.astype(np.float64), self.faces)

    def geodesic_m(self, a_vertex: AnyArray, b_vertex: AnyArray) -> Float32Array:
        """(n,) float32 metres along the body between vertices a_vertex[i] and b_vertex[i]. Needs scipy (extra `eval`).

        Some 10 ms for every vertex that was not asked for before, and a few seconds at the first call.
        """
        return self.geodesics.between(a_vertex, b_vertex)

    def distances_m(self, a: SurfacePoints, b: SurfacePoints) -> Float64Array:
        """(n,) metres along the body between points a[i] and b[i]; inf where there is no point in one of them."""
        return self.geodesics.between_places(a.face, a.barycentric, b.face, b.barycentric)

    def mirror_map(self, labels: UInt8Array, uv: Float32Array) -> tuple[UInt8Array, Float32Array]:
        """The chart map of the picture flipped left to right: labels (h, w) uint8 and uv (2, h, w) float32, as in `ChartMap`."""
        if labels.ndim != 2 or uv.shape != (2, *labels.shape):
            raise InputError(f"labels must be (h, w) and uv (2, h, w), but they are {labels.shape} and {uv.shape}")
        flipped, flipped_uv = labels[:, ::-1].astype(np.uint8), np.zeros_like(uv, np.float32)
        inside = flipped > 0
        found, found_uv = self.mirror(flipped[inside], uv[:, :, ::-1][:, inside].T)
        flipped = flipped.copy()
        flipped[inside] = found
        flipped_uv[:, inside] = found_uv.T
        return flipped, flipped_uv

    def mirror(self, labels: AnyArray, uv: AnyArray) -> tuple[UInt8Array, Float32Array]:
        """Image values of the same places on the other side of the body."""
        points = self.locate(labels, uv)
        return self.iuv(self.mirrored(points))

    def mirrored(self, points: SurfacePoints) -> SurfacePoints:
        """The same places on the other side of the body."""
        face, corner = self._mirror_face
        some = points.face >= 0
        weights = np.take_along_axis(points.barycentric, corner[points.face], axis=1)
        return SurfacePoints(np.where(some, face[points.face], -1).astype(np.int32), weights)

    @cached_property
    def _mirror_face(self) -> tuple[Int64Array, Int64Array]:
        """Mirror face of every face, and for each of its corners the corner of the original face: (f,), (f, 3)."""
        image = self.mirror_vertex[self.faces].astype(np.int64)
        count = len(self.rest_vertices)

        def key(corners: AnyArray) -> Int64Array:
            a, b, c = np.sort(corners.astype(np.int64), axis=1).T
            return np.asarray((a * count + b) * count + c)

        own = key(self.faces)
        order = np.argsort(own)
        place = np.minimum(np.searchsorted(own[order], key(image)), len(own) - 1)
        face = order[place]
        if (own[face] != key(image)).any():
            raise InputError("this surface is not mirror-symmetric: some face has no mirror image")
        corner = (self.faces[face][:, :, None] == image[:, None, :]).argmax(axis=2)
        return face, corner

    def _body(self, vertices: AnyArray | None) -> Float64Array:
        if vertices is None:
            return self._standing
        body = np.asarray(vertices, np.float64)
        if body.shape != self.rest_vertices.shape:
            raise InputError(f"vertices must be {self.rest_vertices.shape}, like the atlas's, but are {body.shape}")
        return body


_STORED_ARRAYS = ("vertices", "chart_of_face", "chart_vertex", "chart_faces", "chart_uv", "mirror_vertex", "kappa_m")


def _image_values(labels: AnyArray, uv: AnyArray) -> tuple[UInt8Array, Float64Array]:
    charts, points = np.asarray(labels), np.asarray(uv, np.float64)
    if charts.ndim != 1 or points.shape != (len(charts), 2):
        raise InputError(f"labels must be (n,) and uv (n, 2), but they are {charts.shape} and {points.shape}")
    if charts.size and not (charts.min() >= 0 and charts.max() <= NUM_CHARTS):
        raise InputError(f"labels must be in 0..{NUM_CHARTS}, but range over {charts.min()}..{charts.max()}")
    if not np.isfinite(points[charts > 0]).all():
        raise InputError("uv must be finite")
    wrong = points[(charts > 0)[:, None] & ((points < -_UV_SLACK) | (points > 1 + _UV_SLACK))]
    if len(wrong):
        hint = "; are these codes of 0..255? Divide them by 255" if wrong.max() > 2 else ""
        raise InputError(f"uv must be in 0..1, but one is {wrong[np.abs(wrong).argmax()]:g}{hint}")
    return charts.astype(np.uint8), points
