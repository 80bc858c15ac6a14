"""Photos of a project: checked when they come in, kept once each under the hash of their bytes."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PIL import Image, ImageOps, UnidentifiedImageError

from vitruv.annotate.domain.project import Project, Settings
from vitruv.annotate.domain.refusals import FullError, NotFoundError, TooLargeError, UnusableError
from vitruv.annotate.domain.schema import new_id, photos, tasks
from vitruv.errors import InputError, UnwritableFileError
from vitruv.formats import replacing
from vitruv.media import as_rgb

KINDS = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp"}
"""What every browser shows, by Pillow's names."""

_THUMBNAIL_PX = 320


@dataclass(frozen=True)
class Photo:
    id: str
    name: str
    width: int
    height: int
    coco_id: int
    is_new: bool


def add_photo(
    project: Project, name: str, data: bytes, *, coco_id: int | None = None, extra: dict[str, Any] | None = None, box: bool = True
) -> Photo:
    """Take a photo in; one that is here already (the same bytes) is returned as it is.

    name: what it is called outside, its folders dropped. data: the file's bytes. box: whether somebody has to draw the people.
    Raises TooLargeError beyond the project's limits, UnusableError when it is no whole JPEG, PNG or WebP picture, FullError
    when the disk has no room.
    """
    settings = project.settings()
    _require_small(name, len(data), settings)
    kind, width, height = _checked(name, data, settings.photo_megapixels * 1_000_000)
    digest = hashlib.sha256(data).hexdigest()
    path = project.photo_folder / f"{digest}.{kind}"
    if not path.exists():
        try:
            with replacing(path) as file:
                file.write(data)
        except UnwritableFileError as error:
            raise FullError(f"{name} could not be kept: {error.reason}") from None
    now = project.now()
    with project.store.write() as connection:
        row = connection.execute(sa.select(photos).where(photos.c.sha256 == digest)).one_or_none()
        if row is not None:
            return Photo(row.id, row.name, row.width, row.height, row.coco_id, is_new=False)
        coco_id = _free_coco_id(connection, coco_id)
        photo = Photo(new_id(), _plain_name(name), width, height, coco_id, is_new=True)
        connection.execute(
            sa.insert(photos).values(
                id=photo.id, sha256=digest, name=photo.name, kind=kind, width=width, height=height, coco_id=coco_id,
                extra=extra or {}, created=now,
            )
        )  # fmt: skip
        if box:
            connection.execute(
                sa.insert(tasks).values(id=new_id(), kind="boxes", photo_id=photo.id, state="open", created=now, updated=now)
            )
    return photo


def add_photo_file(project: Project, path: Path) -> Photo:
    """The same for a file, which is read only when it is small enough. Raises OSError, too, when it cannot be read."""
    _require_small(path.name, path.stat().st_size, project.settings())
    return add_photo(project, path.name, path.read_bytes())


def photo_file(project: Project, photo_id: str) -> tuple[Path, str]:
    """Path and kind of a photo. The path is made of the hash, never of anything a request says."""
    with project.store.glance() as connection:
        row = connection.execute(sa.select(photos.c.sha256, photos.c.kind).where(photos.c.id == photo_id)).one_or_none()
    if row is None:
        raise NotFoundError("this project has no photo with this id")
    path = project.photo_folder / f"{row.sha256}.{row.kind}"
    if not path.is_file():
        raise NotFoundError(f"the photo's file is gone from {project.photo_folder.name}/: put {path.name} back")
    return path, row.kind


def thumbnail(project: Project, photo_id: str) -> bytes:
    """A small JPEG of a photo, upright."""
    path, _ = photo_file(project, photo_id)
    small = project.photo_folder / "small" / f"{path.stem}.jpg"
    if not small.is_file():
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            image.draft("RGB", (2 * _THUMBNAIL_PX, 2 * _THUMBNAIL_PX))  # decodes large JPEGs at a fraction of their size
            upright = ImageOps.exif_transpose(image).convert("RGB")
            upright.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
        small.parent.mkdir(exist_ok=True)
        with replacing(small) as file:
            upright.save(file, "JPEG", quality=80)
    return small.read_bytes()


def _require_small(name: str, size: int, settings: Settings) -> None:
    if size > settings.photo_megabytes * 1_000_000:
        raise TooLargeError(f"{name}: more than {settings.photo_megabytes} MB; make the photo smaller or raise the limit")


def _checked(name: str, data: bytes, max_pixels: int) -> tuple[str, int, int]:
    """Kind and upright width and height of a picture that can be decoded to its last byte."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=list(KINDS)) as image:
            warnings.simplefilter("ignore")
            width, height = image.size
            if width * height > max_pixels:
                raise TooLargeError(f"{name}: {width} x {height} pixels; the project takes up to {max_pixels // 1_000_000} million")
            kind = KINDS[image.format or ""]
            height, width = as_rgb(image).shape[:2]
    except Image.DecompressionBombError:
        raise TooLargeError(f"{name}: more pixels than the project takes") from None
    except UnidentifiedImageError:
        raise UnusableError(f"{name}: not a JPEG, PNG or WebP picture") from None
    except (InputError, OSError, ValueError, SyntaxError) as error:
        raise UnusableError(f"{name}: not a whole picture ({error})") from None
    return kind, width, height


def _plain_name(name: str) -> str:
    """The last part of a path, without what no file name should hold."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = "".join(c for c in last if c.isprintable()).strip(". ")
    return cleaned[-120:] or "photo"


def _free_coco_id(connection: sa.Connection, wanted: int | None) -> int:
    if wanted is not None and not connection.execute(sa.select(photos.c.id).where(photos.c.coco_id == wanted)).first():
        return wanted
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(photos.c.coco_id), 0))).scalar_one()) + 1
