"""The z-buffer: triangles to face, barycentric coordinates and depth of every pixel.

A pixel takes the face under its centre. Barycentric coordinates are perspective-correct: they are those of the point of the
triangle in space. Faces that cross the near plane are not cut: their edges are evaluated in homogeneous coordinates (after
M. Olano and T. Greer, "Triangle Scan Conversion using 2D Homogeneous Coordinates", 1997), so people beside the camera do not
explode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from vitruv.errors import InputError
from vitruv.render.camera import Camera
from vitruv.types import AnyArray, Float32Array, Int32Array

NEAR_M = 0.05
NO_HOLES = (np.zeros((0, 3, 2), np.float32), np.zeros((0, 0), np.uint8))


# error_model="numpy", here and in the kernels of `synth`: dividing by zero gives inf, which fails the tests behind it and loses a
# pixel, where Python's rule would end a training run of hours for one degenerate triangle.


@njit(cache=True, nogil=True, error_model="numpy")
def move_points(points: AnyArray, rotation: AnyArray, translation: AnyArray) -> AnyArray:
    """rotation @ point + translation for (V, 3) float32 points: what `Camera.to_camera` does, without its copies."""
    out = np.empty((points.shape[0], 3), np.float32)
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        for k in range(3):
            out[i, k] = rotation[k, 0] * x + rotation[k, 1] * y + rotation[k, 2] * z + translation[k]
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def bounds_of(points: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Smallest and largest coordinates of (n, d) points, n > 0; NumPy's reductions along the first axis are slow."""
    low, high = points[0].copy(), points[0].copy()
    for i in range(1, points.shape[0]):
        for k in range(points.shape[1]):
            low[k] = min(low[k], points[i, k])
            high[k] = max(high[k], points[i, k])
    return low, high


@dataclass(frozen=True, eq=False)
class Raster:
    """What is seen at every pixel.

    face: (h, w) int32, -1 = nothing.
    barycentric: (h, w, 2) float32, weights of the face's second and third corner (the first has 1 minus both); 0 where nothing is.
    depth: (h, w) float32, metres along the optical axis; inf where nothing is.
    """

    face: Int32Array
    barycentric: Float32Array
    depth: Float32Array

    @classmethod
    def empty(cls, size_hw: tuple[int, int]) -> Raster:
        return cls(np.full(size_hw, -1, np.int32), np.zeros((*size_hw, 2), np.float32), np.full(size_hw, np.inf, np.float32))

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.face.shape[0], self.face.shape[1]

    @property
    def weights(self) -> Float32Array:
        """(h, w, 3) float32: weights of the face's three corners; (1, 0, 0) where nothing is."""
        return np.concatenate([1 - self.barycentric.sum(axis=-1, keepdims=True), self.barycentric], axis=-1)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=False)
