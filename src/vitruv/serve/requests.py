"""What a request asks for: a photo as the body or in a form, and options in the address or in the form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from vitruv.errors import InputError
from vitruv.formats import ChannelOrder
from vitruv.geometry import as_boxes_xyxy
from vitruv.http.errors import TimedOutError, UnprocessableError
from vitruv.http.request_bodies import read_body
from vitruv.serve.limits import Limits
from vitruv.types import Float32Array

OPTIONS = ("threshold", "boxes", "preset", "output", "channel_order", "image_id")
_BATCH_BYTES = 4  # times a single photo


@dataclass(frozen=True)
class Options:
    threshold: float | None = None
    boxes_xyxy: Float32Array | None = None
    preset: str | None = None
    output: str | None = None
    channel_order: ChannelOrder = "iuv"
    image_id: int = 1


@dataclass(frozen=True)
class Upload:
    name: str
    data: bytes = field(repr=False)


async def read_photo(request: Request, limits: Limits) -> tuple[Upload, Options]:
    """The photo and the options of a request. Raises RequestError."""
    uploads, fields = await _read(request, limits, limits.max_bytes, "the image")
    if len(uploads) != 1:
        raise UnprocessableError(f"send exactly one image, but got {len(uploads)}; /v1/predict/batch takes several")
    return uploads[0], read_options(fields, limits)


async def read_photos(request: Request, limits: Limits) -> tuple[list[Upload], Options]:
    """The photos of a batch request, a form with several files."""
    if not _is_form(request):
        raise UnprocessableError("send the images as multipart/form-data, one file per image")
    uploads, fields = await _read(request, limits, _BATCH_BYTES * limits.max_bytes, "the images")
    if not 1 <= len(uploads) <= limits.max_batch:
        raise UnprocessableError(f"send 1 to {limits.max_batch} images in a form, but got {len(uploads)}")
    options = read_options(fields, limits)
    for name in ("boxes_xyxy", "preset", "output"):
        if getattr(options, name) is not None:
            raise UnprocessableError(f"{name.removesuffix('_xyxy')} is for single photos: use /v1/predict")
    return uploads, options


def read_options(fields: Mapping[str, str], limits: Limits) -> Options:
    """Options from text. Raises UnprocessableError for unknown names and values that cannot be used."""
    unknown = sorted(set(fields) - set(OPTIONS))
    if unknown:
        raise UnprocessableError(f"there is no option {unknown[0]!r}; the options are {', '.join(OPTIONS)}")
    order = fields.get("channel_order", "iuv")
    channel_order: ChannelOrder | None = "iuv" if order == "iuv" else "vui" if order == "vui" else None
    if channel_order is None:
        raise UnprocessableError(f"channel_order must be iuv or vui, but got {order[:50]!r}")
    return Options(
        threshold=_number(fields, "threshold", 0, 1),
        boxes_xyxy=_boxes(fields["boxes"], limits) if "boxes" in fields else None,
        preset=fields.get("preset"),
        output=fields.get("output"),
        channel_order=channel_order,
        image_id=int(_number(fields, "image_id", 0, 2**53, whole=True) or 0) if "image_id" in fields else 1,
    )


def _number(fields: Mapping[str, str], name: str, low: float, high: float, *, whole: bool = False) -> float | None:
    if name not in fields:
        return None
    try:
        value = int(fields[name]) if whole else float(fields[name])
    except ValueError:
        value = -1
    if not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise UnprocessableError(f"{name} must be {kind} from {low:g} to {high:g}, but got {fields[name][:50]!r}")
    return value


def _boxes(text: str, limits: Limits) -> Float32Array:
    try:
        boxes = as_boxes_xyxy(json.loads(text))
    except (ValueError, RecursionError, InputError, TypeError):
        raise UnprocessableError("boxes must be JSON like [[x1, y1, x2, y2], ...] in pixels, with x1 < x2 and y1 < y2") from None
    if len(boxes) > limits.max_people:
        raise UnprocessableError(f"boxes: at most {limits.max_people} people, but got {len(boxes)}")
    return boxes


async def _read(request: Request, limits: Limits, max_bytes: int, what: str) -> tuple[list[Upload], dict[str, str]]:
    try:
        async with asyncio.timeout(limits.read_timeout_s):
            body = await read_body(request, max_bytes, what)
    except TimeoutError:
        raise TimedOutError(f"the request did not arrive within {limits.read_timeout_s:g} seconds") from None
    given = request.query_params.multi_items()
    if not _is_form(request):
        return [Upload("image", body)], _once(given)
    uploads = []
    form = await _form(request, body, limits)
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                uploads.append(Upload(value.filename or name, await value.read()))
            else:
                given.append((name, value))
    finally:
        await form.close()
    return uploads, _once(given)


def _once(given: list[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in given:
        if name in fields:
            raise UnprocessableError(f"the option {name!r} is given twice")
        fields[name] = value
    return fields


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def _form(request: Request, body: bytes, limits: Limits) -> FormData:
    async def stream() -> AsyncIterator[bytes]:
        yield body

    parser: Any = MultiPartParser(request.headers, stream(), max_files=limits.max_batch + 1, max_fields=2 * len(OPTIONS))  # type: ignore[arg-type]
    parser.spool_max_size = 2 * len(body) + 1  # it is in memory already; no copy on the disk
    try:
        form: FormData = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise UnprocessableError("the form cannot be read: send multipart/form-data with one file per image") from None
    return form
