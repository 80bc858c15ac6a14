"""A simulated annotator: knows the truth, clicks beside it by a chosen amount, and works through the queue over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vitruv.annotate.study.local_server import Client, HTTPError
from vitruv.surface import Atlas, SurfacePoints
from vitruv.types import AnyArray, Float64Array

Truth = Callable[[dict[str, Any]], SurfacePoints]
"""The true points of a task, from its state as the server gives it."""

_TRIES = 8
_UNPROCESSABLE = 422


@dataclass
class SimulatedAnnotator:
    """Answers every point task of a project.

    noise_m: standard deviation of the error in each of the two directions of the surface. The mean distance put in is therefore
    noise_m * sqrt(pi / 2), but for points at the rim of what can be clicked.
    displacements_m: lengths of the displacements that were clicked, metres.
    """

    client: Client
    atlas: Atlas
    truth: Truth
    noise_m: float
    rng: np.random.Generator
    displacements_m: list[float] = field(default_factory=list)
    skipped: int = 0

    def __post_init__(self) -> None:
        self._views: dict[int, dict[str, Any]] = {}
        corners = self.atlas.rest_vertices[self.atlas.faces].astype(np.float64)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self._normals: Float64Array = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)

    def work(self, on_done: Callable[[], None] = lambda: None) -> int:
        """Do tasks until none is left; `on_done` is called after each. Returns how many were done."""
        done = 0
        while True:
            lease = self.client("POST", "/api/next", {"kinds": ["points"]})["lease"]
            if lease is None:
                return done
            self.do(lease["task_id"], lease["key"])
            done += 1
            on_done()

    def do(self, task_id: str, key: str) -> None:
        """Answer all open points of a task and submit it."""
        task = self.client("GET", f"/api/tasks/{task_id}")
        truth = self.truth(task)
        for i, point in enumerate(task["points"]):
            if point["state"] != "open":
                continue
            path = f"/api/tasks/{task_id}/points/{point['n']}"
            if truth.face[i] < 0 or not self._click(path, key, point["part"], truth, i):
                self.client("PUT", path, {"state": "skipped"}, lease=key)
                self.skipped += 1
        self.client("POST", f"/api/tasks/{task_id}/submit", lease=key)

    def _click(self, path: str, key: str, part: int, truth: SurfacePoints, i: int) -> bool:
        """Click near the true point in the view that shows it best. False where no view does, or every try missed the body."""
        one = SurfacePoints(truth.face[i : i + 1], truth.barycentric[i : i + 1])
        at = self.atlas.positions(one, self.atlas.rest_vertices)[0]  # in the frame of the views' cameras
        normal = self._normals[one.face[0]]
        views = self._views.setdefault(part, {}) or self._load(part)
        view = self._best_view(views, at, normal)
        if view is None:
            return False
        for _ in range(_TRIES):
            beside = self.rng.normal(0.0, self.noise_m, 3)
            beside -= (beside @ normal) * normal  # along the surface
            x, y = _project(views, view, at + beside)
            try:
                self.client("PUT", path, {"view": view, "x": x, "y": y, "seconds": 1.0}, lease=key)
            except HTTPError as refused:
                if refused.status != _UNPROCESSABLE:
                    raise
                continue
            self.displacements_m.append(float(np.linalg.norm(beside)))
            return True
        return False

    def _load(self, part: int) -> dict[str, Any]:
        self._views[part] = self.client("GET", f"/api/views/{part}")
        return self._views[part]

    def _best_view(self, views: dict[str, Any], at: Float64Array, normal: Float64Array) -> int | None:
        """The view that looks at the point most directly, and in which it lies inside the picture."""
        best, best_facing = None, 0.1
        for k, view in enumerate(views["views"]):
            rotation = np.array(view["rotation"]).reshape(3, 3)
            facing = float(-rotation[2] @ normal)
            x, y = _project(views, k, at)
            if facing > best_facing and 0 <= x < views["width"] and 0 <= y < views["height"]:
                best, best_facing = k, facing
        return best


def _project(views: dict[str, Any], view: int, at: AnyArray) -> tuple[float, float]:
    """Pixel of a point in space."""
    camera = views["views"][view]
    place = np.array(camera["rotation"]).reshape(3, 3) @ at + np.array(camera["translation"])
    x = camera["focal"] * place[0] / place[2] + views["width"] / 2
    y = camera["focal"] * place[1] / place[2] + views["height"] / 2
    return float(x), float(y)
