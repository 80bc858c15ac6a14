"""Cutting the body into 14 parts and 24 charts, where DensePose cuts it.

The body's skeleton says where the joints are and which way a limb bends; every border is then a shortest walk along mesh
edges close to an ideal curve (a joint's plane, the side line of a limb), so that it does not zigzag through the triangles.
The left half is cut, the right half is its mirror image; the head's two halves meet on the midline.

Where the ideal curves lie was read off DensePose's own picture of its charts and its table of seams: a thigh reaches from the
middle of the buttock to below the kneecap and meets the other thigh between the legs; a foot begins above the ankle bones; the
head takes the neck; the arm begins at the shoulder joint, its two halves meet on the thumb's and on the little finger's side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.errors import InputError
from vitruv.surface.building.cuts import Border, LeftHalf, at_height, depth_middle, only, square_to, twisting, unit, walk
from vitruv.surface.charts import MIRROR_CHART
from vitruv.surface.mesh import face_components
from vitruv.surface.template import BodyTemplate
from vitruv.types import Float64Array, Int64Array, UInt8Array

# Measured on DensePose's rendered figure. Heights are shares of the stature.
_FLANK = 0.539  # where torso and thigh, front and back, meet
_CLEFT = 0.535  # border of back and thighs on the midline
_GROIN = ((0.0, 0.0), (0.2, 0.3), (0.34, 0.62), (0.5, 0.93), (1.0, 1.0))  # (share of the width, share of the way up to _GROIN_SIDE)
_GROIN_SIDE = 0.517
_KNEE = 0.2515
_ANKLE = 0.057
_NECK_FRONT = 0.832  # pit of the neck
_NECK_BACK = 0.853

# How far behind the middle of its depth a side line runs, metres: the front charts wrap around the sides.
_FLANK_BEHIND_M = 0.055
_CHEST_BEHIND_M = 0.045
_KNEE_BEHIND_M = 0.016
_SHIN_BEHIND_M = 0.006

_ELBOW_TWIST = 0.45
"""Share of the turn from the elbow's crease to the palm that the arm's front has made at the elbow already."""


@dataclass(frozen=True, eq=False)
class Partition:
    """Charts of a template.

    chart_of_face: (f,) uint8, 1..24.
    corners: vertices of the left half where borders were made to meet, by name ("knee outside").
    """

    chart_of_face: UInt8Array
    corners: dict[str, int]


def _leg_borders(body: LeftHalf, flank: int, crotch: int, cleft: int) -> list[Border]:
    """Borders from the hip to the ankle. Corners: flank (torso front and back, thigh front and back), crotch, cleft."""
    hip, knee, ankle, foot = (body.bone(f"{name}.L") for name in ("upperleg01", "lowerleg01", "foot", "toe3-1"))
    knee_z, ankle_z = body.height(_KNEE), body.height(_ANKLE)
    limb = body.left & (body.moved_by("upperleg", "lowerleg", "foot", "toe") > 0.5)
    line_z = [foot[2], ankle[2], knee[2], hip[2]]
    middle_x = np.interp(body.z, line_z, [ankle[0], ankle[0], knee[0], hip[0]])
    middle_y = depth_middle(body, limb & (body.z > ankle_z - 0.02))
    outside, inside = limb & (body.x > middle_x), limb & (body.x < middle_x)
    # On the inside the thigh's front half begins at the crotch, well before the middle of its depth.
    crotch_y, crotch_z = body.points[crotch, 1], body.points[crotch, 2]
    inner_y = middle_y + (crotch_y - at_height(middle_y, body.z, limb, crotch_z)) * np.clip(
        (body.z - knee_z) / (crotch_z - knee_z), 0.0, 1.0
    )
    behind = np.interp(
        body.z,
        [ankle_z, knee_z - 0.05, knee_z, body.points[flank, 2]],
        [0.0, _SHIN_BEHIND_M, _KNEE_BEHIND_M, body.points[flank, 1] - at_height(middle_y, body.z, limb, body.points[flank, 2])],
    )
    outer_y = middle_y + behind
    at_knee, at_ankle = body.z - knee_z, body.z - ankle_z
    knee_out = body.corner(at_knee, body.y - outer_y, where=outside)
    knee_in = body.corner(at_knee, body.y - middle_y, where=inside)
    ankle_out = body.corner(at_ankle, body.y - outer_y, where=outside)
    ankle_in = body.corner(at_ankle, body.y - middle_y, where=inside)
    front, back = limb & (body.y < outer_y + 0.01), limb & (body.y > middle_y - 0.01)
    thigh = body.left & (body.z < body.points[flank, 2] + 0.01)
    body.corners |= {"knee outside": knee_out, "knee inside": knee_in, "ankle outside": ankle_out, "ankle inside": ankle_in}
    borders = [
        Border(flank, knee_out, only(body.y - outer_y, thigh & (body.x > middle_x))),
        Border(crotch, knee_in, only(body.y - inner_y, (body.left | body.on_midline) & (body.x < middle_x))),
        Border(knee_out, knee_in, only(at_knee, front)),
        Border(knee_out, knee_in, only(at_knee, back)),
        Border(knee_out, ankle_out, only(body.y - outer_y, outside)),
        Border(knee_in, ankle_in, only(body.y - middle_y, inside)),
        Border(ankle_out, ankle_in, only(at_ankle, front)),
        Border(ankle_out, ankle_in, only(at_ankle, back)),
    ]
    # Buttock: level from the flank to the cleft. Groin: up from the crotch, level, and up again around the side.
    trunk = (body.left | body.on_midline) & (np.abs(body.z - body.points[flank, 2]) < 0.15) & (body.x < 0.3)
    flank_x, flank_y, flank_z = body.points[flank]
    side_y = at_height(middle_y, body.z, limb, flank_z)
    behind_flank, before_flank = trunk & (body.y > flank_y - 0.01), trunk & (body.y < flank_y + 0.01)
    rise = body.height(_GROIN_SIDE) - crotch_z
    half_width = body.x[trunk].max()
    groin_z = crotch_z + rise * np.interp(body.x / half_width, *np.array(_GROIN).T)
    groin_z += (flank_z - body.height(_GROIN_SIDE)) * np.clip((body.y - side_y) / (flank_y - side_y), 0.0, 1.0)
    buttock_z = np.interp(body.x, [0.0, flank_x], [body.points[cleft, 2], flank_z])
    borders += [
        Border(flank, cleft, only(body.z - buttock_z, behind_flank)),
        Border(flank, crotch, only(body.z - groin_z, before_flank)),
    ]
    return borders


def _arm_borders(body: LeftHalf) -> tuple[list[Border], int, int]:
    """Borders from the shoulder to the wrist, and the two corners at the shoulder: its top and the armpit."""
    shoulder, elbow, wrist = (body.bone(f"{name}.L") for name in ("upperarm01", "lowerarm01", "wrist"))
    little, index = body.bone("finger5-1.L"), body.bone("finger2-1.L")
    upper_axis, lower_axis = unit(elbow - shoulder), unit(wrist - elbow)
    bend = unit(lower_axis - upper_axis)
    palm = unit(np.cross(little - wrist, index - wrist))  # out of the left palm
    # Turned from the elbow's crease part of the way to the palm: the front of the arm twists evenly from shoulder to wrist.
    crease = square_to(lower_axis, bend)
    inner = twisting(lower_axis, crease, square_to(lower_axis, palm), np.array([_ELBOW_TWIST]))[0]
    upper_share = np.clip((body.points - shoulder) @ upper_axis / np.linalg.norm(elbow - shoulder), 0.0, 1.0)
    lower_share = np.clip((body.points - elbow) @ lower_axis / np.linalg.norm(wrist - elbow), 0.0, 1.0)
    forward = np.array([0.0, -1.0, 0.0])
    upper_front = twisting(upper_axis, square_to(upper_axis, forward), square_to(upper_axis, inner), upper_share)
    lower_front = twisting(lower_axis, inner, square_to(lower_axis, palm), lower_share)
    upper_arm = body.points - (shoulder + upper_share[:, None] * (elbow - shoulder))
    lower_arm = body.points - (elbow + lower_share[:, None] * (wrist - elbow))
    upper_off, lower_off = np.sum(upper_arm * upper_front, axis=1), np.sum(lower_arm * lower_front, axis=1)
    # The thumb's side of the arm and the top of the shoulder are one side, the little finger's and the armpit the other.
    upper_thumb = np.sum(upper_arm * np.cross(upper_front, upper_axis), axis=1)
    lower_thumb = np.sum(lower_arm * np.cross(lower_front, lower_axis), axis=1)

    limb = body.left & (body.moved_by("upperarm", "lowerarm", "wrist", "finger", "metacarpal", "shoulder", "clavicle") > 0.1)
    joint = body.moved_by("upperarm")
    pit = limb & (joint > 0.35) & (joint < 0.65) & (body.moved_by("lowerarm") < 0.01)
    armpit = int(np.flatnonzero(pit)[np.argmin(body.z[pit])])
    across = unit(np.cross(shoulder - body.points[armpit], forward) * [1.0, 0.0, 1.0])
    at_shoulder = (body.points - body.points[armpit]) @ across
    ring = limb & (np.abs(at_shoulder) < 0.03) & (body.z > body.points[armpit, 2] - 0.02)
    top = int(np.flatnonzero(ring)[np.argmax((body.z - 3 * np.abs(at_shoulder))[ring])])
    at_elbow = (body.points - elbow) @ unit(upper_axis + lower_axis)
    at_wrist = (body.points - wrist) @ lower_axis
    elbow_thumb = body.corner(at_elbow, lower_off, where=limb & (lower_thumb > 0) & (np.abs(at_elbow) < 0.03))
    elbow_little = body.corner(at_elbow, lower_off, where=limb & (lower_thumb < 0) & (np.abs(at_elbow) < 0.03))
    wrist_thumb = body.corner(at_wrist, lower_off, where=limb & (lower_thumb > 0))
    wrist_little = body.corner(at_wrist, lower_off, where=limb & (lower_thumb < 0))
    body.corners |= {
        "shoulder": top,
        "armpit": armpit,
        "elbow, thumb's side": elbow_thumb,
        "elbow, little finger's side": elbow_little,
    }
    body.corners |= {"wrist, thumb's side": wrist_thumb, "wrist, little finger's side": wrist_little}
    slack = 0.008
    borders = [
        Border(top, armpit, only(at_shoulder, body.left & (body.y < max(body.points[[top, armpit], 1]) + slack))),
        Border(top, armpit, only(at_shoulder, body.left & (body.y > min(body.points[[top, armpit], 1]) - slack))),
        Border(top, elbow_thumb, only(upper_off, limb & (upper_thumb > 0))),
        Border(armpit, elbow_little, only(upper_off, limb & (upper_thumb < 0))),
        Border(elbow_thumb, elbow_little, only(at_elbow, limb & (lower_off > -slack))),
        Border(elbow_thumb, elbow_little, only(at_elbow, limb & (lower_off < slack))),
        Border(elbow_thumb, wrist_thumb, only(lower_off, limb & (lower_thumb > 0))),
        Border(elbow_little, wrist_little, only(lower_off, limb & (lower_thumb < 0))),
        Border(wrist_thumb, wrist_little, only(at_wrist, limb & (lower_off > -slack))),
        Border(wrist_thumb, wrist_little, only(at_wrist, limb & (lower_off < slack))),
    ]
    return borders, top, armpit


def _trunk_borders(body: LeftHalf, shoulder_top: int, armpit: int, flank: int) -> list[Border]:
    """Neck, top of the shoulder, flank; and the midline of the head and between the legs."""
    front_z, back_z = body.height(_NECK_FRONT), body.height(_NECK_BACK)
    middle_y = (body.y[body.on_midline & (np.abs(body.z - (front_z + back_z) / 2) < 0.05)]).mean()
    neck_front = body.midline_corner(front_z, body.y < middle_y)
    neck_back = body.midline_corner(back_z, body.y > middle_y)
    first, last = body.points[neck_front], body.points[neck_back]
    # Rises from the pit of the neck to its sides and stays level behind: the slopes of the shoulders belong to the torso.
    neck_side_y = first[1] + 0.6 * (last[1] - first[1])
    at_neck = body.z - np.interp(body.y, [first[1], neck_side_y], [first[2], last[2]])
    near = (body.left | body.on_midline) & (np.abs(at_neck) < 0.06) & (body.x < 0.15)
    neck_side = body.corner(at_neck, body.y - neck_side_y, where=near & body.left)
    body.corners |= {"neck in front": neck_front, "neck behind": neck_back, "side of the neck": neck_side}
    a, b = body.points[neck_side], body.points[shoulder_top]
    ridge_y = np.interp(body.x, [a[0], b[0]], [a[1], b[1]])
    shoulder = body.left & (body.z > body.points[armpit, 2] + 0.03)
    p, q = body.points[flank], body.points[armpit]
    torso = body.left & (body.moved_by("upperarm", "lowerarm", "wrist", "finger", "metacarpal") < 0.3)
    middle_y = depth_middle(body, torso & (body.z > p[2]) & (body.z < q[2]))
    flank_y = np.interp(
        body.z, [p[2], q[2] - 0.1, q[2]], [p[1], at_height(middle_y, body.z, torso, q[2] - 0.1) + _CHEST_BEHIND_M, q[1]]
    )
    side = body.left & (body.z > p[2] - 0.03) & (body.z < q[2] + 0.01) & (body.x > 0.08) & (body.x < 0.25)
    return [
        Border(neck_front, neck_side, only(at_neck, near & (body.y < a[1] + 0.01))),
        Border(neck_side, neck_back, only(at_neck, near & (body.y > a[1] - 0.01))),
        Border(neck_side, shoulder_top, only(body.y - ridge_y, shoulder)),
        Border(armpit, flank, only(body.y - flank_y, side)),
        Border(neck_front, neck_back, only(body.x, body.on_midline & (body.z > front_z - 0.02))),
    ]


def partition(template: BodyTemplate) -> Partition:
    """Cut a template into charts. Raises InputError when the cuts do not give 24 pieces."""
    body = LeftHalf(template)
    low = body.on_midline & (body.z < body.height(_CLEFT) + 0.02)
    # The foremost point between the legs: the lowest one when the body leans back a little.
    crotch = int(np.flatnonzero(low)[np.argmin((body.z + 0.3 * body.y)[low])])
    cleft = body.midline_corner(body.height(_CLEFT), body.y > 0)
    flank_z = body.height(_FLANK)
    hip = body.left & (np.abs(body.z - flank_z) < 0.03) & (body.x < 0.3)
    flank_y = (body.y[hip].min() + body.y[hip].max()) / 2 + _FLANK_BEHIND_M
    flank = body.corner(body.z - flank_z, body.y - flank_y, where=hip & (body.x > body.bone("upperleg01.L")[0]))
    body.corners |= {"flank": flank, "crotch": crotch, "cleft": cleft}
    leg = _leg_borders(body, flank, crotch, cleft)
    arm, shoulder_top, armpit = _arm_borders(body)
    perineum = low & (body.y > body.y[crotch] - 0.005)
    borders = [*leg, *arm, *_trunk_borders(body, shoulder_top, armpit, flank), Border(cleft, crotch, only(body.x, perineum))]
    cut = walk(template, borders)
    cut = np.concatenate([cut, template.mirror_vertex[cut]])
    piece = face_components(template.faces, cut)
    return Partition(_name(template, piece), body.corners)


def _name(template: BodyTemplate, piece: Int64Array) -> UInt8Array:
    """Chart numbers for the pieces: each is named by a point inside it."""
    body = LeftHalf(template)
    centre = template.vertices[template.faces].mean(axis=1)
    charts = np.zeros(len(piece), np.uint8)
    names = np.zeros(int(piece.max()) + 1, np.uint8)
    for chart, point in _inner_points(body).items():
        for number, place in ((chart, point), (int(MIRROR_CHART[chart]), point * [-1.0, 1.0, 1.0])):
            names[piece[np.argmin(np.linalg.norm(centre - place, axis=1))]] = number
    if len(names) != 24 or len(np.unique(names)) != 24 or (names == 0).any():
        raise InputError(
            f"the body must fall into 24 charts, but fell into {len(names)} pieces: the template is not the expected one"
        )
    charts[:] = names[piece]
    return charts


def _inner_points(body: LeftHalf) -> dict[int, Float64Array]:
    """A place deep inside every chart of the left half and the trunk."""
    ahead = np.array([0.0, -0.2, 0.0])
    shoulder, elbow, wrist = (body.bone(f"{name}.L") for name in ("upperarm01", "lowerarm01", "wrist"))
    hip, knee, ankle = (body.bone(f"{name}.L") for name in ("upperleg01", "lowerleg01", "foot"))
    bend = unit(unit(wrist - elbow) - unit(elbow - shoulder))
    palm = unit(np.cross(body.bone("finger5-1.L") - wrist, body.bone("finger2-1.L") - wrist))
    half = unit(bend + palm)
    chest, head = body.bone("spine02"), body.bone("head")
    return {
        1: chest - ahead,
        2: chest + ahead,
        4: body.bone("finger3-2.L"),
        5: body.bone("toe1-1.L"),
        8: (hip + 2 * knee) / 3 - ahead,
        10: (hip + 2 * knee) / 3 + ahead,
        12: (knee + ankle) / 2 - ahead,
        14: (knee + ankle) / 2 + ahead,
        15: (shoulder + elbow) / 2 + 0.1 * bend,
        17: (shoulder + elbow) / 2 - 0.1 * bend,
        19: (elbow + wrist) / 2 + 0.1 * half,
        21: (elbow + wrist) / 2 - 0.1 * half,
        24: head + np.array([0.2, 0.0, 0.03]),
    }
