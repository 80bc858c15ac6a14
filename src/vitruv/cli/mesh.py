"""`vitruv mesh`: a photo in, posed bodies out."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from vitruv.cli.parsing import parse
from vitruv.cli.people_of import people_source
from vitruv.errors import InputError, MissingExtraError
from vitruv.files import make_folder
from vitruv.formats import write_png
from vitruv.media import PhotoFile, read_image
from vitruv.results import Person
from vitruv.texture import Layout, SceneBody, TextureExtractor, draw_bodies, fit_body, focal_from, to_body_texture, write_scene
from vitruv.texture.tiles import checked_resolution
from vitruv.types import UInt8Array


@dataclass(frozen=True)
class MeshOptions:
    """Fit the package's body to the people of a photo, and write them as a scene.

    Example: vitruv mesh photo.jpg --output people.glb
    Example: vitruv mesh photo.jpg --output people.obj --overlay people.png --plain

    Camera, pose and build are found by least squares over what dense pose says of every pixel. Metres, y up, the lowest point at
    y = 0; people stand to each other as the camera saw them. How tall somebody is cannot be told from one photo: people are taken
    to be of usual size.
    """

    photo: tyro.conf.Positional[Path]
    """Photo to read."""

    output: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """Scene to write: .glb (one file) or .obj (with .mtl and pictures beside it)."""

    overlay: Annotated[Path | None, tyro.conf.arg(metavar="PNG")] = None
    """Picture of the bodies over the photo, to see how well they fit."""

    plain: bool = False
    """Grey bodies, without the texture that the photo shows of them."""

    resolution: int = 200
    """Texels along the side of each of the texture's 24 tiles."""

    fov: float = 40.0
    """Field of view along the photo's longer side, in degrees; a phone's main camera has some 65, a portrait lens 25."""

    results: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Results of this photo from `vitruv predict` (results.json, images.json beside it); default is to run a model."""

    model: str | None = None
    """As for `vitruv predict`."""

    threshold: float | None = None
    """As for `vitruv predict`."""


def main(argv: Sequence[str]) -> int:
    """Returns 0 when everybody was fitted, 1 when somebody could not be (the others are written)."""
    options = parse(MeshOptions, "vitruv mesh", argv)
    checked_resolution(options.resolution)
    if options.output.suffix.lower() not in (".glb", ".obj"):
        raise InputError(f"--output must end in .glb or .obj, but is {options.output}")
    if options.output.suffix.lower() == ".glb":
        _need("trimesh", "mesh")
    if options.overlay is not None:
        _need("numba", "synth")
    rgb = read_image(options.photo)
    size_hw = (rgb.shape[0], rgb.shape[1])
    focal_px = focal_from(size_hw, options.fov)
    people = people_source(options.results, options.model, options.threshold)(
        PhotoFile(options.photo, Path(options.photo.name)), rgb
    )
    if len(people) == 0:
        raise InputError(f"{options.photo}: nobody found, so there is no body to write")
    bodies, refused = [], 0
    for i, person in enumerate(people):
        started = time.perf_counter()
        try:
            fitted = fit_body(person, size_hw, focal_px=focal_px)
        except InputError as error:
            refused += 1
            print(f"vitruv mesh: person {i + 1}: {error}", file=sys.stderr)
            continue
        bodies.append(SceneBody(fitted, None if options.plain else _texture(rgb, person, options.resolution)))
        seconds = time.perf_counter() - started
        doubt = "; this fit is poor, look at it with --overlay" if fitted.error_share > 0.03 else ""
        print(
            f"person {i + 1}: reprojection error {fitted.error_px:.1f} px ({fitted.error_share:.1%} of the height), "
            f"{fitted.vertices[:, 2].mean():.1f} m away, {seconds:.1f} s{doubt}"
        )
    if not bodies:
        raise InputError(f"{options.photo}: too little is seen of everybody, so there is no body to write")
    make_folder(options.output.parent)
    write_scene(options.output, bodies)
    if options.overlay is not None:
        make_folder(options.overlay.parent)
        write_png(options.overlay, draw_bodies(rgb, [one.body for one in bodies]))
    print(f"{len(bodies)} {'body' if len(bodies) == 1 else 'bodies'} -> {options.output}")
    return 1 if refused else 0


def _texture(rgb: UInt8Array, person: Person, resolution: int) -> UInt8Array | None:
    extractor = TextureExtractor(resolution=resolution)
    extractor.add(rgb, person)
    if not extractor.seen.any():
        return None
    picture, _ = to_body_texture(extractor.texture(fill="all"), Layout.of_body(), size=int(np.clip(4 * resolution, 256, 2048)))
    return picture


def _need(package: str, extra: str) -> None:
    """Told before the work, not after it."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise MissingExtraError(package, extra)
