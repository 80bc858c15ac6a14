"""Poses from nothing but a table: standing, walking, sitting, crouching, kneeling, lying ..., so that poses need no files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.limits import random_curl
from vitruv.body.pose import Pose
from vitruv.body.skeleton import JOINT_INDEX
from vitruv.types import Float32Array

Range = tuple[float, float]


@dataclass(frozen=True)
class Arm:
    """Ranges in degrees. The upper arm points `azimuth` forward of sideways (90 = ahead, 120 = across the chest) and `raise_` above
    level (-90 = hanging), after which the whole arm swings `forward` about the shoulder axis; `roll` turns the elbow's hinge
    (90: the forearm bends down, -90: up), `elbow` bends it, `wrist` bends the hand to the palm, `turn` rolls the palm forward."""

    azimuth: Range
    raise_: Range
    roll: Range
    elbow: Range
    forward: Range = (0, 0)
    wrist: Range = (-15, 25)
    turn: Range = (-30, 30)


@dataclass(frozen=True)
class Leg:
    """Ranges in degrees. `hip` forward, `spread` outward, `out` turns the knee outward, `knee` bends, `ankle` lifts the toes."""

    hip: Range
    knee: Range
    spread: Range = (0, 8)
    out: Range = (0, 15)
    ankle: Range = (-5, 5)


@dataclass(frozen=True)
class Stance:
    """Legs (left, right), the pelvis tipped forward, the trunk bent forward, the arms it goes with, how often it is
    drawn, and `roll`: rolled onto a side."""

    left: Leg
    right: Leg
    tip: Range
    bend: Range
    arms: tuple[str, ...] = ()
    weight: float = 1.0
    roll: Range = (0, 0)


ARMS = {
    "hanging": Arm((0, 10), (-86, -72), (-10, 30), (2, 35), forward=(-12, 20)),
    "akimbo": Arm((-5, 15), (-60, -42), (75, 100), (80, 105), forward=(-15, 0), wrist=(10, 50)),
    "crossed": Arm((20, 40), (-68, -58), (45, 65), (100, 120), forward=(20, 30)),
    "raised": Arm((0, 40), (35, 80), (-60, 30), (0, 70)),
    "ahead": Arm((60, 100), (-35, 30), (-20, 80), (0, 60)),
    "sideways": Arm((-15, 40), (-40, 30), (-70, 60), (0, 70)),
    "behind": Arm((-25, 5), (-80, -65), (60, 90), (20, 60), forward=(-50, -25)),
    "to face": Arm((30, 60), (-60, -35), (0, 30), (115, 140), forward=(15, 45), turn=(-60, 0)),
    "on lap": Arm((0, 15), (-80, -65), (15, 45), (50, 85), forward=(5, 30)),
    "running": Arm((0, 10), (-80, -65), (0, 30), (70, 110), forward=(-50, 50)),
    "any": Arm((-25, 125), (-85, 85), (-90, 95), (0, 140), wrist=(-40, 60), turn=(-80, 70)),
}
_STRAIGHT = Leg((-4, 6), (0, 8))
_SEAT = Leg((75, 100), (60, 105), spread=(0, 20), out=(-10, 20), ankle=(-15, 15))

STANCES = {
    "standing": Stance(_STRAIGHT, _STRAIGHT, (-4, 5), (-5, 12), weight=8),
    "contrapposto": Stance(_STRAIGHT, Leg((5, 25), (10, 45), spread=(0, 15), out=(5, 35)), (-5, 5), (-5, 12), weight=4),
    "straddling": Stance(Leg((-5, 15), (0, 25), spread=(12, 35)), Leg((-5, 15), (0, 25), spread=(12, 35)), (-5, 15), (-5, 20)),
    "walking": Stance(
        Leg((10, 32), (3, 25)), Leg((-25, -5), (5, 45), ankle=(-20, 5)), (0, 8), (-3, 10), ("hanging", "running", "hanging"), 4
    ),
    "running": Stance(Leg((30, 75), (40, 100)), Leg((-30, 10), (10, 90), ankle=(-35, 5)), (5, 25), (0, 15), ("running",), 1.5),
    "sitting": Stance(_SEAT, _SEAT, (-15, 10), (-5, 30), ("on lap", "on lap", "hanging", "crossed", "ahead", "to face"), 7),
    "floor sitting": Stance(
        Leg((80, 100), (0, 20), spread=(0, 30), out=(0, 30)), Leg((110, 125), (60, 100), spread=(0, 20), out=(0, 30)),
        (-20, 5), (5, 35), ("on lap", "behind", "ahead"), 1,
    ),
    "knees up": Stance(
        Leg((110, 125), (70, 120)), Leg((110, 125), (70, 120)), (-20, 0), (10, 35), ("on lap", "ahead", "behind"), 0.7
    ),
    "cross-legged": Stance(
        Leg((80, 100), (105, 130), spread=(25, 40), out=(50, 70)), Leg((80, 100), (105, 130), spread=(25, 40), out=(50, 70)),
        (-15, 5), (5, 30), ("on lap", "to face"), 1,
    ),
    "crouching": Stance(
        Leg((100, 125), (110, 140), spread=(5, 30), ankle=(10, 30)), Leg((100, 125), (110, 140), spread=(5, 30), ankle=(10, 30)),
        (0, 30), (10, 40), ("ahead", "on lap", "hanging"), 1.5,
    ),
    "half crouch": Stance(
        Leg((35, 80), (40, 90), spread=(5, 25), ankle=(5, 25)), Leg((35, 80), (40, 90), spread=(5, 25), ankle=(5, 25)),
        (5, 35), (5, 30), ("ahead", "on lap", "running"), 1.5,
    ),
    "kneeling": Stance(
        Leg((-5, 30), (85, 110), ankle=(-45, -25)), Leg((-5, 30), (85, 110), ankle=(-45, -25)), (-5, 15), (0, 25), weight=0.7
    ),
    "one knee": Stance(Leg((80, 105), (80, 110)), Leg((-5, 15), (80, 110), ankle=(-45, 10)), (-5, 20), (0, 30), weight=0.7),
    "lunging": Stance(Leg((50, 90), (60, 100)), Leg((-25, 0), (5, 45), ankle=(-5, 35)), (0, 25), (-5, 15), weight=0.8),
    "bending": Stance(Leg((30, 70), (0, 25)), Leg((30, 70), (0, 25)), (30, 70), (15, 50), ("hanging", "ahead", "on lap"), 1),
    "kicking": Stance(_STRAIGHT, Leg((45, 100), (0, 70), spread=(0, 25)), (-15, 10), (-5, 15), ("sideways", "ahead"), 0.6),
    "jumping": Stance(Leg((0, 70), (10, 100), ankle=(-40, -10)), Leg((0, 70), (10, 100), ankle=(-40, -10)), (-10, 20), (-10, 15)),
    "on back": Stance(Leg((0, 60), (0, 90)), Leg((0, 60), (0, 90)), (-100, -75), (-5, 20), weight=0.8),
    "on front": Stance(Leg((-10, 25), (0, 70)), Leg((-10, 25), (0, 70)), (80, 100), (-25, 0), weight=0.6),
    "on side": Stance(Leg((0, 80), (0, 100)), Leg((0, 80), (0, 100)), (-15, 15), (0, 25), weight=0.6, roll=(70, 100)),
    "on all fours": Stance(Leg((70, 95), (70, 100)), Leg((70, 95), (70, 100)), (75, 95), (-10, 15), ("ahead",), 0.8),
}  # fmt: skip
LYING = ("on back", "on front", "on side")
"""Stances of people who lie."""

_UPRIGHT_ARMS = (
    "hanging",
    "hanging",
    "hanging",
    "akimbo",
    "crossed",
    "raised",
    "ahead",
    "sideways",
    "behind",
    "to face",
    "any",
    "any",
)


Turns = tuple[tuple[str, float], ...]
"""Axis and degrees of rotations, each about the axes that the ones before have turned."""


def procedural_pose(rng: np.random.Generator, stance: str | None = None, *, lying: float = 1.0) -> Pose:
    """A pose from the tables, facing +z; either side may lead.

    stance: a name in `STANCES`, None = any, by weight. lying: how many times as often as by weight people lie.
    """
    names = list(STANCES)
    weights = np.array([STANCES[name].weight * (lying if name in LYING else 1) for name in names])
    name = stance if stance is not None else names[int(rng.choice(len(names), p=weights / weights.sum()))]
    chosen = STANCES[name]
    turns_of: dict[str, Turns] = {}

    def put(joint: str, *turns: tuple[str, float]) -> None:
        turns_of[joint] = turns

    put("pelvis", ("z", rng.choice([-1, 1]) * rng.uniform(*chosen.roll)), ("x", rng.uniform(*chosen.tip)))
    bend = rng.uniform(*chosen.bend)
    side, twist = rng.normal(0, 5), rng.normal(0, 8)
    for joint, share in (("spine1", 0.5), ("spine2", 0.2), ("spine3", 0.3)):
        put(joint, ("y", share * twist), ("z", share * side), ("x", share * bend))
    # Most people look ahead: the head makes up for about half of what the trunk bends, and turns as it likes.
    nod = -0.5 * max(bend, 0) * rng.uniform(0, 1) + rng.normal(3, 8)
    turn = rng.normal(0, 20)
    for joint, share in (("neck", 0.4), ("head", 0.6)):
        put(joint, ("y", share * turn), ("x", share * nod), ("z", share * rng.normal(0, 6)))
    arms: tuple[str, ...] = chosen.arms or _UPRIGHT_ARMS
    kind = str(rng.choice(arms))
    for index, (prefix, sign) in enumerate((("l", 1.0), ("r", -1.0))):
        leg = (chosen.left, chosen.right)[index]
        # Sideways and twisting angles change sign with the side.
        put(
            f"{prefix}_hip",
            ("x", -rng.uniform(*leg.hip)),
            ("z", sign * rng.uniform(*leg.spread)),
            ("y", sign * rng.uniform(*leg.out)),
        )
        put(f"{prefix}_knee", ("x", rng.uniform(*leg.knee)))
        put(f"{prefix}_ankle", ("x", -rng.uniform(*leg.ankle)))
        if index and kind != "crossed" and rng.random() < 0.45:
            kind = str(rng.choice(arms))
        _put_arm(put, rng, ARMS[kind], prefix, sign)
    pose = Pose(_turned(turns_of), random_curl(rng), name)
    return pose.mirrored() if rng.random() < 0.5 else pose


def _put_arm(put: Callable[..., None], rng: np.random.Generator, arm: Arm, prefix: str, sign: float) -> None:
    put(
        f"{prefix}_shoulder",
        ("x", -rng.uniform(*arm.forward)),
        ("y", -sign * rng.uniform(*arm.azimuth)),
        ("z", sign * rng.uniform(*arm.raise_)),
        ("x", rng.uniform(*arm.roll)),
    )
    put(f"{prefix}_elbow", ("y", -sign * rng.uniform(*arm.elbow)))
    put(f"{prefix}_wrist", ("x", -rng.uniform(*arm.turn)), ("z", -sign * rng.uniform(*arm.wrist)))


def _turned(turns_of: Mapping[str, Turns]) -> Float32Array:
    """(22, 4) float32: rotations of all joints at once, each its turns one after the other, about the axes it takes with it."""
    most = max(len(turns) for turns in turns_of.values())
    single = np.tile(rot.IDENTITY_XYZW, (len(JOINT_INDEX), most, 1))
    for joint, turns in turns_of.items():
        for k, (axis, degrees) in enumerate(turns):
            half = math.radians(degrees) / 2
            single[JOINT_INDEX[joint], k, "xyz".index(axis)] = math.sin(half)
            single[JOINT_INDEX[joint], k, 3] = math.cos(half)
    joints = single[:, 0]
    for k in range(1, most):
        joints = rot.multiply(joints, single[:, k])
    return joints.astype(np.float32)
