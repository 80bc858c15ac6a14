"""The six pictures of a part that annotators click on, and the way from a click to a point of the surface.

Each view is a shaded picture, and under every pixel the face of the atlas, the place in it and the depth. They are rendered
once and kept as files. A browser gets the depths: from a pixel and its depth follows the point in space, and from that its
place in the other five views; so markers move without asking the server. What counts is what the server looks up here.
"""

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vitruv.annotate.domain.view_render import VIEW_VERSION, PartViews, load_views, render_part, save_views
from vitruv.annotate.domain.viewpoints import VIEWS_PER_PART
from vitruv.files import replacing
from vitruv.http.errors import NotFoundError, UnprocessableError
from vitruv.surface import Atlas
from vitruv.surface.charts import NUM_PARTS, PART_NAMES

LAYERS = {"image.png": "image/png", "iuv.png": "image/png", "depth.bin": "application/octet-stream"}


@dataclass(frozen=True)
class SurfacePoint:
    """A point of the surface: face of the atlas, weights of its three corners, and the chart coordinates there."""

    face: int
    b0: float
    b1: float
    b2: float
    chart: int
    u: float
    v: float

    def columns(self) -> dict[str, Any]:
        """As columns of the table of points."""
        return {name: getattr(self, name) for name in ("face", "b0", "b1", "b2", "chart", "u", "v")}


class Views:
    """The views of all 14 parts on an atlas, made when first asked for and kept in `folder`."""

    def __init__(self, atlas: Atlas, folder: Path) -> None:
        self.atlas = atlas
        self.fingerprint = _fingerprint(atlas)
        self.folder = folder / self.fingerprint
        self._parts: dict[int, PartViews] = {}
        # One lock for each part: who asks for a part does not wait until all others are made.
        self._turns = [threading.Lock() for _ in range(NUM_PARTS + 1)]

    def part(self, part: int) -> PartViews:
        """The views of one part. Raises NotFoundError for a part that does not exist."""
        if not 1 <= part <= NUM_PARTS:
            raise NotFoundError(f"there is no part {part}; parts are numbered 1 to {NUM_PARTS}")
        with self._turns[part]:
            if part not in self._parts:
                self._parts[part] = self._loaded(part)
            return self._parts[part]

    def _loaded(self, part: int) -> PartViews:
        path = self.folder / f"part{part:02d}.npz"
        if path.is_file():
            return load_views(path)
        views = render_part(self.atlas, part)
        self.folder.mkdir(parents=True, exist_ok=True)
        for k in range(VIEWS_PER_PART):
            for layer in ("image.png", "iuv.png"):
                with replacing(self.folder / f"part{part:02d}-{k}-{layer}") as file:
                    file.write(_png(views.image[k] if layer == "image.png" else views.iuv[k]))
        with replacing(path) as file:  # last: it says that the others are there
            save_views(file, views)
        return views

    def look_up(self, part: int, view: int, x: float, y: float) -> SurfacePoint:
        """The point of the surface under a click; x, y in pixels of the view. Raises UnprocessableError beside the body."""
        views = self.part(part)
        if not 0 <= view < VIEWS_PER_PART:
            raise UnprocessableError(f"view must be a whole number from 0 to {VIEWS_PER_PART - 1}, but got {view}")
        height, width = views.size_hw
        if not (0 <= x < width and 0 <= y < height):
            raise UnprocessableError(f"the click at ({x:g}, {y:g}) is outside the view of {width} x {height} pixels")
        row, column = int(y), int(x)
        face = int(views.face[view, row, column])
        if face < 0:
            raise UnprocessableError("the click is not on the body: click on the surface in one of the six views")
        b1, b2 = (float(b) for b in views.barycentric[view, row, column])
        return self.surface_point(face, (1.0 - b1 - b2, b1, b2))

    def surface_point(self, face: int, weights: tuple[float, float, float]) -> SurfacePoint:
        """Chart coordinates of a point given by face and corner weights."""
        u, v = np.clip(np.asarray(weights) @ self.atlas.corner_uv[face].astype(np.float64), 0.0, 1.0)
        return SurfacePoint(face, *weights, int(self.atlas.chart_of_face[face]), float(u), float(v))

    def position(self, point: SurfacePoint) -> list[float]:
        """x, y, z of a point in the rest pose of the atlas, metres."""
        corners = self.atlas.rest_vertices[self.atlas.faces[point.face]]
        return [round(float(value), 6) for value in np.array([point.b0, point.b1, point.b2]) @ corners]

    def add_positions(self, points: list[dict[str, Any]]) -> None:
        """Add "xyz" to each placed point of a task: where its marker belongs."""
        for point in points:
            if point["state"] == "placed":
                names = ("face", "b0", "b1", "b2", "chart", "u", "v")
                point["xyz"] = self.position(SurfacePoint(*(point[name] for name in names)))

    def describe(self, part: int) -> dict[str, Any]:
        """What a browser needs to show the views of a part and to place markers on them."""
        views = self.part(part)
        address = f"/api/views/{part}"
        return {
            "part": part,
            "name": PART_NAMES[part],
            "width": views.size_hw[1],
            "height": views.size_hw[0],
            "depth_near": views.depth_near,
            "depth_step": views.depth_step,
            "views": [
                {
                    "title": views.titles[k],
                    "rotation": views.rotation[k].ravel().tolist(),
                    "translation": views.translation[k].tolist(),
                    "focal": views.focal_px,
                    **{layer.split(".")[0]: f"{address}/{k}/{layer}?{self.fingerprint}" for layer in LAYERS},
                }
                for k in range(VIEWS_PER_PART)
            ],
        }

    def layer(self, part: int, view: int, layer: str) -> tuple[bytes, str]:
        """The bytes and media type of a layer of a view."""
        if layer not in LAYERS or not 0 <= view < VIEWS_PER_PART:
            raise NotFoundError(f"a view has the numbers 0 to {VIEWS_PER_PART - 1} and the layers {', '.join(LAYERS)}")
        views = self.part(part)
        if layer == "depth.bin":
            return views.depth[view].astype("<u2").tobytes(), LAYERS[layer]
        return (self.folder / f"part{part:02d}-{view}-{layer}").read_bytes(), LAYERS[layer]

    def warm(self) -> None:
        """Make all that are missing."""
        for part in range(1, NUM_PARTS + 1):
            self.part(part)


def _png(pixels: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def _fingerprint(atlas: Atlas) -> str:
    digest = hashlib.sha256(f"views {VIEW_VERSION}".encode())
    for array in (atlas.rest_vertices, atlas.faces, atlas.chart_of_face, atlas.corner_uv):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
