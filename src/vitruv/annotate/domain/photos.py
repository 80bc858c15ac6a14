"""Photos of a project: checked when they are added, and stored once each under the hash of their bytes."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PIL import Image, UnidentifiedImageError

from vitruv.annotate.domain.project import Project, Settings
from vitruv.annotate.domain.schema import new_id, photos, tasks
from vitruv.errors import InputError, UnwritableFileError
from vitruv.files import replacing
from vitruv.http.errors import InsufficientStorageError, NotFoundError, TooLargeError, UnprocessableError
from vitruv.media import as_rgb, orientation_of, upright

KINDS = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp"}
"""Formats that every browser shows, by Pillow's names."""

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
    project: Project,
    name: str,
    data: bytes,
    *,
    coco_id: int | None = None,
    extra: dict[str, Any] | None = None,
    box: bool = True,
    keep_folders: bool = False,
) -> Photo:
    """Add a photo. If the same bytes are already in the project, the existing photo is returned.

    name: the file's name; its folders are dropped unless `keep_folders`. data: the file's bytes. box: whether to open a task for
    drawing the boxes.
    Raises TooLargeError beyond the project's limits, UnprocessableError when the data is not a complete JPEG, PNG or WebP image,
    InsufficientStorageError when the disk is full.
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
            raise InsufficientStorageError(f"{name} could not be saved: {error.reason}") from None
    now = project.now()
    with project.store.write() as connection:
        row = connection.execute(sa.select(photos).where(photos.c.sha256 == digest)).one_or_none()
        if row is not None:
            return Photo(row.id, row.name, row.width, row.height, row.coco_id, is_new=False)
        coco_id = _free_coco_id(connection, coco_id)
        photo = Photo(new_id(), _plain_path(name) if keep_folders else _plain_name(name), width, height, coco_id, is_new=True)
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


def add_photo_file(project: Project, path: Path, name: str | None = None) -> Photo:
    """Add a photo from a file, which is read only if it is small enough. Also raises OSError when the file cannot be read.

    name: what annotation files call it, folders included; default is the file's own name.
    """
    name = name or path.name
    _require_small(name, path.stat().st_size, project.settings())
    return add_photo(project, name, path.read_bytes(), keep_folders=True)


def photo_file(project: Project, photo_id: str) -> tuple[Path, str]:
    """Path and kind of a photo. The path is built from the hash, never from a request."""
    with project.store.query_once() as connection:
        row = connection.execute(sa.select(photos.c.sha256, photos.c.kind).where(photos.c.id == photo_id)).one_or_none()
    if row is None:
        raise NotFoundError("this project has no photo with this id")
    path = project.photo_folder / f"{row.sha256}.{row.kind}"
    if not path.is_file():
        raise NotFoundError(f"the photo's file is missing: put {path.name} back into {project.photo_folder.name}/")
    return path, row.kind


def thumbnail(project: Project, photo_id: str) -> bytes:
    """A small JPEG of a photo, upright."""
    path, _ = photo_file(project, photo_id)
    small = project.photo_folder / "small" / f"{path.stem}.jpg"
    if not small.is_file():
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            image.draft("RGB", (2 * _THUMBNAIL_PX, 2 * _THUMBNAIL_PX))  # decodes large JPEGs at a fraction of their size
            small_image = upright(image.convert("RGB"), orientation_of(image))
            small_image.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
        small.parent.mkdir(exist_ok=True)
        with replacing(small) as file:
            small_image.save(file, "JPEG", quality=80)
    return small.read_bytes()


def _require_small(name: str, size: int, settings: Settings) -> None:
    if size > settings.photo_megabytes * 1_000_000:
        raise TooLargeError(
            f"{name}: more than {settings.photo_megabytes} MB; shrink the photo or raise the limit in the project settings"
        )


def _checked(name: str, data: bytes, max_pixels: int) -> tuple[str, int, int]:
    """Kind and upright width and height of an image; it is decoded completely to make sure that it is intact."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=list(KINDS)) as image:
            warnings.simplefilter("ignore")
            width, height = image.size
            if width * height > max_pixels:
                raise TooLargeError(
                    f"{name}: {width} x {height} pixels; the project accepts up to {max_pixels // 1_000_000} million"
                )
            kind = KINDS[image.format or ""]
            height, width = as_rgb(image).shape[:2]
    except Image.DecompressionBombError:
        raise TooLargeError(f"{name}: more pixels than the project accepts") from None
    except UnidentifiedImageError:
        raise UnprocessableError(f"{name}: not a JPEG, PNG or WebP image") from None
    except (InputError, OSError, ValueError, SyntaxError) as error:
        raise UnprocessableError(f"{name}: the image is damaged or incomplete ({error})") from None
    return kind, width, height


def _plain_path(name: str) -> str:
    """A name with its folders; it is compared with other names, and never opened."""
    parts = [_plain_name(part) for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "photo"


def _plain_name(name: str) -> str:
    """The last part of a path, without characters that do not belong in a file name."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = "".join(c for c in last if c.isprintable()).strip(". ")
    return cleaned[-120:] or "photo"


def _free_coco_id(connection: sa.Connection, wanted: int | None) -> int:
    if wanted is not None and not connection.execute(sa.select(photos.c.id).where(photos.c.coco_id == wanted)).first():
        return wanted
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(photos.c.coco_id), 0))).scalar_one()) + 1
