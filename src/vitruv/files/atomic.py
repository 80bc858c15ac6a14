"""Files that appear under their final name only when they are whole.

What is not whole yet has a hidden name of its own, `.vitruv-*.part`, in the same folder, and is locked as long as somebody writes
it. A process that is killed outright leaves such a file behind; since the lock is gone with the process, the next one can tell.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vitruv.errors import UnwritableFileError
from vitruv.types import PathLike

if sys.platform != "win32":  # where a file that is open cannot be removed anyway
    import fcntl

PART_FILES = ".vitruv-*.part"

# What a full or broken disk answers to a write; other OSErrors of the body are the caller's own.
_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@contextmanager
def replacing_path(path: PathLike) -> Iterator[Path]:
    """The path of a temporary file beside `path`, which takes the name `path` after the block; it is removed if the block raises.

    For writers that open the file themselves, which is there already and empty; others use `replacing`. The rename is one step: an
    old file is replaced whole.
    Raises UnwritableFileError when the folder does not exist or cannot be written, or the disk is full.
    """
    with _temporary(Path(path)) as (temporary, _):
        yield temporary


@contextmanager
def replacing(path: PathLike) -> Iterator[BinaryIO]:
    """A binary stream whose bytes stand under `path` after the block, and nowhere if the block raises.

    The bytes go to a temporary file in the same folder, which then takes the final name in one step (an old file is replaced).
    Raises UnwritableFileError when the folder does not exist or cannot be written, or the disk is full.
    """
    with _temporary(Path(path)) as (_, stream):
        yield stream


def remove_abandoned(folder: PathLike) -> int:
    """Remove what killed processes left half-written in a folder (not in those below it). Returns how many files it was."""
    removed = 0
    for path in Path(folder).glob(PART_FILES):
        # Somebody may finish or remove it at this moment; then it is no longer ours to remove.
        with contextlib.suppress(OSError):
            if _is_abandoned(path):
                path.unlink()
                removed += 1
    return removed


def locked(stream: BinaryIO) -> bool:
    """Lock an open file until it is closed, or its process ends, however it ends. False where another process has it.

    True on file systems that know no locks.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
    return True


@contextmanager
def _temporary(final: Path) -> Iterator[tuple[Path, BinaryIO]]:
    try:
        temporary, stream = _opened(final.parent)
    except OSError as error:
        raise UnwritableFileError(final, f"cannot be written: {_sentence(error)}") from None
    try:
        with stream:
            yield temporary, stream
        temporary.replace(final)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and (error.errno in _WRITE_ERRORS or error.filename == str(temporary)):
            raise UnwritableFileError(final, f"cannot be written: {_sentence(error)}") from None
        raise


def _opened(folder: Path) -> tuple[Path, BinaryIO]:
    while True:
        path = folder / PART_FILES.replace("*", secrets.token_hex(8))
        stream = path.open("xb")
        # Between the two steps another process may have taken it for abandoned.
        if locked(stream) and path.exists():
            return path, stream
        stream.close()


def _is_abandoned(path: Path) -> bool:
    if sys.platform != "win32":
        with path.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
    return True


def _sentence(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
