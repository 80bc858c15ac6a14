from pathlib import Path

import numpy as np
import pytest

from vitruv.body import Body, Pose, PoseLibrary
from vitruv.body import rotations as rot
from vitruv.body.limits import blend, joint_limits, random_curl, with_noise
from vitruv.body.procedural import LYING, STANCES, procedural_pose
from vitruv.body.skeleton import BONE_INDEX, JOINTS
from vitruv.errors import FormatError, MissingFileError


def motion(count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    order = rng.permutation(22)
    return {
        "joint_names": np.array(JOINTS)[order],
        "local_quat_xyzw": rot.quaternion_from_rotvec(rng.normal(0, 0.4, (count, 22, 3))).astype(np.float32)[:, order],
        "category": np.array([["walking", "sitting"][i % 2] for i in range(count)], dtype=np.str_),
    }


def test_empty_library_makes_poses_from_tables() -> None:
    library = PoseLibrary.load()
    assert len(library) == 0
    assert library.sample(np.random.default_rng(0)).category in STANCES
    again = PoseLibrary.from_arrays(library.to_arrays())
    assert len(again) == 0 and again.names == ()


def test_motion_is_read_by_joint_name_and_packed_without_loss() -> None:
    library = PoseLibrary.from_motion(motion(6))
    assert len(library) == 6 and library.names == ("sitting", "walking")
    rng = np.random.default_rng(0)
    rng.permutation(22)
    expected = rot.quaternion_from_rotvec(rng.normal(0, 0.4, (6, 22, 3)))
    assert library.joints == pytest.approx(expected, abs=1e-6)
    again = PoseLibrary.from_arrays(library.to_arrays())
    turn = rot.rotvec_from_quaternion(rot.multiply(rot.inverse(library.joints), again.joints))
    assert np.degrees(np.abs(turn).max()) < 0.01
    assert (again.category == library.category).all()


def test_people_lie_as_often_as_asked() -> None:
    library = PoseLibrary.load()

    def share(**settings: float) -> float:
        poses = [library.sample(np.random.default_rng(seed), **settings) for seed in range(400)]
        return float(np.mean([pose.category in LYING for pose in poses]))

    usual, often = share(), share(lying=5.0)
    assert share(lying=0.0) == 0 and share(lying=1.0) == usual
    assert 0.03 < usual < 0.15 and 2.5 * usual < often < 5 * usual


def test_samples_are_deterministic_unit_and_face_ahead() -> None:
    library = PoseLibrary.from_motion(motion(40))
    first, again = ([library.sample(rng) for _ in range(30)] for rng in (np.random.default_rng(3), np.random.default_rng(3)))
    for a, b in zip(first, again, strict=True):
        assert (a.joints == b.joints).all() and (a.curl == b.curl).all()
        assert np.linalg.norm(a.joints, axis=1) == pytest.approx(1, abs=1e-5)
    assert {"walking", "sitting"} < {pose.category for pose in first}


def test_noise_keeps_joints_in_their_range_and_the_pelvis_still() -> None:
    low, high = joint_limits()
    pose = Pose.t_pose()
    for seed in range(20):
        disturbed = with_noise(pose, np.random.default_rng(seed), 3.0)
        rotvec = rot.rotvec_from_quaternion(disturbed.joints)
        assert (rotvec >= np.minimum(low, 0) - 1e-5).all() and (rotvec <= np.maximum(high, 0) + 1e-5).all()
        assert disturbed.joints[0] == pytest.approx(pose.joints[0])


def test_blends_begin_and_end_at_their_poses() -> None:
    library = PoseLibrary.from_motion(motion(2))
    a, b = library.pick(0), library.pick(1)
    assert np.abs((blend(a, b, 0.0).joints * a.joints).sum(axis=1)) == pytest.approx(1, abs=1e-5)
    assert np.abs((blend(a, b, 1.0).joints * b.joints).sum(axis=1)[1:]) == pytest.approx(1, abs=1e-5)


def test_curls_stay_in_range() -> None:
    rng = np.random.default_rng(0)
    curls = np.stack([random_curl(rng) for _ in range(100)])
    assert curls.min() >= -0.36 and curls.max() <= 1.5


@pytest.mark.parametrize("stance", sorted(STANCES))
def test_stances_look_like_their_names(stance: str) -> None:
    body = Body.load()
    poses = [procedural_pose(np.random.default_rng(seed), stance) for seed in range(6)]
    joints = body.pose(np.zeros((6, body.shape_size)), poses).joints
    head, feet = joints[:, BONE_INDEX["head"]], joints[:, [BONE_INDEX["foot.L"], BONE_INDEX["foot.R"]]]
    tall = head[:, 1] - feet[..., 1].min(axis=1)
    if stance in ("standing", "walking", "straddling", "contrapposto"):
        assert (tall > 1.15).all()
    if stance.startswith("on ") or stance in ("cross-legged", "floor sitting"):
        assert (tall < 1.0).all()
    assert np.isfinite(joints).all()


def test_refuses_files_without_poses(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        PoseLibrary.load(tmp_path / "none.npz")
    np.savez(tmp_path / "empty.npz", a=np.zeros(2))
    with pytest.raises(FormatError, match="holds no poses that can be used"):
        PoseLibrary.load(tmp_path / "empty.npz")
    few = motion(2)
    few["joint_names"] = few["joint_names"][:20]
    np.savez(tmp_path / "few.npz", **few)
    with pytest.raises(FormatError, match=r"the joints .* are missing"):
        PoseLibrary.load(tmp_path / "few.npz")


@pytest.mark.fixtures
def test_real_motion_keeps_heads_above_feet_when_walking(shared_dir: Path) -> None:
    library = PoseLibrary.load(shared_dir / "assets" / "poses" / "mocap_poses.npz")
    walking = np.flatnonzero(library.category == library.names.index("walking"))[::25]
    body = Body.load()
    joints = body.pose(np.zeros((len(walking), body.shape_size)), [library.pick(int(i)) for i in walking]).joints
    assert (joints[:, BONE_INDEX["head"], 1] > 0.45).all()
    assert (joints[:, BONE_INDEX["foot.L"], 1] < -0.4).all()
