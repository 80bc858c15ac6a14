"""Places on the body that can be found on any template: nose, eyes, ears, tips of fingers and toes, heel (left side)."""

from __future__ import annotations

import numpy as np

from vitruv.surface.template import BodyTemplate
from vitruv.types import AnyArray

FINGERS = ("thumb", "index finger", "middle finger", "ring finger", "little finger")
_IRIS = 2


def find_landmarks(template: BodyTemplate, chart_of_face: AnyArray) -> dict[str, int]:
    """Name -> vertex, on the left half of the body (the nose on the midline)."""
    points, names = template.vertices, template.bone_names

    def of_chart(chart: int) -> AnyArray:
        return np.unique(template.faces[chart_of_face == chart])

    def tip(last_bone: str) -> int:
        bone = names.index(last_bone)
        share = np.where(template.skin_bones == bone, template.skin_weights, 0.0).sum(axis=1)
        own = np.flatnonzero(share > 0.5)
        axis = template.bone_tails[bone] - template.bone_heads[bone]
        return int(own[np.argmax(points[own] @ axis)])

    head, foot = of_chart(24), of_chart(5)
    iris = template.faces[(template.face_kind == _IRIS) & (chart_of_face == 24)]
    middle = template.mirror_vertex[head] == head
    found = {
        "nose": int(head[middle][np.argmin(points[head[middle], 1])]),
        "eye": int(iris.ravel()[np.argmin(np.linalg.norm(points[iris.ravel()] - points[iris].mean(axis=(0, 1)), axis=1))]),
        "ear": int(head[np.argmax(points[head, 0])]),
        "heel": int(foot[np.argmax(points[foot, 1])]),
        "big toe": tip("toe1-2.L"),
        "small toe": tip("toe5-3.L"),
    }
    return found | {name: tip(f"finger{number}-3.L") for number, name in enumerate(FINGERS, 1)}
