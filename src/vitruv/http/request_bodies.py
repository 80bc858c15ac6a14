"""Reading the body of a request up to a limit, into memory or a file. A body that is too large is never held."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from vitruv.errors import UnwritableFileError
from vitruv.files import replacing
from vitruv.http.errors import InsufficientStorageError, TooLargeError, UnprocessableError

MAX_JSON_BYTES = 4_000_000
"""Largest JSON body: 14 masks of the worst case stay well below."""

_CHUNK_BYTES = 1_000_000


async def read_body(request: Request, limit: int, what: str) -> bytes:
    """The body of a request. Raises TooLargeError, which starts with `what`, beyond `limit` bytes."""
    gathered = bytearray()
    async for piece in _pieces(request, limit, what):
        gathered += piece
    return bytes(gathered)


async def save_body(request: Request, limit: int, what: str, path: Path) -> None:
    """Write the body of a request to a file, piece by piece.

    Raises TooLargeError as above, InsufficientStorageError when the disk is full.
    """
    try:
        with replacing(path) as file:
            gathered = bytearray()
            async for piece in _pieces(request, limit, what):
                gathered += piece
                if len(gathered) >= _CHUNK_BYTES:
                    await run_in_threadpool(file.write, bytes(gathered))
                    gathered.clear()
            await run_in_threadpool(file.write, bytes(gathered))
    except UnwritableFileError as error:
        raise InsufficientStorageError(f"{what} could not be saved: {error.reason}") from None


async def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an absent body is an empty one."""
    data = await read_body(request, MAX_JSON_BYTES, "the request")
    try:
        value = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        raise UnprocessableError("the request is not JSON") from None
    if not isinstance(value, dict):
        raise UnprocessableError(f"the request must be a JSON object, but is a {type(value).__name__}")
    return value


async def _pieces(request: Request, limit: int, what: str) -> AsyncIterator[bytes]:
    """The body as it arrives.

    A body that is too long is read to its end and discarded piece by piece, because browsers look at an answer only after they
    have sent everything. A client that asks first whether to send (as curl does) gets the refusal at once.
    """
    declared = request.headers.get("content-length", "")
    too_large = declared.isdigit() and int(declared) > limit
    if too_large and request.headers.get("expect", "").lower() == "100-continue":
        raise _too_large(what, limit)
    size = 0
    async for piece in request.stream():
        size += len(piece)
        too_large = too_large or size > limit
        if not too_large:
            yield piece
    if too_large:
        raise _too_large(what, limit)


def _too_large(what: str, limit: int) -> TooLargeError:
    return TooLargeError(f"{what}: more than {limit / 1e6:g} MB, the limit of this server")