def _bounds(
    corners: AnyArray, focal: float, cx: float, cy: float, near: float, width: int, height: int
) -> tuple[int, int, int, int]:
    """Pixels that the part of a triangle in front of the near plane can touch."""
    low_x, low_y, high_x, high_y = 1e30, 1e30, -1e30, -1e30
    for i in range(3):
        j = (i + 1) % 3
        for k in range(2):
            if k == 0:
                if corners[i, 2] < near:
                    continue
                x, y, z = corners[i, 0], corners[i, 1], corners[i, 2]
            else:
                if (corners[i, 2] < near) == (corners[j, 2] < near):
                    continue
                s = (near - corners[i, 2]) / (corners[j, 2] - corners[i, 2])
                x = corners[i, 0] + s * (corners[j, 0] - corners[i, 0])
                y = corners[i, 1] + s * (corners[j, 1] - corners[i, 1])
                z = near
            px, py = focal * x / z + cx, focal * y / z + cy
            low_x, high_x = min(low_x, px), max(high_x, px)
            low_y, high_y = min(low_y, py), max(high_y, py)
    # Clamped before the conversion: a point beside the camera can lie millions of pixels away.
    left = int(np.ceil(max(low_x, 0.0) - 0.5))
    top = int(np.ceil(max(low_y, 0.0) - 0.5))
    right = int(np.floor(min(high_x, width + 1.0) - 0.5))
    bottom = int(np.floor(min(high_y, height + 1.0) - 0.5))
    return max(left, 0), max(top, 0), min(right, width - 1), min(bottom, height - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _draw_crossing(
    at: AnyArray, faces: AnyArray, index: int, first: int, focal: float, cx: float, cy: float, near: float, cull: bool,
    corner_uv: AnyArray, alpha: AnyArray, face: AnyArray, barycentric: AnyArray, depth: AnyArray,
) -> None:  # fmt: skip
    """One face that crosses the near plane."""
    height, width = depth.shape
    corners = np.empty((3, 3))
    for i in range(3):
        for k in range(3):
            corners[i, k] = at[faces[index, i], k]
    left, top, right, bottom = _bounds(corners, focal, cx, cy, near, width, height)
    if left > right or top > bottom:
        return
    # Rows of the inverse of [corner0 corner1 corner2]: barycentric weight over depth is linear in the ray (x/z, y/z, 1).
    edges = np.empty((3, 3))
    for i in range(3):
        a, b = (i + 1) % 3, (i + 2) % 3
        for k in range(3):
            m, n = (k + 1) % 3, (k + 2) % 3
            edges[i, k] = corners[a, m] * corners[b, n] - corners[a, n] * corners[b, m]
    volume = corners[0, 0] * edges[0, 0] + corners[0, 1] * edges[0, 1] + corners[0, 2] * edges[0, 2]
    if volume == 0.0 or (cull and volume > 0.0):
        return
    for y in range(top, bottom + 1):
        ray_y = (y + 0.5 - cy) / focal
        for x in range(left, right + 1):
            ray_x = (x + 0.5 - cx) / focal
            w0 = (edges[0, 0] * ray_x + edges[0, 1] * ray_y + edges[0, 2]) / volume
            w1 = (edges[1, 0] * ray_x + edges[1, 1] * ray_y + edges[1, 2]) / volume
            w2 = (edges[2, 0] * ray_x + edges[2, 1] * ray_y + edges[2, 2]) / volume
            inverse = w0 + w1 + w2  # 1 / depth
            if w0 < 0.0 or w1 < 0.0 or w2 < 0.0 or inverse <= 0.0:
                continue
            z = 1.0 / inverse
            if z >= near and z < depth[y, x]:
                if alpha.shape[0] > 0 and _is_hole(corner_uv, alpha, index, w1 * z, w2 * z):
                    continue
                depth[y, x] = z
                face[y, x] = first + index
                barycentric[y, x, 0] = w1 * z
                barycentric[y, x, 1] = w2 * z


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _is_hole(corner_uv: AnyArray, alpha: AnyArray, index: int, wb: float, wc: float) -> bool:
    wa = 1.0 - wb - wc
    u = wa * corner_uv[index, 0, 0] + wb * corner_uv[index, 1, 0] + wc * corner_uv[index, 2, 0]
    v = wa * corner_uv[index, 0, 1] + wb * corner_uv[index, 1, 1] + wc * corner_uv[index, 2, 1]
    row = int(np.floor((1.0 - v) * alpha.shape[0])) % alpha.shape[0]
    column = int(np.floor(u * alpha.shape[1])) % alpha.shape[1]
    return bool(alpha[row, column] < 128)


@njit(cache=True, nogil=True, error_model="numpy")
def draw_faces(
    at: AnyArray, faces: AnyArray, first: int, focal: float, cx: float, cy: float, near: float, cull: bool,
    corner_uv: AnyArray, alpha: AnyArray, face: AnyArray, barycentric: AnyArray, depth: AnyArray,
) -> None:  # fmt: skip
    """Draw into existing buffers. at: (V, 3) float32 in camera axes; a face gets the number `first` + its row.

    corner_uv: (F, 3, 2) float32, V up, and alpha: (h, w) uint8: where alpha is below 128 the face has a hole (hair, lace); both
    may be empty, `NO_HOLES`.
    """
    height, width = depth.shape
    count = at.shape[0]
    screen = np.empty((count, 3), np.float32)  # x, y, 1 / depth
    for i in range(count):
        z = at[i, 2]
        if z >= near:
            inverse = np.float32(1.0) / z
            screen[i, 0] = focal * at[i, 0] * inverse + cx
            screen[i, 1] = focal * at[i, 1] * inverse + cy
            screen[i, 2] = inverse
        else:
            screen[i, 2] = -1.0
    for index in range(faces.shape[0]):
        a, b, c = faces[index, 0], faces[index, 1], faces[index, 2]
        az, bz, cz = screen[a, 2], screen[b, 2], screen[c, 2]
        if az < 0.0 or bz < 0.0 or cz < 0.0:
            if az > 0.0 or bz > 0.0 or cz > 0.0:
                _draw_crossing(at, faces, index, first, focal, cx, cy, near, cull, corner_uv, alpha, face, barycentric, depth)
            continue
        ax, ay = screen[a, 0], screen[a, 1]
        bx, by = screen[b, 0], screen[b, 1]
        cx_, cy_ = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy_ - ay) - (by - ay) * (cx_ - ax)
        # Counter-clockwise seen from outside is clockwise in pixels (y down): front faces have a negative area.
        if area == 0.0 or (cull and area > 0.0):
            continue
        low_x, high_x = min(ax, bx, cx_), max(ax, bx, cx_)
        low_y, high_y = min(ay, by, cy_), max(ay, by, cy_)
        if high_x < 0.5 or high_y < 0.5 or low_x > width - 0.5 or low_y > height - 0.5:
            continue
        left = max(int(np.ceil(low_x - 0.5)), 0) if low_x > 0.0 else 0
        top = max(int(np.ceil(low_y - 0.5)), 0) if low_y > 0.0 else 0
        right = int(high_x - 0.5) if high_x < width else width - 1
        bottom = int(high_y - 0.5) if high_y < height else height - 1
        if left > right or top > bottom:
            continue
        scale = 1.0 / np.float64(area)
        # Weight of corner b grows along edge a-c, weight of corner c along a-b; both linear on the screen.
        b_dx, b_dy = (cy_ - ay) * scale, -(cx_ - ax) * scale
        c_dx, c_dy = -(by - ay) * scale, (bx - ax) * scale
        for y in range(top, bottom + 1):
            off_y = y + 0.5 - ay
            off_x = left + 0.5 - ax
            wb = b_dx * off_x + b_dy * off_y
            wc = c_dx * off_x + c_dy * off_y
            for x in range(left, right + 1):
                wa = 1.0 - wb - wc
                if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                    inverse = wa * az + wb * bz + wc * cz
                    z = np.float32(1.0 / inverse)
                    if z < depth[y, x]:
                        if alpha.shape[0] > 0 and _is_hole(corner_uv, alpha, index, wb * bz * z, wc * cz * z):
                            wb += b_dx
                            wc += c_dx
                            continue
                        depth[y, x] = z
                        face[y, x] = first + index
                        barycentric[y, x, 0] = wb * bz * z
                        barycentric[y, x, 1] = wc * cz * z
                wb += b_dx
                wc += c_dx


