"""`vitruv texture`: colours from photos onto the body, back onto photos, and to the layouts of body models."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from vitruv.cli.commands import Command, run_command
from vitruv.cli.parsing import parse
from vitruv.cli.people_of import people_source
from vitruv.cli.predict_files import photos_to_do, plan
from vitruv.errors import FileError, FormatError, InputError, UnwritableFileError, VitruvError
from vitruv.files import make_folder
from vitruv.formats import write_png
from vitruv.media import PhotoFile, find_photos, read_image
from vitruv.surface import Atlas
from vitruv.texture import (
    Fill,
    Layout,
    TextureExtractor,
    apply_texture,
    from_body_texture,
    read_texture,
    to_body_texture,
    write_texture,
)
from vitruv.texture.atlas_texture import read_rgba

_Results = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]


@dataclass(frozen=True)
class Extract:
    """Photos of one person in, the texture on the body out.

    Example: vitruv texture extract me/*.jpg --output me.png --fill all

    Writes one picture of 24 tiles, a chart each (transparent where nothing is known), and NAME_seen.png, white where a photo showed
    the body. In a photo with several people the one with the highest score is taken.
    """

    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photos of the person, and folders of such photos. The more sides they show, the more of the texture is known."""

    output: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """PNG to write."""

    resolution: int = 200
    """Texels along the side of a tile; 200 gives 800x1200 pixels."""

    fill: Fill = "none"
    """Texels that no photo shows: none leaves them, mirror takes the other side of the body where that was seen, all continues
    smoothly over what is left then."""

    results: _Results = None
    """Results of these photos from `vitruv predict` (results.json, images.json beside it); default is to run a model."""

    model: str | None = None
    """As for `vitruv predict`."""

    threshold: float | None = None
    """As for `vitruv predict`."""


@dataclass(frozen=True)
class Apply:
    """Paint the people of photos with a texture.

    Example: vitruv texture apply me.png photos/ --output painted --shading

    Writes NAME_textured.png for each photo.
    """

    texture: tyro.conf.Positional[Path]
    """Picture of 24 tiles, from `vitruv texture extract` or any other program that uses this layout."""

    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photos, and folders of photos."""

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for what is written."""

    shading: bool = False
    """Keep the folds and shadows of the photo."""

    opacity: float = 1.0
    """Share of the texture, 0..1."""

    results: _Results = None
    """Results of these photos from `vitruv predict` (results.json, images.json beside it); default is to run a model."""

    model: str | None = None
    """As for `vitruv predict`."""

    threshold: float | None = None
    """As for `vitruv predict`."""


@dataclass(frozen=True)
class Convert:
    """A texture of 24 tiles to the one-picture texture of a body, or back.

    Example: vitruv texture convert me.png --output me_body.png
    Example: vitruv texture convert skin.png --to atlas --output skin_atlas.png
    Example: vitruv texture convert me.png --output me_smpl.png --layout smpl_uv.obj --surface UV_Processed.mat

    Without --layout the body is the package's own (MakeHuman's hm08 skin layout). SMPL's layout is not part of the package: name
    your own OBJ file of it, and the UV_Processed.mat of DensePose, which says how SMPL's vertices lie in the 24 charts.
    """

    texture: tyro.conf.Positional[Path]
    """Picture to convert."""

    output: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """PNG to write."""

    to: Literal["body", "atlas"] = "body"
    """What to make."""

    layout: Annotated[Path | None, tyro.conf.arg(metavar="OBJ")] = None
    """Body with texture coordinates, Wavefront OBJ."""

    surface: Annotated[Path | None, tyro.conf.arg(metavar="MAT")] = None
    """UV_Processed.mat, where the layout is SMPL's."""

    size: int = 1024
    """Side of a body's texture, in pixels."""

    resolution: int = 200
    """Texels along the side of an atlas's tile."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    commands = {
        "extract": Command("photos of one person in, the texture on the body out", _extract),
        "apply": Command("paint the people of photos with a texture", _apply),
        "convert": Command("a texture of 24 tiles to the one-picture texture of a body, or back", _convert),
    }
    return run_command("vitruv texture", commands, argv)


def _extract(argv: Sequence[str]) -> int:
    options = parse(Extract, "vitruv texture extract", argv)
    extractor = TextureExtractor(resolution=options.resolution)
    photos = find_photos(options.photos, left_out=_left_out)
    if not photos:
        raise InputError(f"no photos in {', '.join(map(str, options.photos))}")
    people_of = people_source(options.results, options.model, options.threshold)
    failed = 0
    for photo in photos:
        try:
            rgb = read_image(photo.path)
            people = people_of(photo, rgb)
        except VitruvError as error:
            failed += 1
            print(f"vitruv texture: {_reason(photo, error)}", file=sys.stderr)
            continue
        if len(people) != 1:
            which = "nobody found, left out" if len(people) == 0 else f"{len(people)} people found, the best one taken"
            print(f"{photo.path}: {which}", file=sys.stderr)
        if len(people):
            extractor.add(rgb, people[int(np.argmax(people.scores))])
    texture = extractor.texture(fill=options.fill)
    make_folder(options.output.parent)
    write_texture(options.output, texture)
    seen = extractor.seen
    write_png(options.output.with_name(f"{options.output.stem}_seen.png"), np.where(seen, 255, 0).astype(np.uint8))
    share = float(seen.sum() / extractor.tiles.inside.sum())
    height, width = extractor.tiles.size_hw
    count = "1 photo shows" if extractor.photos == 1 else f"{extractor.photos} photos show"
    print(f"{count} {share:.0%} of the body -> {options.output} ({width}x{height})")
    return 1 if failed else 0


def _left_out(path: Path, reason: str) -> None:
    print(f"{path}: left out ({reason})", file=sys.stderr)


def _reason(photo: PhotoFile, error: VitruvError) -> str:
    # Errors about a file begin with its path already.
    return str(error) if isinstance(error, FileError | FormatError) else f"{photo.path}: {error}"


def _apply(argv: Sequence[str]) -> int:
    options = parse(Apply, "vitruv texture apply", argv)
    texture = read_texture(options.texture)
    if not 0 <= options.opacity <= 1:
        raise InputError(f"--opacity must be from 0 to 1, but is {options.opacity:g}")
    jobs = plan(photos_to_do(options.photos, options.output, left_out=_left_out), options.output)
    people_of = people_source(options.results, options.model, options.threshold)
    failed = painted = 0
    for job in jobs:
        try:
            rgb = read_image(job.photo.path)
            people = people_of(job.photo, rgb)
            picture = apply_texture(texture, rgb, people, shading=options.shading, opacity=options.opacity)
            target = options.output / job.stem.with_name(f"{job.stem.name}_textured.png")
            make_folder(target.parent)
            write_png(target, picture)
        except UnwritableFileError:
            raise
        except VitruvError as error:
            failed += 1
            print(f"vitruv texture: {_reason(job.photo, error)}", file=sys.stderr)
            continue
        painted += len(people)
        if len(people) == 0:
            print(f"{job.photo.path}: nobody found: written as it is", file=sys.stderr)
    print(f"{len(jobs) - failed} photo{'' if len(jobs) - failed == 1 else 's'}, {painted} people painted -> {options.output}")
    return 1 if failed else 0


def _convert(argv: Sequence[str]) -> int:
    options = parse(Convert, "vitruv texture convert", argv)
    if options.surface is not None and options.layout is None:
        raise InputError("--surface belongs to a --layout: name the OBJ file of the same body")
    layout = Layout.of_body() if options.layout is None else Layout.of_obj(options.layout)
    atlas = None if options.surface is None else Atlas.from_official(options.surface, layout.vertices)
    if options.to == "body":
        rgb, known = to_body_texture(read_texture(options.texture), layout, size=options.size, atlas=atlas)
        make_folder(options.output.parent)
        write_png(options.output, rgb)
        print(f"{options.output}: {options.size}x{options.size}, {float(known.mean()):.0%} of it has a colour")
        return 0
    rgba = read_rgba(options.texture)
    atlas_texture = from_body_texture(
        np.ascontiguousarray(rgba[:, :, :3]), layout, resolution=options.resolution, atlas=atlas, known=rgba[:, :, 3] >= 128
    )
    make_folder(options.output.parent)
    write_texture(options.output, atlas_texture)
    height, width = atlas_texture.known.shape
    print(f"{options.output}: {width}x{height}, 24 tiles")
    return 0
