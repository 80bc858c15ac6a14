"""Bodies fitted to synthetic people whose pose is known.

    python benchmarks/mesh.py --people 24 --poses mocap_poses.npz --predicted

Prints for each person the mean distance of the 17 COCO joints after Procrustes (turn, shift and scale taken out), the reprojection
error and the time; then the mean over all. With --predicted the maps are those of the model inside the package, on people drawn in
three plain colours. Needs the extra `synth`.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import vitruv
from vitruv.body import Body, PoseLibrary, ShapeSampler
from vitruv.render import Camera, rasterise
from vitruv.results import ChartMap, DensePoses
from vitruv.surface import Atlas
from vitruv.texture import AtlasTexture, apply_texture, fit_body

SIZE_HW = (512, 384)


def person(
    rng: np.random.Generator, body: Body, atlas: Atlas, shapes: ShapeSampler, poses: PoseLibrary
) -> tuple[DensePoses, np.ndarray]:
    """A person of 16 or more before a camera at 3 to 6 m, turned any way half of the time; true maps, and joints in camera axes."""
    shape = shapes.sample(rng, age=(16, 90)).coefficients
    vertices = body.pose(shape[None], [poses.sample(rng, lying=0)]).vertices[0]
    middle = (vertices.max(axis=0) + vertices.min(axis=0)) / 2
    yaw = rng.uniform(-np.pi, np.pi) if rng.random() < 0.5 else rng.normal(0, 0.5)
    distance = rng.uniform(3, 6)
    eye = middle + distance * np.array([np.sin(yaw) * 0.98, rng.uniform(-0.1, 0.35), np.cos(yaw)])
    reach = np.linalg.norm(vertices - middle, axis=1).max()
    focal_px = 0.46 * SIZE_HW[0] * distance / reach * rng.uniform(0.7, 1)
    camera = Camera.look_at(eye, middle, up=(0, 1, 0), focal_px=focal_px, centre_xy=(SIZE_HW[1] / 2, SIZE_HW[0] / 2))
    raster = rasterise(vertices, atlas.faces, camera, SIZE_HW)
    seen = raster.face >= 0
    weights = raster.barycentric[seen]
    weights = np.concatenate([1 - weights.sum(axis=1, keepdims=True), weights], axis=1)
    labels, uv = np.zeros(SIZE_HW, np.uint8), np.zeros((2, *SIZE_HW), np.float32)
    labels[seen] = atlas.chart_of_face[raster.face[seen]]
    uv[:, seen] = np.clip(np.einsum("nk,nkc->nc", weights, atlas.corner_uv[raster.face[seen]]), 0, 1).T
    rows, columns = np.nonzero(labels)
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    inner = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    chart = ChartMap(labels[inner], np.ascontiguousarray(uv[(slice(None), *inner)]))
    return DensePoses(box, np.ones(1, np.float32), [chart], SIZE_HW), camera.to_camera(body.keypoints(vertices))


def after_procrustes_m(found: np.ndarray, true: np.ndarray) -> float:
    x, y = found - found.mean(axis=0), true - true.mean(axis=0)
    u, s, vt = np.linalg.svd(x.T.astype(float) @ y)
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    return float(np.linalg.norm(x @ (u * signs) @ vt * ((s * signs).sum() / (x**2).sum()) - y, axis=1).mean())


def shaded(people: DensePoses, atlas: Atlas) -> np.ndarray:
    """A picture of the person for the model: skin, with what the surface's height gives of clothes."""
    ground = np.full((*SIZE_HW, 3), (150, 160, 165), np.uint8)
    rgb = np.full((6 * 64, 4 * 64, 3), (205, 160, 135), np.uint8)
    for chart, colour in ((1, (170, 60, 60)), (2, (170, 60, 60)), *((c, (50, 60, 100)) for c in range(7, 15))):
        row, column = 64 * ((chart - 1) % 6), 64 * ((chart - 1) // 6)
        rgb[row : row + 64, column : column + 64] = colour
    return apply_texture(AtlasTexture(rgb, np.ones(rgb.shape[:2], bool)), ground, people)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--poses", help="motion file; default is poses from tables")
    parser.add_argument("--predicted", action="store_true", help="also with the maps of the model in the package")
    options = parser.parse_args()
    body, atlas, shapes, poses = Body.load(), Atlas.load(), ShapeSampler.load(), PoseLibrary.load(options.poses)
    predictor = vitruv.load() if options.predicted else None
    for name in ["true"] + (["predicted"] if predictor else []):
        rows = []
        for i in range(options.people):
            people, joints = person(np.random.default_rng((options.seed, i)), body, atlas, shapes, poses)
            if predictor is not None and name == "predicted":
                people = predictor(shaded(people, atlas), boxes=people.boxes_xyxy)
            started = time.perf_counter()
            fitted = fit_body(people[0], SIZE_HW, body=body, atlas=atlas)
            seconds = time.perf_counter() - started
            rows.append((100 * after_procrustes_m(fitted.joints, joints), fitted.error_px, seconds))
            print(f"{name} {i:3}: {rows[-1][0]:5.1f} cm, {rows[-1][1]:5.2f} px, {seconds:5.1f} s", flush=True)
        mean, median = np.mean(rows, axis=0), np.median(rows, axis=0)
        print(f"{name}: mean {mean[0]:.1f} cm, median {median[0]:.1f} cm; {mean[1]:.2f} px; {median[2]:.1f} s a person", flush=True)


if __name__ == "__main__":
    main()