def rasterise(
    vertices: AnyArray,
    faces: AnyArray,
    camera: Camera,
    size_hw: tuple[int, int],
    *,
    cull: bool = True,
    onto: Raster | None = None,
    first_face: int = 0,
) -> Raster:
    """Draw a mesh.

    vertices: (V, 3) metres in world axes; faces: (F, 3) vertex numbers, counter-clockwise seen from outside.
    cull: leave out faces seen from behind; use False for open sheets.
    onto: a raster to draw into (changed in place, and returned), so that several meshes share one z-buffer; `first_face` is then
        added to the face numbers.
    Raises InputError for wrong shapes, and for a raster of another size.
    """
    vertices, faces = np.asarray(vertices), np.asarray(faces)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
        raise InputError(f"vertices must be (V, 3) and faces (F, 3), but got {vertices.shape} and {faces.shape}")
    if faces.size and (int(faces.min()) < 0 or int(faces.max()) >= len(vertices)):
        raise InputError(f"faces must be vertex numbers 0..{len(vertices) - 1}, but reach from {faces.min()} to {faces.max()}")
    if onto is not None and onto.size_hw != tuple(size_hw):
        raise InputError(f"the raster to draw onto is {onto.size_hw}, but size_hw is {tuple(size_hw)}")
    raster = Raster.empty(size_hw) if onto is None else onto
    draw_faces(
        camera.to_camera(vertices),
        np.ascontiguousarray(faces, np.int32),
        first_face,
        float(camera.focal_px),
        float(camera.centre_xy[0]),
        float(camera.centre_xy[1]),
        NEAR_M,
        cull,
        *NO_HOLES,
        raster.face,
        raster.barycentric,
        raster.depth,
    )
    return raster
