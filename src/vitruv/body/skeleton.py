"""The two skeletons: 22 joints that poses are written in, and the 68 bones that carry the skin.

A pose is written for 22 joints in the order most motion data uses. All its frames are aligned with the axes of the body in the
T-pose (y up, the body faces +z, its left side is at +x, arms level, palms down), so identity everywhere is the T-pose.
The bones are those of the body model, merged where nothing in a photo tells them apart (eyes, toes, palm bones).
"""

from __future__ import annotations

JOINTS = (
    "pelvis", "l_hip", "r_hip", "spine1", "l_knee", "r_knee", "spine2", "l_ankle", "r_ankle", "spine3", "l_foot",
    "r_foot", "neck", "l_collar", "r_collar", "head", "l_shoulder", "r_shoulder", "l_elbow", "r_elbow", "l_wrist", "r_wrist",
)  # fmt: skip
JOINT_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
JOINT_INDEX = {name: i for i, name in enumerate(JOINTS)}

FINGERS = ("thumb", "index", "middle", "ring", "little")

_LEG = (("pelvis", "root"), ("upperleg01", "pelvis"), ("upperleg02", "upperleg01"), ("lowerleg01", "upperleg02"),
        ("lowerleg02", "lowerleg01"), ("foot", "lowerleg02"), ("toes", "foot"))  # fmt: skip
_SPINE = (("spine05", "root"), ("spine04", "spine05"), ("spine03", "spine04"), ("spine02", "spine03"), ("spine01", "spine02"))
_ARM = (("clavicle", "spine01"), ("shoulder01", "clavicle"), ("upperarm01", "shoulder01"), ("upperarm02", "upperarm01"),
        ("lowerarm01", "upperarm02"), ("lowerarm02", "lowerarm01"), ("wrist", "lowerarm02"))  # fmt: skip
_NECK = (("neck01", "spine01"), ("neck02", "neck01"), ("neck03", "neck02"), ("head", "neck03"))
_HAND = tuple((f"finger{f}-{k}", f"finger{f}-{k - 1}" if k > 1 else "wrist") for f in range(1, 6) for k in range(1, 4))


def _sided(pairs: tuple[tuple[str, str], ...], side: str) -> list[tuple[str, str]]:
    middle = {"root", *(name for name, _ in _SPINE)}
    return [(f"{name}.{side}", parent if parent in middle else f"{parent}.{side}") for name, parent in pairs]


_BONES: list[tuple[str, str]] = [
    ("root", ""),
    *_sided(_LEG, "L"),
    *_sided(_LEG, "R"),
    *_SPINE,
    *_sided(_ARM + _HAND, "L"),
    *_sided(_ARM + _HAND, "R"),
    *_NECK,
]
BONES = tuple(name for name, _ in _BONES)
BONE_INDEX = {name: i for i, name in enumerate(BONES)}
BONE_PARENTS = tuple(-1 if not parent else BONE_INDEX[parent] for _, parent in _BONES)
"""Every parent stands before its children."""


def mirrored(name: str) -> str:
    """The bone or joint on the other side; names without a side are their own mirror."""
    for one, other in ((".L", ".R"), (".R", ".L")):
        if name.endswith(one):
            return name.removesuffix(one) + other
    for one, other in (("l_", "r_"), ("r_", "l_")):
        if name.startswith(one):
            return other + name.removeprefix(one)
    return name


JOINT_MIRROR = tuple(JOINT_INDEX[mirrored(name)] for name in JOINTS)
