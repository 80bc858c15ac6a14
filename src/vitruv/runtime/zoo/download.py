"""Downloading a large file: with progress, resumed where it was cut, whole or not at all."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from vitruv.errors import ModelError, UnwritableFileError

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes in all (None when the server does not say)."""

_CHUNK = 1 << 18
_TIMEOUT_S = 30
_ATTEMPTS = 4  # in a row without any progress


def download(address: str, target: Path, *, progress: Progress | None = None) -> None:
    """Fetch a file over HTTP(S).

    What has arrived is kept in `target`.part and its version (ETag) in `target`.etag; a later call asks for the rest. Cuts are
    mended by asking again, as long as something arrives. Raises ModelError saying why the file cannot be had, and
    UnwritableFileError.
    """
    part, version = target.with_name(target.name + ".part"), target.with_name(target.name + ".etag")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        failures = 0
        while True:
            before = _size(part)
            try:
                _fetch_rest(address, part, version, progress)
                break
            except (ConnectionError, TimeoutError, http.client.HTTPException, urllib.error.URLError) as error:
                failures = 0 if _size(part) > before else failures + 1
                if failures >= _ATTEMPTS or _is_final(error):
                    raise ModelError(f"{address}: cannot be downloaded ({_reason(error)})") from None
        part.replace(target)
        version.unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableFileError(target, f"cannot be written: {(error.strerror or str(error)).lower()}") from None


def _fetch_rest(address: str, part: Path, version: Path, progress: Progress | None) -> None:
    have = _size(part)
    request = urllib.request.Request(address, headers={"User-Agent": "vitruv"})
    if have and version.is_file():
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", version.read_text(encoding="utf-8"))  # a changed file is sent whole, not mixed
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            part.unlink()  # what is there is no beginning of what the server has
            raise ConnectionError("the part that was there did not fit") from None
        raise
    with response:
        resumed = response.status == http.client.PARTIAL_CONTENT
        have = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length is not None else None
        tag = response.headers.get("ETag")
        if not resumed:
            version.unlink(missing_ok=True)
            if tag and not tag.startswith("W/"):
                version.write_text(tag, encoding="utf-8")
        with part.open("ab" if resumed else "wb") as stream:
            while chunk := response.read(_CHUNK):
                stream.write(chunk)
                have += len(chunk)
                if progress is not None:
                    progress(have, total)
    if total is not None and have < total:
        raise ConnectionError(f"the connection was cut after {have} of {total} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _is_final(error: Exception) -> bool:
    """Whether asking again is pointless: the server has answered."""
    return isinstance(error, urllib.error.HTTPError) and error.code < 500


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason}"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(getattr(reason, "strerror", None) or reason).lower()
