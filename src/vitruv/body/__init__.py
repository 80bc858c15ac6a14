"""Bodies, poses, clothes: everything about a person that has geometry.

Axes everywhere: right-handed, metres, y up; a person in the T-pose faces +z with the LEFT side at +x. Seen by a camera that looks
along -z with x to the right of the picture, the person faces the camera.

    body = Body.load()                       # baked, no torch, no anny
    shape = ShapeSampler.load().sample(rng)  # Shape: coefficients (K,), age, femininity
    pose = PoseLibrary.load().sample(rng)    # Pose: 22 joints, finger curls, category; without a file: built-in poses
    posed = body.pose(shape.coefficients[None], [pose])     # Posed: vertices (1, V, 3) in the atlas's order
    body.keypoints(posed.vertices), body.normals(posed.vertices[0]), body.faces, body.face_uv

and clothes on it:

    wardrobe = load_wardrobe("wardrobe")
    points = wardrobe.mannequin.rest(shape.coefficients)
    normals = wardrobe.mannequin.normals(points)
    for number in wardrobe.outfit(rng, shape.femininity):
        garment = wardrobe.wear(number, points, normals, posed.transforms[0], rng)  # Garment, in the frame of posed.vertices

`vitruv.synth` builds whole pictures of dressed people from these.

Files: `vitruv body pack` adds poses and wardrobe to the arrays of the body, in one .npz. `Body`, `ShapeSampler`, `PoseLibrary`,
`Mannequin` and `Wardrobe` all come from a mapping of such arrays with `from_arrays`; their keys begin with `body_`, `people_`,
`poses_`, `helper_` and `wardrobe_`, so that all of them fit into one file.
"""

from vitruv.body.garment import Garment
from vitruv.body.item import Item
from vitruv.body.library import PoseLibrary
from vitruv.body.mannequin import Mannequin
from vitruv.body.model import COCO_KEYPOINTS, Body, Posed
from vitruv.body.pose import Pose
from vitruv.body.pose_prior import PosePrior
from vitruv.body.shape import Shape, ShapeSampler
from vitruv.body.skirts import Skirts
from vitruv.body.spread import bone_rotations
from vitruv.body.wardrobe import Wardrobe
from vitruv.body.wardrobe_files import load_wardrobe

__all__ = [
    "COCO_KEYPOINTS",
    "Body",
    "Garment",
    "Item",
    "Mannequin",
    "Pose",
    "PoseLibrary",
    "PosePrior",
    "Posed",
    "Shape",
    "ShapeSampler",
    "Skirts",
    "Wardrobe",
    "bone_rotations",
    "load_wardrobe",
]
