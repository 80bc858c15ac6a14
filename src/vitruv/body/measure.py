"""How far the baked body is from anny: at rest, and in poses."""

from __future__ import annotations

from typing import Any

import numpy as np

from vitruv.body.anny_people import Components, People, ShapeSpace, to_our_axes
from vitruv.body.model import Body
from vitruv.body.procedural import procedural_pose
from vitruv.surface.template import BodyTemplate
from vitruv.types import Float64Array, Int64Array

_POSED_PEOPLE = 64


def measure(
    model: Any, template: BodyTemplate, groups: Int64Array, space: ShapeSpace, basis: Components, people: People, body: Body
) -> dict[str, float]:
    """Millimetres between corresponding vertices, over people who took no part in the baking, by name."""
    codes = basis.encode(space, people.coefficients)
    exact = space.vertices + np.tensordot(people.coefficients, space.vertex_shapes, axes=1)
    rest, _ = body.rest(codes)
    at_rest = 1000 * np.linalg.norm(rest - exact, axis=-1)
    rng = np.random.default_rng(0)
    few = slice(0, min(_POSED_PEOPLE, len(codes)))
    posed = body.pose(codes[few], [procedural_pose(rng) for _ in codes[few]])
    turned = posed.transforms[..., :3].astype(np.float64)[:, groups]
    in_poses = 1000 * np.linalg.norm(posed.vertices - _anny_posed(model, template, people.coefficients[few], turned), axis=-1)
    return {
        "rest error, mean, mm": float(at_rest.mean()),
        "rest error, 99th percentile, mm": float(np.percentile(at_rest, 99)),
        "rest error, largest, mm": float(at_rest.max()),
        "posed error, mean, mm": float(in_poses.mean()),
        "posed error, 99th percentile, mm": float(np.percentile(in_poses, 99)),
    }


def _anny_posed(model: Any, template: BodyTemplate, coefficients: Float64Array, turned: Float64Array) -> Float64Array:
    """anny's own vertices when its bones are turned (n, anny bones, 3, 3) away from rest, in our axes and order."""
    import torch

    axes = to_our_axes(np.eye(3)).T  # ours = axes @ anny's
    blend = torch.as_tensor(coefficients)
    rest = model.get_rest_model(blend)["rest_bone_poses"].numpy()
    pose = np.tile(np.eye(4), (*rest.shape[:2], 1, 1))
    pose[..., :3, :3] = axes.T @ turned @ axes @ rest[..., :3, :3]
    transforms, poses = model.get_bone_transforms(torch.as_tensor(pose), torch.as_tensor(rest), "world-orient")
    vertices = model.get_skinned_vertices(model.get_rest_vertices(blend), transforms)
    relative = vertices - poses[:, :1, :3, 3]
    return to_our_axes(relative.numpy()[:, template.model_vertex])
