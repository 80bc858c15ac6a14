"""Fitting a body to people whose pose is known, and the files it is written to."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.body import Body, Pose, PoseLibrary, PosePrior, ShapeSampler
from vitruv.errors import InputError
from vitruv.render import Camera, rasterise
from vitruv.results import ChartMap, DensePoses
from vitruv.surface import Atlas
from vitruv.texture import FittedBody, SceneBody, fit_body, focal_from, write_scene
from vitruv.texture.correspondences import correspondences_of
from vitruv.texture.scene import scene_vertices

SIZE_HW = (320, 240)


def seen_by_camera(seed: int) -> tuple[DensePoses, np.ndarray]:
    """A synthetic person with true maps, and the COCO joints in camera axes."""
    rng = np.random.default_rng(seed)
    body, atlas = Body.load(), Atlas.load()
    shape = ShapeSampler.load().sample(rng, age=(18, 80)).coefficients
    vertices = body.pose(shape[None], [PoseLibrary.load().sample(rng, lying=0)]).vertices[0]
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    camera = Camera.look_at(middle + np.array([0.8, 0.3, 3.4]), middle, up=(0, 1, 0), focal_px=440, centre_xy=(120, 160))
    raster = rasterise(vertices, atlas.faces, camera, SIZE_HW)
    seen = raster.face >= 0
    weights = raster.barycentric[seen]
    weights = np.concatenate([1 - weights.sum(axis=1, keepdims=True), weights], axis=1)
    labels, uv = np.zeros(SIZE_HW, np.uint8), np.zeros((2, *SIZE_HW), np.float32)
    labels[seen] = atlas.chart_of_face[raster.face[seen]]
    uv[:, seen] = np.clip(np.einsum("nk,nkc->nc", weights, atlas.corner_uv[raster.face[seen]]), 0, 1).T
    rows, columns = np.nonzero(labels)
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    chart = ChartMap(labels[top:bottom, left:right], uv[:, top:bottom, left:right])
    people = DensePoses(np.array([[left, top, right, bottom]], np.float32), np.ones(1, np.float32), [chart], SIZE_HW)
    return people, camera.to_camera(body.keypoints(vertices))


def error_after_procrustes_m(found: np.ndarray, true: np.ndarray) -> float:
    x, y = found - found.mean(axis=0), true - true.mean(axis=0)
    u, s, vt = np.linalg.svd(x.T @ y)
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    turned = x @ (u * signs) @ vt * ((s * signs).sum() / (x**2).sum())
    return float(np.linalg.norm(turned - y, axis=1).mean())


@pytest.fixture(scope="module")
def fitted() -> FittedBody:
    """As if fitted: the average body in the T-pose, four metres before the camera."""
    body = Body.load()
    pose = Pose.t_pose()
    shape = np.zeros(body.shape_size, np.float32)
    vertices = body.pose(shape[None], [pose]).vertices[0] * np.array([1, -1, -1], np.float32) + np.array([0, 0, 4], np.float32)
    return FittedBody(vertices, body.keypoints(vertices), pose, shape, 400.0, SIZE_HW, 1.0, 0.01, 100)


def test_a_person_with_true_maps() -> None:
    """Far under the goal of 7 cm over all people, which benchmarks/mesh.py measures."""
    people, joints = seen_by_camera(2)
    fitted = fit_body(people[0], SIZE_HW)
    assert error_after_procrustes_m(fitted.joints, joints) < 0.05
    assert fitted.error_px < 1.5 and fitted.error_share < 0.01
    assert fitted.vertices.shape == Body.load().mean.shape and fitted.pairs > 300
    pairs = correspondences_of(people[0], Atlas.load())
    seen = fitted.project(Atlas.load().positions(pairs.points, fitted.vertices))
    assert np.median(np.linalg.norm(seen - pairs.xy, axis=1)) == pytest.approx(fitted.error_px, abs=0.05)


def test_pairs_lie_on_their_pixels() -> None:
    people, _ = seen_by_camera(3)
    pairs = correspondences_of(people[0], Atlas.load())
    left, top = people[0].placement_xywh[:2]
    columns, rows = (pairs.xy - 0.5).astype(int).T
    np.testing.assert_array_equal(people[0].chart.labels[rows - top, columns - left], pairs.charts)
    assert np.bincount(pairs.charts).max() <= 30
    assert pairs.weight.mean() == pytest.approx(1)


def test_too_little_is_seen() -> None:
    chart = ChartMap(np.full((40, 40), 2, np.uint8), np.full((2, 40, 40), 0.5, np.float32))
    people = DensePoses(np.array([[0, 0, 40, 40]], np.float32), np.ones(1, np.float32), [chart], (40, 40))
    with pytest.raises(InputError, match="too little of the person is seen to fit a body: 1 of 24 charts, 30 points"):
        fit_body(people[0], (40, 40))
    nothing = DensePoses(people.boxes_xyxy, people.scores, [ChartMap.empty((40, 40))], (40, 40))
    with pytest.raises(InputError, match="0 of 24 charts, 0 points"):
        fit_body(nothing[0], (40, 40))


def test_focal_length() -> None:
    assert focal_from((600, 800), 90) == pytest.approx(400)
    with pytest.raises(InputError, match="the field of view must be from 5 to 150 degrees, but is 0"):
        focal_from((600, 800), 0)


def test_the_prior_knows_what_is_usual() -> None:
    prior = PosePrior.load()
    unusual = [np.linalg.norm(prior.whitening @ offset) for offset in (np.zeros(63), np.full(63, 0.1), np.full(63, 0.8))]
    assert unusual[0] == 0 and unusual[1] < unusual[2]
    with pytest.raises(InputError, match="a pose prior needs poses, but the library is empty"):
        PosePrior.of(PoseLibrary.load())


def test_a_prior_of_one_s_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    poses = [PoseLibrary.load().sample(rng) for _ in range(30)]
    library = PoseLibrary(np.stack([pose.joints for pose in poses]), np.zeros(30, np.int32), ("all",))
    prior = PosePrior.of(library)
    prior.save(tmp_path / "prior.npz")
    np.testing.assert_allclose(PosePrior.load(tmp_path / "prior.npz").covariance, prior.covariance, atol=1e-6)
    mirrored = prior.mean.reshape(21, 3)[1] * [1, -1, -1]  # r_hip mirrors l_hip
    np.testing.assert_allclose(prior.mean.reshape(21, 3)[0], mirrored, atol=1e-9)


def test_glb(tmp_path: Path, fitted: FittedBody) -> None:
    pytest.importorskip("trimesh")
    texture = np.full((64, 64, 3), (10, 200, 30), np.uint8)
    write_scene(tmp_path / "a.glb", [SceneBody(fitted, texture), SceneBody(fitted)])
    data = (tmp_path / "a.glb").read_bytes()
    magic, version, length, json_length, kind = struct.unpack("<4sII I4s", data[:20])
    assert (magic, version, length, kind) == (b"glTF", 2, len(data), b"JSON")
    content = json.loads(data[20 : 20 + json_length])
    assert len(content["meshes"]) == 2 and len(content["images"]) >= 1
    lows = [accessor["min"][1] for accessor in content["accessors"] if accessor["type"] == "VEC3" and "min" in accessor]
    assert min(lows) == pytest.approx(0, abs=1e-5)  # feet at 0, y up


def test_obj(tmp_path: Path, fitted: FittedBody) -> None:
    write_scene(tmp_path / "a.obj", [SceneBody(fitted, np.full((8, 8, 3), 9, np.uint8))])
    lines = (tmp_path / "a.obj").read_text().splitlines()
    assert lines[0] == "mtllib a.mtl" and sum(line.startswith("f ") for line in lines) == len(Body.load().faces)
    assert "map_Kd a_person_1.png" in (tmp_path / "a.mtl").read_text()
    assert (np.asarray(Image.open(tmp_path / "a_person_1.png").convert("RGB")) == 9).all()
    heights = [float(line.split()[2]) for line in lines if line.startswith("v ")]
    assert min(heights) == 0 and 1.0 < max(heights) < 2.5


def test_scenes_that_cannot_be_written(tmp_path: Path, fitted: FittedBody) -> None:
    with pytest.raises(InputError, match="there is nobody to write"):
        write_scene(tmp_path / "a.glb", [])
    with pytest.raises(InputError, match=r"a scene is written as .glb or .obj, but the name ends in '.fbx'"):
        write_scene(tmp_path / "a.fbx", [SceneBody(fitted)])
    assert scene_vertices([]) == []
