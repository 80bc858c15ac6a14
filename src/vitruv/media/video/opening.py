"""Files, streams and cameras, opened; what goes wrong in one sentence."""

from __future__ import annotations

import errno
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import av
from av.container import InputContainer

from vitruv.errors import FileError, InputError, MissingFileError, UnreadableFileError
from vitruv.types import PathLike

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_PATIENCE_S = (10.0, 10.0)  # to open a stream, and between two packets of it

# Formats that FFmpeg reads as video although they are none: single pictures, and text drawn as a terminal would.
_PICTURES = re.compile(r"(image2|.*_pipe|jpegxl_anim)$")
_NO_VIDEO = {"tty"}

_CAMERA_FORMATS = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}"), "win32": ("dshow", "video={}")}


@dataclass(frozen=True)
class Source:
    """Something that FFmpeg opens. name: for messages; live: cannot be read twice."""

    address: str
    name: str
    live: bool = False
    format: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    path: Path | None = None


def is_url(text: object) -> bool:
    """Whether this names a stream (`rtsp://...`, `https://...`) and not a file."""
    return isinstance(text, str) and _URL.match(text) is not None


def camera(device: str) -> Source:
    """A camera of this machine: a number from 0, or the name that the system gives it.

    Raises InputError on systems whose cameras FFmpeg does not open.
    """
    if sys.platform not in _CAMERA_FORMATS:
        raise InputError(f"cameras cannot be opened on {sys.platform}; name a file or a stream instead")
    kind, pattern = _CAMERA_FORMATS[sys.platform]
    address = pattern.format(device) if device.isdigit() or sys.platform != "linux" else device
    return Source(address, f"camera {device}", live=True, format=kind)


def as_source(source: PathLike | Source) -> Source:
    """A path, a URL or a source as a source. Raises MissingFileError, UnreadableFileError (a folder, a device, no permission)."""
    if isinstance(source, Source):
        return source
    if is_url(source):
        return Source(str(source), _without_password(str(source)), live=True)
    path = Path(source)
    try:
        if not path.exists():
            raise MissingFileError(path)
        if not path.is_file():
            raise UnreadableFileError(path, "this is a folder, not a clip" if path.is_dir() else "not a regular file")
        if path.stat().st_size == 0:
            raise UnreadableFileError(path, "the file is empty")
    except PermissionError:
        raise UnreadableFileError(path, "no permission to read it") from None
    # "file:" keeps FFmpeg from taking "a:b.mp4" for a protocol; the list keeps playlists on disk from reaching into the network.
    return Source(f"file:{path}", str(path), options=(("protocol_whitelist", "file,crypto,data"),), path=path)


def open_container(source: Source) -> InputContainer:
    """Raises MissingFileError, UnreadableFileError, or InputError for a stream or camera that cannot be opened."""
    try:
        container = av.open(
            source.address,
            format=source.format,
            options=dict(source.options),
            timeout=_PATIENCE_S if source.live else None,
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise refusal(source, error) from None
    kind = container.format.name
    if source.path is not None and (_PICTURES.match(kind) or kind in _NO_VIDEO):
        container.close()
        reason = (
            "not a video in a known format" if kind in _NO_VIDEO else "this is a picture, not a clip; `vitruv predict` reads it"
        )
        raise UnreadableFileError(source.path, reason)
    return container


def refusal(source: Source, error: BaseException) -> FileError | InputError:
    """The error to raise when FFmpeg refused."""
    if source.path is not None:
        if isinstance(error, FileNotFoundError):
            return MissingFileError(source.path)
        if isinstance(error, PermissionError):
            return UnreadableFileError(source.path, "no permission to read it")
        if isinstance(error, av.error.InvalidDataError):
            return UnreadableFileError(source.path, "not a video in a known format, or cut off before its table of contents")
        return UnreadableFileError(source.path, f"cannot be opened as a video ({_sentence(error)})")
    if source.format is not None:
        return InputError(f"{source.name}: {_camera_reason(source, error)}")
    return InputError(f"{source.name}: the stream cannot be opened ({_sentence(error)})")


def _camera_reason(source: Source, error: BaseException) -> str:
    number: Any = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return f"there is no such camera ({source.address})"
    if number == errno.EBUSY:
        return "the camera is in use by another program"
    if number in (errno.EACCES, errno.EPERM):
        return "no permission to use the camera"
    return f"the camera cannot be opened ({_sentence(error)})"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))


def _sentence(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split()).lower()
